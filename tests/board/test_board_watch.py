"""A run in progress: what is read of its events, how it is told from one that was killed, what is sent."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from holdfast.board.live import followed
from holdfast.board.watch import FINISHED, IN_WORK, STOPPED, Watched, state_of
from holdfast.store.run import Run, RunFolder

Opened = Callable[..., TestClient]


def begun(runs: Path, name: str = "net") -> Run:
    """A run of two jobs that has trained one epoch of its first."""
    folder = runs / name
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(
        "name: net\ndata: {kind: windows}\nmetric: log_loss\nmembers: {conv: {}}\n"
    )
    (folder / ".lock").touch()
    tell(Run(folder), {"event": "run", "run": name, "jobs": 2, "finished": 0, "at_a_time": 1})
    tell(Run(folder), {"event": "start", "job": "conv fold 0"}, epoch(0, 0, 2.0))
    return Run(folder)


def tell(run: Run, *events: dict[str, Any]) -> None:
    with (run.path / "events.jsonl").open("a") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)


def epoch(fold: int, number: int, loss: float, epochs: int = 4) -> dict[str, Any]:
    return {
        "event": "epoch", "job": f"conv fold {fold}", "epoch": number, "epochs": epochs, "train_loss": loss,
        "watch_loss": float("nan"), "lr": 0.1, "seconds": 3.0,
    }  # fmt: skip


def done(fold: int, value: float) -> dict[str, Any]:
    held = {"member": "conv", "metric": "log_loss", "value": value, "low": value - 0.1, "high": value + 0.1}
    return {"event": "done", "job": f"conv fold {fold}", **held}


def test_epochs_and_folds_are_counted(tmp_path: Path) -> None:
    run = begun(tmp_path)
    watched = Watched(run)
    assert watched.look()
    assert not watched.look()
    assert [job.name for job in watched.working] == ["conv fold 0"]
    assert (watched.total, watched.ended, watched.done) == (2, 0, 0.25)
    tell(run, epoch(0, 1, 1.0), done(0, 0.5), {"event": "start", "job": "conv fold 1"}, epoch(1, 0, 1.5))
    assert watched.look()
    assert (watched.ended, watched.done) == (1, 1.25)
    assert watched.so_far["conv"]["value"] == 0.5
    assert [[point[:2] for point in points] for _, points in watched.losses()["conv"]] == [
        [(0, 2.0), (1, 1.0)],
        [(0, 1.5)],
    ]


def test_time_left_goes_by_the_pace_of_this_session(tmp_path: Path) -> None:
    run = begun(tmp_path)
    watched = Watched(run)
    watched.look()
    os.utime(run.path / ".lock", (1000.0, 1000.0))
    assert watched.left(now=1010.0) == pytest.approx(10 / 0.25 * 1.75)
    fresh = Watched(run)
    assert fresh.left(now=1010.0) is None  # nothing is known yet


def test_a_run_that_goes_on_counts_what_was_done_before(tmp_path: Path) -> None:
    run = begun(tmp_path)
    tell(run, done(0, 0.5), {"event": "start", "job": "conv fold 1"}, epoch(1, 0, 2.0))
    tell(run, {"event": "run", "run": "net", "jobs": 2, "finished": 1, "at_a_time": 1})
    watched = Watched(run)
    watched.look()
    assert (watched.before, watched.ended, watched.working) == (1, 1, [])
    tell(run, {"event": "start", "job": "conv fold 1"}, epoch(1, 1, 1.0, epochs=2))
    watched.look()
    os.utime(run.path / ".lock", (1000.0, 1000.0))
    assert watched.done == 2.0
    assert watched.left(now=1010.0) == 0


def test_half_a_line_waits_and_a_broken_one_is_passed_over(tmp_path: Path) -> None:
    run = begun(tmp_path)
    watched = Watched(run)
    watched.look()
    line = json.dumps(epoch(0, 1, 1.0))
    with (run.path / "events.jsonl").open("a") as file:
        file.write('{"event": "epoch", "jo\n[]\n{"event": "look"}\n{"event": "__init__"}\n' + line[:20])
    assert watched.look()
    assert watched.jobs["conv fold 0"].epoch == 1
    with (run.path / "events.jsonl").open("a") as file:
        file.write(line[20:] + "\n")
    assert watched.look()
    assert watched.jobs["conv fold 0"].epoch == 2


def test_a_killed_run_is_told_from_one_in_work(tmp_path: Path) -> None:
    run = begun(tmp_path)
    assert state_of(run) == STOPPED
    with RunFolder(run.path).locked():
        assert state_of(run) == IN_WORK
    assert state_of(run) == STOPPED
    (run.path / "scores.json").write_text("{}")
    assert state_of(run) == FINISHED


def test_the_stream_tells_every_change_and_ends_with_the_run(tmp_path: Path) -> None:
    run = begun(tmp_path)

    async def heard() -> list[str]:
        stream = followed(Watched(run), "net", every=0.01)
        with RunFolder(run.path).locked():
            said = [await anext(stream), await anext(stream)]
            tell(run, epoch(0, 1, 1.25))
            said.append(await anext(stream))
            tell(run, done(0, 0.4321))
            said.append(await anext(stream))
        said += [part async for part in stream]
        return said

    said = asyncio.run(heard())
    assert said[0] == "retry: 1000\n\n"
    assert all(one.startswith("event: state\ndata: ") for one in said[1:-1])
    assert "1 of 4" in said[1]
    assert "2 of 4" in said[2]
    assert "0.4321" in said[3]
    assert "stopped" in said[-2]
    assert said[-1] == "event: over\ndata: over\n\n"


def test_the_page_listens_only_while_the_run_works(tmp_path: Path, opened: Opened) -> None:
    run = begun(tmp_path)
    board = opened(tmp_path)
    assert board.get("/run/net").headers["location"] == "/live/net"
    with RunFolder(run.path).locked():
        text = board.get("/live/net").text
        assert 'sse-connect="/live-events/net"' in text
        assert "epoch 1" in text.lower() or "1 of 4" in text
        assert "fold 0, training 2.0000" in text  # the curve in words
    text = board.get("/live/net").text
    assert "sse-connect" not in text
    assert "the same <code>holdfast train</code> command continues it" in text


def test_a_finished_runs_stream_ends_at_once(trained: Path, opened: Opened) -> None:
    answer = opened(trained / "runs").get("/live-events/first")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("event: over\ndata: over\n\n")
