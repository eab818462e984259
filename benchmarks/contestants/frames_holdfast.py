"""A network over frames through Holdfast: what a fold of `holdfast train` does, from its training part to forecasts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from showers import STEPS, simulated
from turns import Clock, Turns, settings

said = settings()
turns = Turns()

from holdfast.data.dataset import Dataset  # noqa: E402
from holdfast.engine.threads import limited  # noqa: E402
from holdfast.fit.member import fit_member  # noqa: E402
from holdfast.fit.resolved import resolve  # noqa: E402
from holdfast.recipe.load import load_recipe  # noqa: E402
from holdfast.recipe.target import TargetSpec  # noqa: E402

rain = simulated(said["samples"], said["side"])
data = Dataset(
    "frames", np.arange(len(rain)).astype(str), rain[:, :STEPS], tuple(f"t-{ago}" for ago in reversed(range(STEPS))),
    target=rain[:, -2:].mean(axis=(1, 2, 3), dtype=np.float64), grids=rain[:, STEPS:],
)  # fmt: skip
target = TargetSpec(
    kind="grid", column="rain", shape=(1, said["side"], said["side"]), leads=(10.0,), unit="mm/h"
)
fit = {
    "epochs": said["turns"],
    "batch_size": said["batch"],
    "optimizer": "adamw",
    "precision": said["precision"],
}
member = {"model": {said["network"]: {"width": said["width"]}}, "loss": "mae", "fit": fit}
spec = resolve(
    load_recipe({"metric": "mae", "folds": "stratified", "members": {"net": member}}), "net", data, target
)
clock = Clock()


def report(event: dict[str, Any]) -> None:
    """Called at the end of each epoch: a turn."""
    clock.__exit__()
    turns.answer(len(rain) / clock.seconds)
    if event["epoch"] + 1 < event["epochs"]:
        turns.wait()
    clock.__enter__()


with limited(said["threads"]), tempfile.TemporaryDirectory() as folder:
    turns.wait()
    clock.__enter__()  # the first epoch warms up, and holds what is made once a fold
    fitted: Any = fit_member(spec, data, target, 0, said["threads"], report, Path(folder), "mark")
    for command in turns:
        if command == "parameters":
            turns.answer(sum(p.numel() for p in fitted.net.parameters()))
            continue
        with Clock() as clock:
            fitted.predict(data)
        turns.answer(len(rain) / clock.seconds)
