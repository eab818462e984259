"""Photos through Holdfast: its reader of pictures, its feed, and a fold's training as `holdfast train` does it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from photos import FLIP, JITTER, RATE, RATIO, SCALE, rate
from turns import Clock, Turns, settings

said = settings()
turns = Turns()

from holdfast.data.base import DataSpec  # noqa: E402
from holdfast.data.dataset import Loaded  # noqa: E402
from holdfast.engine.threads import limited  # noqa: E402
from holdfast.fit.feed import Feed  # noqa: E402
from holdfast.fit.member import fit_member  # noqa: E402
from holdfast.fit.network import begin  # noqa: E402
from holdfast.fit.resolved import MemberSpec, resolve  # noqa: E402
from holdfast.recipe.load import load_recipe  # noqa: E402

folder = Path(said["folder"])
recipe = load_recipe({
    "data": {"kind": "images", "train": folder.name, "size": said["size"]},
    "metric": "accuracy",
    "folds": "stratified",
    "members": {
        "net": {
            "model": {"timm": {"name": said["model"]}},
            "augment": [
                {"random_resized_crop": {"scale": SCALE, "ratio": RATIO}},
                {"horizontal_flip": {"p": FLIP}},
                {"color_jitter": {"brightness": JITTER, "contrast": JITTER, "saturation": JITTER}},
            ],
            "fit": {
                "epochs": said["turns"], "batch_size": said["batch"], "lr": RATE, "optimizer": "adamw",
                "precision": said["precision"],
            },
        }
    },
})  # fmt: skip


def read(cache: Path) -> Loaded:
    """The photos decoded into uint8 arrays, where `cache` holds none yet."""
    os.environ["HOLDFAST_CACHE"] = str(cache)
    assert isinstance(recipe.data, DataSpec)
    return recipe.data.load(folder.parent)


def load(feed: Feed, number: int) -> None:
    """All batches of an epoch, changed and ready for the network."""
    for _ in feed.batches(number):
        pass


def train(spec: MemberSpec, loaded: Loaded, checkpoints: Path) -> None:
    """`fit_member` as a job calls it, with checkpoint and curve; between its epochs it waits for its turn."""
    count = len(loaded.train)
    clock = Clock()

    def report(event: dict[str, Any]) -> None:
        """Called at the end of each epoch: a turn."""
        clock.__exit__()
        turns.answer(count / clock.seconds)
        if event["epoch"] + 1 < event["epochs"]:
            turns.wait()
        clock.__enter__()

    clock.__enter__()  # the first epoch warms up, and holds what is made once a fold
    fit_member(spec, loaded.train, loaded.target, 0, said["threads"], report, checkpoints, "mark")


def main() -> None:
    with limited(said["threads"]), tempfile.TemporaryDirectory() as made_in:
        here = Path(made_in)
        loaded = read(here / "kept")
        count = len(loaded.train)
        spec = resolve(recipe, "net", loaded.train, loaded.target)
        _, feed, _ = begin(spec, loaded.train, loaded.target, 0)
        for number, command in enumerate(turns):
            if command == "decode":
                cache = here / str(number)  # cold: nothing in it
                turns.answer(rate(count, lambda cache=cache: read(cache)))
            elif command == "load":
                turns.answer(rate(count, lambda epoch=number: load(feed, epoch)))
            else:
                (here / "fold").mkdir()
                train(spec, loaded, here / "fold")


main()
