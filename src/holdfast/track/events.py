"""From the events of a run to what a tracker is told, each thing once however often the run is resumed.

The events that `train` tells are lines of the run's `events.jsonl`. A tracker keeps how many it has seen, in
`track/NAME.json`: what it missed, because it was not asked for then, it catches up with from that file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from holdfast.store.hashes import hash_value
from holdfast.store.run import Run
from holdfast.track.base import Fold, Tracker, Writer

Event = dict[str, Any]
LOG = "events.jsonl"
BOUNDS = {"value": "", "low": "/low", "high": "/high"}


class Follower:
    """Tells one tracker's writer of a run. The writer is opened with the first curve or score."""

    def __init__(self, tracker: Tracker, run: Run):
        self.tracker, self.run = tracker, run
        self.file = run.path / "track" / f"{tracker.name}.json"
        held = json.loads(self.file.read_text(encoding="utf-8")) if self.file.is_file() else {}
        self.seen: int = held.get("events", 0)
        self.scored: str = held.get("scored", "")
        self.kept: dict[str, Any] = held.get("kept", {})
        self.logged = True  # scores and what comes after them are no lines of the file
        self.writer: Writer | None = None
        self.told: dict[tuple[str, str, int], float] = {}  # losses by job, part and epoch

    def catch_up(self, lines: Sequence[str]) -> None:
        """What was told before this process, by the lines of the run's file."""
        for number, line in enumerate(lines):
            try:
                event = json.loads(line)
            except json.JSONDecodeError:  # a kill cut it short
                continue
            if number < self.seen:
                self._is_news(event)
            else:
                self._follow(event)
        self.seen = len(lines)

    def follow(self, event: Event) -> None:
        """An event of this process."""
        self._follow(event)
        self.logged = self.logged and event["event"] != "scores"
        self.seen += self.logged
        if self.writer is not None:
            self._keep()

    def end(self, finished: bool) -> None:
        if self.writer is not None:
            self.writer.end(finished)
            self._keep()

    def _follow(self, event: Event) -> None:
        what = event["event"]
        if what in ("epoch", "pretrain") and self._is_news(event):
            values = curve_of(event)
            self._opened().curve(Fold.of(event["job"]), event.get("part", ""), event["epoch"], values)
        elif what == "done" and "own" in event:
            self._opened().fold_scores(Fold.of(event["job"]), bounds({event["metric"]: event["own"]}))
        elif what == "scores":
            values = run_scores(event)
            mark = hash_value(sorted(values.items()))
            if mark != self.scored:
                self._opened().scores(values)
                self.scored = mark

    def _is_news(self, event: Event) -> bool:
        """Whether an epoch is not one told before, which a resumed fold runs through again with the same numbers."""
        if event["event"] not in ("epoch", "pretrain"):
            return False
        key = (event["job"] + event["event"], event.get("part", ""), event["epoch"])
        loss = event["train_loss"]
        again = self.told.get(key) == loss
        self.told[key] = loss
        return not again

    def _opened(self) -> Writer:
        if self.writer is None:
            self.writer = self.tracker.open(self.run, self.kept)
        return self.writer

    def _keep(self) -> None:
        """After every event, so that a kill tells nothing twice; whole, but not forced to the disk."""
        self.file.parent.mkdir(exist_ok=True)
        draft = self.file.with_suffix(".part")
        draft.write_text(json.dumps({"events": self.seen, "scored": self.scored, "kept": self.kept}))
        draft.replace(self.file)


def lines_of(run: Run) -> list[str]:
    """The events that a run has told so far, as JSON."""
    log = run.path / LOG
    return log.read_text(encoding="utf-8").splitlines() if log.is_file() else []


def curve_of(event: Event) -> dict[str, float]:
    """The losses and the learning rate of an epoch; a loss that nobody watched is left out."""
    if event["event"] == "pretrain":
        return {"pretrain_loss": event["train_loss"]}
    return _finite({name: event[name] for name in ("train_loss", "watch_loss", "lr")})


def run_scores(event: Event) -> dict[str, float]:
    """Every score of `scores.json` with its interval: `conv/log_loss`, `conv/log_loss/low`, `floor/log_loss` …"""
    floors = event.get("floors") or {"floor": event.get("floor")}  # grids have several
    parts = {**event["members"], **floors, "sample": event.get("sample")}
    found: dict[str, float] = {}
    for name, scores in parts.items():
        found |= {f"{name}/{key}": value for key, value in bounds(scores or {}).items()}
    return found


def bounds(scores: dict[str, Any]) -> dict[str, float]:
    """A score and the ends of its interval by name, of those entries that are scores.

    >>> bounds({"log_loss": {"value": 0.3, "low": 0.2, "high": float("nan"), "units": 9}, "per_fold": [0.3]})
    {'log_loss': 0.3, 'log_loss/low': 0.2}
    """
    scored = {name: one for name, one in scores.items() if isinstance(one, dict) and "value" in one}
    return _finite(
        {
            f"{name}{end}": one[key]
            for name, one in scored.items()
            for key, end in BOUNDS.items()
            if key in one
        }
    )


def _finite(values: dict[str, Any]) -> dict[str, float]:
    return {name: float(one) for name, one in values.items() if one is not None and math.isfinite(one)}
