"""The module that Holdfast builds, in a bare loop as a person would write it: no Fabric, no feed, no hooks.

Frames are scaled once, beforehand, and forecasts are left in that scale.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
from showers import STEPS, simulated
from turns import Clock, Turns, settings

said = settings()
turns = Turns()

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

from holdfast.recipe.registry import parse  # noqa: E402

torch.set_num_threads(said["threads"])
torch.manual_seed(0)
batch = said["batch"]
rain = torch.from_numpy(np.log1p(simulated(said["samples"], said["side"])))
X, y = rain[:, :STEPS].contiguous(memory_format=torch.channels_last), rain[:, STEPS:].contiguous()
model: Any = parse("model", {said["network"]: {"width": said["width"]}})
net = model.build(tuple(X.shape[1:]), 1)
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.0, fused=True)


def precision() -> Any:
    return torch.autocast("cpu", torch.bfloat16) if said["precision"] == "bf16" else nullcontext()


def train() -> None:
    net.train()
    order = torch.randperm(len(X))
    for start in range(0, len(X), batch):
        rows = order[start : start + batch]
        with precision():
            loss = F.l1_loss(net(X[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def predict() -> None:
    net.eval()
    with torch.inference_mode(), precision():
        for part in X.split(batch):
            net(part).float()


for command in turns:
    if command == "parameters":
        turns.answer(sum(p.numel() for p in net.parameters()))
        continue
    with Clock() as clock:
        train() if command == "train" else predict()
    turns.answer(len(X) / clock.seconds)
