"""The network in bare torch, as a person would write it in a script: no Fabric, no DataLoader, no hooks."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
from turns import Clock, Turns, settings
from windows import part_of, simulated

said = settings()

import torch  # noqa: E402
from plain_networks import ConvResidual  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

torch.set_num_threads(said["threads"])
torch.manual_seed(0)
batch = said["batch"]
lower = said["precision"] == "bf16"


def precision():
    return torch.autocast("cpu", torch.bfloat16) if lower else nullcontext()


def optimizer_of(net):
    return {"nadam": torch.optim.NAdam, "adamw": torch.optim.AdamW}[said["optimizer"]](
        net.parameters(), lr=1e-3, weight_decay=0.0
    )


def epoch(net, optimizer, X, y, clip=None, schedule=None):
    net.train()
    order = torch.randperm(len(X))
    for start in range(0, len(X), batch):
        rows = order[start : start + batch]
        with precision():
            loss = F.cross_entropy(net(X[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimizer.step()
        if schedule is not None:
            schedule.step()


def predict(net, X):
    net.eval()
    with torch.inference_mode(), precision():
        return torch.cat([net(part).float() for part in X.split(batch)]).softmax(1).numpy()


def speed(turns):
    """Epochs over the simulated windows; then predictions of them."""
    X, y = simulated(said["samples"])
    X, y = torch.from_numpy(X).transpose(1, 2).contiguous(), torch.from_numpy(y)
    net = ConvResidual(X.shape[1], 61, said["width"])
    optimizer = optimizer_of(net)
    for command in turns:
        with Clock() as clock:
            epoch(net, optimizer, X, y) if command == "train" else predict(net, X)
        turns.answer(len(X) / clock.seconds)


def score(folder):
    """One fold after another of a real folder, trained as Holdfast's recipe says: cosine, norm of 1."""
    for fold in said["folds"]:
        part = part_of(folder, fold)
        X, y = torch.from_numpy(part.X).transpose(1, 2).contiguous(), torch.from_numpy(part.y)
        net = ConvResidual(X.shape[1], int(y.max()) + 1, said["width"])
        optimizer = optimizer_of(net)
        steps = said["epochs"] * -(-len(X) // batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(said["epochs"]):
            epoch(net, optimizer, X, y, 1.0, schedule)
        scored = torch.from_numpy(part.scored).transpose(1, 2).contiguous()
        np.save(folder / f"{said['name']}-{fold}.npy", predict(net, scored))


turns = Turns()
if said["task"] == "speed":
    speed(turns)
else:
    turns.wait()
    with Clock() as clock:
        score(Path(said["folder"]))
    turns.answer(clock.seconds)
