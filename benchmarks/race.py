"""Contestants that take turns: processes that stay alive and compute only when they are asked, A B C A B C ….

So a machine that slows down slows all of them, and a ratio taken in each round says more than one of medians.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any

SCRIPTS = Path(__file__).resolve().parent / "contestants"
SETTLE = 0.3  # seconds between turns: threads that wait for work spin on for some milliseconds


@dataclass(frozen=True)
class Contestant:
    name: str
    script: str
    precision: str
    python: str = sys.executable

    def __str__(self) -> str:
        return f"{self.name} {'float32' if self.precision == '32' else self.precision}"


class Worker:
    """A contestant's process. `ask` gives it its turn."""

    def __init__(self, contestant: Contestant, settings: dict[str, Any], log: IO[bytes]):
        self.contestant, self.log = contestant, log
        said = json.dumps({"precision": contestant.precision, **settings})
        self.process = subprocess.Popen(
            [contestant.python, str(SCRIPTS / contestant.script), said],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip

    def ask(self, command: str) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        time.sleep(SETTLE)
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it died; its last words are in the log
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            words = self.log.read().decode(errors="replace")[-3000:]
            sys.exit(f"{self.contestant} ended without an answer:\n{words}")
        return float(json.loads(line))

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()


@contextmanager
def workers(contestants: list[Contestant], settings: dict[str, Any]) -> Iterator[dict[Contestant, Worker]]:
    with ExitStack() as stack:
        made = {}
        for each in contestants:
            made[each] = Worker(each, settings, stack.enter_context(tempfile.TemporaryFile()))
            stack.callback(made[each].end)
        yield made


def rounds(
    made: Mapping[Contestant, Worker], task: str, number: int, what: str
) -> dict[Contestant, list[float]]:
    """What each contestant answers in each of `number` rounds of a task, after one round that warms up."""
    answers: dict[Contestant, list[float]] = {each: [] for each in made}
    for turn in range(number + 1):
        for each, worker in made.items():
            value = worker.ask(task)
            if turn > 0:
                answers[each].append(value)
        print(f"{what}: round {turn} of {number}", file=sys.stderr)
    return answers


def ratio(above: list[float], below: list[float]) -> float:
    """The median of the rounds' ratios."""
    return median(a / b for a, b in zip(above, below, strict=True))


def verdict(what: str, got: float, least: float) -> str:
    """A line: what was asked of a ratio, and whether it was reached."""
    return f"{what}: {got:.2f}, at least {least}: {'reached' if got >= least else 'missed'}"
