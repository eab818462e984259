"""The script that a person would write: fold after fold, out-of-fold predictions to a file.

Bare torch, with what its manuals advise: data in memory as tensors, fused AdamW, a cosine schedule, `inference_mode`,
photos through a DataLoader with workers that live on; on a GPU data stay on it, cudnn looks for its fastest
convolutions, photos come from pinned memory. Networks are torch's layers put together by hand, or timm's; `tuned`
takes Holdfast's own modules, with data in the order in memory that suits them. Kernels are aeon's, under
scikit-learn's scaler and ridge.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np

said = json.loads(sys.argv[-1])
folder = Path(said["folder"])
(model, settings), *_ = said["model"].items()
os.environ["OMP_NUM_THREADS"] = str(said["threads"])


def column(file, name):
    with (folder / file).open() as rows:
        return np.array([row[name] for row in csv.DictReader(rows)])


fold = column("folds.csv", "fold").astype(int)


def halves():
    """Rows to train on and rows to predict, fold by fold."""
    for k in range(fold.max() + 1):
        yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


def precision():
    import torch

    low = said["precision"] == "bf16"
    return torch.autocast(said["device"], torch.bfloat16) if low else nullcontext()


def ready():
    import torch

    torch.set_num_threads(said["threads"])
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    return torch.device(said["device"])


def fit(net, batches, loss):
    """`batches()`: an epoch's, of inputs and targets, on the device."""
    import torch

    optimizer = torch.optim.AdamW(net.parameters(), lr=said["lr"], weight_decay=0.0, fused=True)
    steps = said["epochs"] * -(-said["rows"] // said["batch"])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    net.train()
    for _ in range(said["epochs"]):
        for X, y in batches():
            with precision():
                value = loss(net(X), y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()


def predicted(net, batches):
    import torch

    net.eval()
    with torch.inference_mode(), precision():
        return torch.cat([net(X).float() for X in batches])


def shuffled(X, y):
    """Batches of tensors that are in memory."""
    import torch

    def batches():
        for rows in torch.randperm(len(X), device=X.device).split(said["batch"]):
            yield X[rows], y[rows]

    return batches


def windows():
    device = ready()
    import torch

    if said["tuned"]:
        from holdfast.models.conv_residual import ConvResidual

        def network(shape):
            return ConvResidual(**settings).build(shape, len(names))
    else:
        from plain_networks import ConvResidual

        def network(shape):
            return ConvResidual(shape[1], len(names), settings["width"])

    X = np.load(folder / "train.npy")
    names, y = np.unique(column("labels.csv", "label"), return_inverse=True)
    y = torch.from_numpy(y).to(device)
    out = np.zeros((len(X), len(names)), dtype=np.float32)
    for train, held in halves():
        mean, deviation = X[train].mean(axis=(0, 1)), X[train].std(axis=(0, 1))
        scaled = torch.from_numpy((X - mean) / deviation).to(device)
        scaled = scaled if said["tuned"] else scaled.transpose(1, 2).contiguous()
        net = network(X.shape[1:]).to(device)
        said["rows"] = len(train)
        fit(net, shuffled(scaled[train], y[train]), torch.nn.functional.cross_entropy)
        out[held] = predicted(net, scaled[held].split(256)).softmax(1).cpu().numpy()
    return out


def images():
    device = ready()
    import torch
    from photos import DEVIATION, FLIP, JITTER, MEAN, RATIO, SCALE
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset

    from holdfast.vision import (
        timm,
    )  # timm, with torchvision made to load beside a torch for the processor alone

    create = timm().create_model
    from torchvision.transforms import v2

    finish = [v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, DEVIATION)]
    training = v2.Compose([
        v2.RandomResizedCrop(said["size"], scale=SCALE, ratio=RATIO), v2.RandomHorizontalFlip(FLIP),
        v2.ColorJitter(JITTER, JITTER, JITTER), *finish,
    ])  # fmt: skip
    scoring = v2.Compose([v2.Resize(said["size"]), *finish])
    paths = sorted((folder / "photos").glob("*/*"))
    names, y = np.unique([path.parent.name for path in paths], return_inverse=True)

    class Photos(Dataset):
        def __init__(self, rows, transform):
            self.rows, self.transform = rows, transform

        def __len__(self):
            return len(self.rows)

        def __getitem__(self, place):
            row = self.rows[place]
            return self.transform(Image.open(paths[row]).convert("RGB")), int(y[row])

    def loader(rows, transform, shuffle):
        loaded = DataLoader(
            Photos(rows, transform), said["batch"], shuffle, num_workers=said["threads"], persistent_workers=True,
            pin_memory=device.type == "cuda",
        )  # fmt: skip
        return lambda: ((X.to(device, non_blocking=True), y.to(device, non_blocking=True)) for X, y in loaded)

    out = np.zeros((len(paths), len(names)), dtype=np.float32)
    for train, held in halves():
        net = create(settings["name"], num_classes=len(names)).to(device)
        said["rows"] = len(train)
        fit(net, loader(train, training, True), torch.nn.functional.cross_entropy)
        scored = (X for X, _ in loader(held, scoring, False)())
        out[held] = predicted(net, scored).softmax(1).cpu().numpy()
    return out


def frames():
    device = ready()
    import torch

    if said["tuned"]:
        from holdfast.recipe.registry import parse

        lies = torch.channels_last

        def network(shape):
            return parse("model", said["model"]).build(shape, 1)
    else:
        import plain_networks

        lies = torch.contiguous_format

        def network(shape):
            plain = {"unet": plain_networks.UNet, "unet_conv_lstm": plain_networks.UNetConvLSTM}[model]
            return plain(shape[0], settings["width"])

    rain = torch.from_numpy(np.log1p(np.load(folder / "frames.npy").astype(np.float32) / 100))
    X = rain[:, :-1].contiguous(memory_format=lies).to(device)
    y = rain[:, -1:].contiguous().to(device)
    out = np.zeros(y.shape, dtype=np.float32)
    for train, held in halves():
        net = network(tuple(X.shape[1:])).to(device)
        said["rows"] = len(train)
        fit(net, shuffled(X[train], y[train]), torch.nn.functional.l1_loss)
        out[held] = np.expm1(predicted(net, X[held].split(32)).cpu().numpy())
    return out


def rocket():
    from aeon.transformations.collection.convolution_based import MiniRocket
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = np.load(folder / "train.npy").transpose(0, 2, 1)
    y = column("labels.csv", "label")
    out = np.zeros((len(X), len(np.unique(y))), dtype=np.float32)
    for train, held in halves():
        kernels = MiniRocket(n_kernels=10_000, n_jobs=said["threads"], random_state=0)
        ridge = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))
        fitted = make_pipeline(kernels, StandardScaler(with_mean=False), ridge).fit(X[train], y[train])
        out[held] = fitted.decision_function(X[held])
    return out


made = {"windows": windows, "images": images, "frames": frames, "rocket": rocket}
np.save(folder / "oof.npy", made[said["kind"]]())
