"""The script that a person would write: fold after fold in bare torch, on all threads; out-of-fold rows to a file."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

said = json.loads(sys.argv[-1])
folder = Path(said["folder"])
torch.set_num_threads(said["threads"])
torch.manual_seed(0)
with (folder / "folds.csv").open() as file:
    fold = np.array([int(row["fold"]) for row in csv.DictReader(file)])


def fit(net, batches, loss):
    """`batches()`: an epoch's, of inputs and targets."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=said["lr"], weight_decay=0.0, fused=True)
    steps = said["epochs"] * len(batches())
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    net.train()
    for _ in range(said["epochs"]):
        for X, y in batches():
            value = loss(net(X), y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()


def predicted(net, batches):
    net.eval()
    with torch.inference_mode():
        return torch.cat([net(X) for X in batches])


def of_tensors(X, y):
    """Shuffled batches of tensors in memory."""
    size = said["batch_size"]

    def batches():
        order = torch.randperm(len(X))
        return [(X[rows], y[rows]) for rows in order.split(size)]

    return batches


def windows():
    from holdfast.recipe.registry import parse

    X = np.load(folder / "train.npy").astype(np.float32)
    with (folder / "labels.csv").open() as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    names, y = np.unique(labels, return_inverse=True)
    out = np.zeros((len(X), len(names)), dtype=np.float32)
    for k in range(said["k"]):
        train = fold != k
        mean, deviation = X[train].mean(axis=(0, 1)), X[train].std(axis=(0, 1))
        scaled = torch.from_numpy((X - mean) / deviation)
        net = parse("model", {"conv_residual": {"width": 64}}).build(tuple(X.shape[1:]), len(names))
        fit(net, of_tensors(scaled[train], torch.from_numpy(y[train])), F.cross_entropy)
        out[~train] = predicted(net, scaled[~train].split(256)).softmax(1).numpy()
    return out


def images():
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset

    from holdfast.vision import timm, torchvision

    torchvision()  # makes it load beside a torch that is built for the processor alone
    from torchvision.transforms import v2

    finish = [v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True)]
    finish += [v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    training = v2.Compose([
        v2.RandomResizedCrop(said["size"], scale=(0.8, 1.0)), v2.RandomHorizontalFlip(), v2.ColorJitter(0.2, 0.2, 0.2),
        *finish,
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
        workers = {"num_workers": said["threads"], "persistent_workers": True}
        return DataLoader(Photos(rows, transform), said["batch_size"], shuffle, **workers)

    out = np.zeros((len(paths), len(names)), dtype=np.float32)
    for k in range(said["k"]):
        held = np.flatnonzero(fold == k)
        net = timm().create_model("resnet18", num_classes=len(names))
        batches = loader(np.flatnonzero(fold != k), training, True)
        fit(net, lambda batches=batches: batches, F.cross_entropy)
        out[held] = predicted(net, (X for X, _ in loader(held, scoring, False))).softmax(1).numpy()
    return out


def frames():
    from holdfast.recipe.registry import parse

    rain = np.log1p(np.load(folder / "frames.npy").astype(np.float32) / 100)
    X, y = torch.from_numpy(rain[:, :-1]), torch.from_numpy(rain[:, -1:])
    out = np.zeros(y.shape, dtype=np.float32)
    for k in range(said["k"]):
        train = fold != k
        net = parse("model", {"unet": {"width": 16}}).build(tuple(X.shape[1:]), 1)
        fit(net, of_tensors(X[train], y[train]), F.l1_loss)
        out[~train] = np.expm1(predicted(net, X[~train].split(32)).numpy())
    return out


def rocket():
    from aeon.transformations.collection.convolution_based import MiniRocket
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = np.load(folder / "train.npy").transpose(0, 2, 1)
    with (folder / "labels.csv").open() as file:
        y = np.array([row["label"] for row in csv.DictReader(file)])
    out = np.zeros((len(X), len(np.unique(y))), dtype=np.float32)
    for k in range(said["k"]):
        train = fold != k
        kernels = MiniRocket(n_kernels=10_000, n_jobs=said["threads"], random_state=0)
        scaled = StandardScaler(with_mean=False)
        model = make_pipeline(kernels, scaled, RidgeClassifierCV(alphas=np.logspace(-3, 3, 10)))
        out[~train] = model.fit(X[train], y[train]).decision_function(X[~train])
    return out


made = {"windows": windows, "images": images, "frames": frames, "rocket": rocket}
np.save(folder / "oof.npy", made[said["kind"]]())
