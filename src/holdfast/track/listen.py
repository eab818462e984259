"""Trackers beside a run: each in a thread of its own, so that a slow or broken one never holds the training up."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from holdfast.recipe.registry import known
from holdfast.recipe.schema import Recipe
from holdfast.store.run import Run
from holdfast.track.base import Tracker
from holdfast.track.events import Event, Follower, lines_of

Report = Callable[[Event], None]
DEFAULT = "tensorboard"
PATIENCE = 60.0  # seconds that the end of a run waits for a tracker


def trackers_of(recipe: Recipe) -> list[Tracker]:
    """Those that the recipe names; TensorBoard where it names none and that is installed. Raises BadInput."""
    if recipe.track is None:
        usual = known("tracker")[DEFAULT]
        assert issubclass(usual, Tracker)
        return [usual()] if usual.installed() else []
    named = [one for one in recipe.track if isinstance(one, Tracker)]
    for one in named:
        one.must_be_installed()
    return named


@contextmanager
def tracked(trackers: list[Tracker], run: Run, report: Report) -> Iterator[Report]:
    """Gives a `report` that tells the trackers too. What breaks one is a note, once."""
    listeners = [Listener(one, run) for one in trackers]

    def pass_on() -> None:
        for one in listeners:
            for note in one.notes():
                report({"event": "note", "note": note})

    def tell(event: Event) -> None:
        report(event)
        for one in listeners:
            one.events.put(event)
        pass_on()

    finished = False
    try:
        yield tell
        finished = True
    finally:
        for one in listeners:
            one.end(finished)
        for one in listeners:
            one.wait()
        pass_on()


class Listener:
    """A tracker's thread, and the events that wait for it."""

    def __init__(self, tracker: Tracker, run: Run):
        self.tracker, self.run = tracker, run
        self.before = lines_of(run)  # read now: those to come are events
        self.events: queue.SimpleQueue[Event | bool] = queue.SimpleQueue()
        self.said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._listen, name=f"track {tracker.name}", daemon=True)
        self.thread.start()

    def end(self, finished: bool) -> None:
        self.events.put(finished)

    def wait(self) -> None:
        self.thread.join(PATIENCE)
        if self.thread.is_alive():
            self.said.put(
                f"track: {self.tracker.name} did not end within {PATIENCE:g} seconds; the run is whole without it"
            )

    def notes(self) -> Iterator[str]:
        while not self.said.empty():
            yield self.said.get()

    def _listen(self) -> None:
        try:
            follower = Follower(self.tracker, self.run)
            follower.catch_up(self.before)
            while not isinstance(event := self.events.get(), bool):
                follower.follow(event)
            follower.end(event)
        except Exception as error:
            first: Any = str(error).strip().split("\n")[0]
            why = f"{type(error).__name__}: {first}"
            self.said.put(f"track: {self.tracker.name} failed, the run goes on without it ({why})")
