"""The network through Holdfast: what a fold of `holdfast train` does, from its training part to its predictions."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from turns import Clock, Turns, settings
from windows import CLASSES, simulated

said = settings()
turns = Turns()

import yaml  # noqa: E402

from holdfast.data.dataset import Dataset  # noqa: E402
from holdfast.engine.job import Job, fit_job  # noqa: E402
from holdfast.engine.threads import limited  # noqa: E402
from holdfast.fit.member import fit_member  # noqa: E402
from holdfast.fit.resolved import resolve  # noqa: E402
from holdfast.recipe.load import load_recipe  # noqa: E402
from holdfast.recipe.target import TargetSpec  # noqa: E402
from holdfast.train import prepare  # noqa: E402


def member(epochs: int) -> dict[str, Any]:
    """The recipe's part that all contestants share."""
    fit = {
        "epochs": epochs, "batch_size": said["batch"], "optimizer": said["optimizer"],
        "precision": said["precision"],
    }  # fmt: skip
    return {
        "model": {"conv_residual": {"width": said["width"]}},
        "augment": said.get("augment", []),
        "fit": fit,
    }


def speed() -> None:
    """`fit_member` as a job calls it, with checkpoint and curve; between its epochs it waits for its turn."""
    X, y = simulated(said["samples"])
    recipe = load_recipe(
        {"metric": "accuracy", "folds": "stratified", "members": {"conv": member(said["turns"])}}
    )
    data = Dataset("windows", np.arange(len(X)).astype(str), X, tuple(map(str, range(X.shape[2]))), y)
    target = TargetSpec(kind="classes", column="target", names=tuple(map(str, range(CLASSES))))
    spec = resolve(recipe, "conv", data, target)
    clock = Clock()

    def report(event: dict[str, Any]) -> None:
        """Called at the end of each epoch: a turn."""
        clock.__exit__()
        turns.answer(len(X) / clock.seconds)
        if event["epoch"] + 1 < event["epochs"]:
            turns.wait()
        clock.__enter__()

    with limited(said["threads"]), tempfile.TemporaryDirectory() as folder:
        turns.wait()
        clock.__enter__()  # the first epoch warms up, and holds what is made once a fold
        fitted = fit_member(spec, data, target, 0, said["threads"], report, Path(folder), "mark")
        for _ in turns:
            with Clock() as clock:
                fitted.predict(data)
            turns.answer(len(X) / clock.seconds)


def score(folder: Path) -> None:
    """The same jobs that `holdfast train` would run, for the folds used."""
    values = yaml.safe_load((folder / "recipe.yaml").read_text(encoding="utf-8"))
    values["threads"] = said["threads"]
    recipe = load_recipe(values)
    work = prepare(recipe, folder).work
    with limited(said["threads"]):
        for fold in said["folds"]:
            fitted = fit_job(work, Job("conv", 0, fold), lambda event: None)
            _, rows = work.folds.part(0, fold)
            np.save(folder / f"{said['name']}-{fold}.npy", fitted.predict(work.train.take(rows)))


if said["task"] == "speed":
    speed()
else:
    turns.wait()
    with Clock() as clock:
        score(Path(said["folder"]))
    turns.answer(clock.seconds)
