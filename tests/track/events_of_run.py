"""The events of a small run, and a folder for them, without any training."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from holdfast.store.run import Run, as_yaml

SCORE = {"value": 0.5, "low": 0.4, "high": 0.6}


def empty_run(path: Path) -> Run:
    path.mkdir()
    member = {"model": {"conv_residual": {"width": 4}}}
    (path / "recipe.yaml").write_text(as_yaml({"name": "run", "members": {"conv": member}}))
    return Run(path)


def epochs(fold: int, *numbers: int, **more: Any) -> Iterator[dict[str, Any]]:
    """Epochs of a fold, whose losses fall from 1.0 by 0.1."""
    for epoch in numbers:
        losses = {"train_loss": 1 - epoch / 10, "watch_loss": float("nan"), "lr": 0.01}
        yield {"event": "epoch", "job": f"conv fold {fold}", "epoch": epoch, **losses, **more}


def done(fold: int) -> dict[str, Any]:
    return {
        "event": "done",
        "job": f"conv fold {fold}",
        "member": "conv",
        "metric": "log_loss",
        **SCORE,
        "own": SCORE,
    }


def scored() -> dict[str, Any]:
    return {"event": "scores", "members": {"ensemble": {"log_loss": SCORE}}, "floor": {"log_loss": SCORE}}


def logged(run: Run, events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each event, once it is a line of the run's file, as `train` does it."""
    for event in events:
        if event["event"] != "scores":
            with (run.path / "events.jsonl").open("a") as log:
                log.write(json.dumps(event) + "\n")
        yield event
