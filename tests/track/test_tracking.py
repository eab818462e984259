"""Trackers are told of a run, each thing once, and never cost it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny

from holdfast.errors import BadInput
from holdfast.recipe.load import load_recipe
from holdfast.store.run import ENSEMBLE
from holdfast.track.base import Fold
from holdfast.track.listen import trackers_of
from holdfast.train import train

EPOCHS = 3
# A tracker of one's own: it writes down what it is told.
OWN = '''
import json
from holdfast.recipe.registry import component
from holdfast.track.base import Tracker, Writer

@component("notebook")
class Notebook(Tracker):
    """Lines in a file of the run."""

    def open(self, run, kept):
        kept["opened"] = kept.get("opened", 0) + 1
        return Lines(run)

class Lines(Writer):
    def __init__(self, run):
        self.file = run.path / "told.jsonl"

    def say(self, *said):
        with self.file.open("a") as file:
            print(json.dumps(said), file=file)

    def curve(self, fold, part, epoch, values):
        self.say("curve", fold.place, part, epoch, sorted(values))

    def fold_scores(self, fold, values):
        self.say("fold", fold.place, values)

    def scores(self, values):
        self.say("scores", values)

    def end(self, finished):
        self.say("end", finished)
'''


@pytest.fixture
def recipe(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    data = tiny.array_folder(tmp_path / "data", groups=4, each=3)
    (tmp_path / "own.py").write_text(OWN)

    def made(**over: Any) -> dict[str, Any]:
        own = {
            "components": [str(tmp_path / "own.py")],
            "track": "notebook",
            "members": {"conv": tiny.CONV, "trees": tiny.TREES},
            "folds": {"kind": "stratified_group", "k": 2},
            "ensemble": "mean",
        }
        return tiny.recipe(tiny.ARRAYS, data, **{**own, **over})

    return made


def told(run: Path, what: str) -> list[list[Any]]:
    lines = [json.loads(line) for line in (run / "told.jsonl").read_text().splitlines()]
    return [rest for kind, *rest in lines if kind == what]


def places(run: Path) -> list[tuple[str, int]]:
    return [(place, epoch) for place, _, epoch, _ in told(run, "curve")]


ALL = [(f"conv/fold-{fold}", epoch) for fold in (0, 1) for epoch in range(EPOCHS)]


def test_a_tracker_hears_of_curves_folds_and_scores(
    recipe: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    run = train(recipe(), tmp_path / "run", accept=None)
    assert places(run.path) == ALL
    assert told(run.path, "curve")[0][3] == ["lr", "train_loss"]  # nobody watched an inner split
    folds = dict(told(run.path, "fold"))
    assert sorted(folds) == [f"{name}/fold-{fold}" for name in ("conv", "trees") for fold in (0, 1)]
    of_conv = run.scores["members"]["conv"]
    for fold in (0, 1):
        own = folds[f"conv/fold-{fold}"]
        assert own["log_loss"] == pytest.approx(of_conv["per_fold"][0][fold])
        assert own["log_loss/low"] < own["log_loss"] < own["log_loss/high"]
    ((scores,),) = told(run.path, "scores")
    whole = run.scores["members"][ENSEMBLE]["log_loss"]
    found = [scores[f"ensemble/log_loss{end}"] for end in ("", "/low", "/high")]
    assert found == [whole["value"], whole["low"], whole["high"]]
    assert scores["floor/log_loss"] == run.scores["floor"]["log_loss"]["value"]
    assert told(run.path, "end") == [[True]]


def stop_at(job: str, epoch: int) -> Callable[[dict[str, Any]], None]:
    def report(event: dict[str, Any]) -> None:
        if event["event"] == "epoch" and (event["job"], event["epoch"]) == (job, epoch):
            raise KeyboardInterrupt

    return report


def test_a_resumed_run_tells_each_epoch_once(recipe: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(recipe(), tmp_path / "run", accept=None, report=stop_at("conv fold 1", 1))
    # the epoch that was told to the log when it stopped, and not yet to the trackers, comes first now
    assert places(tmp_path / "run") == ALL[:-2]
    assert told(tmp_path / "run", "end") == [[False]]
    run = train(recipe(), tmp_path / "run", accept=None)
    assert places(run.path) == ALL
    kept = json.loads((run.path / "track" / "notebook.json").read_text())
    assert kept["kept"] == {"opened": 2}
    train(recipe(), run.path, accept=None)  # finished: nothing to tell
    assert places(run.path) == ALL
    assert len(told(run.path, "scores")) == 1
    assert len(told(run.path, "fold")) == 4


def test_a_run_begun_without_a_tracker_catches_up(
    recipe: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(recipe(track=[]), tmp_path / "run", accept=None, report=stop_at("conv fold 1", 1))
    assert not (tmp_path / "run" / "track").exists()
    done = (tmp_path / "run/members/conv/fold-0/done.json").read_bytes()
    run = train(recipe(), tmp_path / "run", accept=None)
    assert (run.path / "members/conv/fold-0/done.json").read_bytes() == done
    assert places(run.path) == ALL
    assert len(told(run.path, "fold")) == 4


@pytest.mark.slow
def test_a_run_of_processes_is_told_of_too(recipe: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    data = recipe(members={"trees": tiny.TREES})
    run = train(data, tmp_path / "run", engine="processes", jobs=2, accept=None)
    assert sorted(place for place, _ in told(run.path, "fold")) == ["trees/fold-0", "trees/fold-1"]


@pytest.mark.slow
def test_seeds_are_curves_of_their_own(recipe: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    run = train(recipe(members={"conv": {**tiny.CONV, "seeds": 2}}), tmp_path / "run", accept=None)
    parts = [(part, epoch) for place, part, epoch, _ in told(run.path, "curve") if place == "conv/fold-1"]
    assert parts == [(f"seed-{seed}", epoch) for seed in (0, 1) for epoch in range(EPOCHS)]


def test_a_named_tracker_that_is_not_installed_is_refused(
    recipe: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from holdfast.track.tensorboard import TensorBoard

    monkeypatch.setattr(TensorBoard, "package", "no_such_package")
    with pytest.raises(BadInput, match="track: tensorboard needs no_such_package"):
        train(recipe(track=["tensorboard"]), tmp_path / "run", accept=None)
    assert not (tmp_path / "run").exists()
    assert trackers_of(load_recipe(recipe(track=None))) == []  # by default it is not missed


def test_names_of_folds() -> None:
    for job in ("conv fold 0", "conv fold 2 repeat 1"):
        assert Fold.of(job).name == job
