"""What a tracker is told of events: each once; and what becomes of one that fails or hangs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from events_of_run import done, empty_run, epochs, logged, scored

from holdfast.store.run import Run
from holdfast.track import listen
from holdfast.track.base import Fold, Tracker, Writer
from holdfast.track.listen import tracked


class Recorder(Tracker):
    """Keeps what it is told in memory."""

    name = "recorder"

    def open(self, run: Run, kept: dict[str, Any]) -> Writer:
        return Memory()


TOLD: list[tuple[Any, ...]] = []


class Memory(Writer):
    def curve(self, fold: Fold, part: str, epoch: int, values: dict[str, float]) -> None:
        TOLD.append((fold.place, part, epoch, sorted(values)))

    def fold_scores(self, fold: Fold, values: dict[str, float]) -> None:
        TOLD.append((fold.place, values))

    def scores(self, values: dict[str, float]) -> None:
        TOLD.append((values,))

    def end(self, finished: bool) -> None:
        TOLD.append(("end", finished))


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    TOLD.clear()


def tell(run: Run, events: list[dict[str, Any]], tracker: Tracker | None = None) -> list[dict[str, Any]]:
    """What a user hears while a process tells the events."""
    heard: list[dict[str, Any]] = []
    with tracked([tracker or Recorder()], run, heard.append) as report:
        for event in logged(run, events):
            report(event)
    return heard


def test_curves_scores_and_the_end_are_told_in_order(tmp_path: Path) -> None:
    tell(empty_run(tmp_path / "run"), [{"event": "run"}, *epochs(0, 0, 1), done(0), scored()])
    bounds = {"log_loss": 0.5, "log_loss/low": 0.4, "log_loss/high": 0.6}
    named = {f"{who}/{key}": value for who in ("ensemble", "floor") for key, value in bounds.items()}
    curves = [("conv/fold-0", "", epoch, ["lr", "train_loss"]) for epoch in (0, 1)]
    assert [*curves, ("conv/fold-0", bounds), (named,), ("end", True)] == TOLD


def test_without_curve_or_score_no_tracker_is_opened(tmp_path: Path) -> None:
    run = empty_run(tmp_path / "run")
    tell(run, [{"event": "run"}, {"event": "start", "job": "conv fold 0"}])
    assert TOLD == []
    assert not (run.path / "track").exists()


def test_epochs_that_a_resumed_fold_runs_again_are_not_told_again(tmp_path: Path) -> None:
    run = empty_run(tmp_path / "run")
    tell(run, [*epochs(0, 0, 1, 2)])
    tell(run, [*epochs(0, 1, 2, 3), done(0), scored()])  # it went on from its last checkpoint
    tell(run, [scored()])
    assert [told[2] for told in TOLD if len(told) == 4] == [0, 1, 2, 3]
    assert sum(len(told) == 1 for told in TOLD) == 1


def test_a_fold_that_is_trained_otherwise_is_told_of(tmp_path: Path) -> None:
    run = empty_run(tmp_path / "run")
    tell(
        run, [*epochs(0, 0, 1), *({**one, "train_loss": 7.0} for one in epochs(0, 0, 1))]
    )  # a budget's trial
    assert [told[2] for told in TOLD if len(told) == 4] == [0, 1, 0, 1]


def test_parts_of_a_fold_are_told_apart(tmp_path: Path) -> None:
    tell(empty_run(tmp_path / "run"), [*epochs(0, 0, part="seed-0"), *epochs(0, 0, part="seed-1")])
    assert [told[1] for told in TOLD if len(told) == 4] == ["seed-0", "seed-1"]


def test_a_line_cut_short_by_a_kill_is_passed_over(tmp_path: Path) -> None:
    run = empty_run(tmp_path / "run")
    (run.path / "events.jsonl").write_text('{"event": "epo')
    tell(run, [{"event": "run"}, *epochs(0, 0)])
    assert [told[2] for told in TOLD if len(told) == 4] == [0]


class Broken(Recorder):
    """Fails as it is opened."""

    def open(self, run: Run, kept: dict[str, Any]) -> Writer:
        raise OSError("no way\nat all")


def test_a_failing_tracker_is_one_note(tmp_path: Path) -> None:
    events = [*epochs(0, 0, 1, 2), done(0), scored()]
    heard = tell(empty_run(tmp_path / "run"), events, Broken())
    assert [event for event in heard if event["event"] != "note"] == events
    (note,) = [event["note"] for event in heard if event["event"] == "note"]
    assert note == "track: recorder failed, the run goes on without it (OSError: no way)"


class Silent(Recorder):
    """Never answers, until the test is over."""

    def open(self, run: Run, kept: dict[str, Any]) -> Writer:
        OVER.wait()
        return Writer()


OVER = threading.Event()


def test_a_tracker_that_never_answers_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "PATIENCE", 0.05)
    heard = tell(empty_run(tmp_path / "run"), [*epochs(0, 0)], Silent())
    OVER.set()
    assert "did not end within" in heard[-1]["note"]
