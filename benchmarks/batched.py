"""Would all folds of a small network train sooner in one model? Ways of the same epochs, in turn: one table.

    python benchmarks/batched.py [--rounds 3] [--folds 5] [--threads N] [--samples 512] [--networks NAME …]

"one after another" has all threads; "two at a time" are processes with one thread each, as `--engine auto` takes on two
cores; "stacked" is one model by torch.func.vmap, "grouped" one written by hand with a group of filters a fold
(conv_residual only). Each fold has its own weights, batches, batch norm and clipping in all of them; a test compares
their weights. Seconds of an epoch of all folds, processor seconds in brackets. On a GPU where there is one.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from race import Contestant, Worker, ratio, workers
from table import table

WAYS = {
    "one": "one after another",
    "two": "two at a time",
    "stacked": "stacked (vmap)",
    "grouped": "grouped by hand",
}


@dataclass(frozen=True)
class Task:
    model: dict[str, Any]
    shape: tuple[int, int]
    batch: int = 64


TASKS = {
    "conv_residual 4, tiny": Task({"conv_residual": {"width": 4, "kernel": 5}}, (50, 3), 16),
    "conv_residual 8": Task({"conv_residual": {"width": 8}}, (150, 6)),
    "conv_residual 16": Task({"conv_residual": {"width": 16}}, (150, 6)),
    "conv_residual 32": Task({"conv_residual": {"width": 32}}, (150, 6)),
    "conv_residual 16, long": Task({"conv_residual": {"width": 16}}, (600, 18)),
    "inception_time 4": Task({"inception_time": {"width": 4}}, (150, 6)),
    "transformer 16": Task({"transformer": {"width": 16, "blocks": 2, "heads": 2}}, (150, 6), 16),
    "gru 32": Task({"gru": {"width": 32}}, (150, 6)),
}

Turn = tuple[float, float]  # seconds, processor seconds


def turn(worker: Worker, way: str) -> Turn:
    return worker.ask(way), worker.ask("cpu")


def timed(task: Task, options: argparse.Namespace) -> dict[str, list[Turn]]:
    """What each way took in each round, after one that warms up; ways that cannot take the network are left out."""
    settings = {
        **asdict(task), "threads": options.threads, "folds": options.folds, "samples": options.samples,
    }  # fmt: skip
    contestant = Contestant("folds", "batched_folds.py", "32")
    with workers([contestant], settings) as made:
        worker = made[contestant]
        ways = [way for way in WAYS if not math.isnan(worker.ask(way))]
        took: dict[str, list[Turn]] = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way in ways:
                took[way].append(turn(worker, way))
    return took


def row(name: str, task: Task, took: dict[str, list[Turn]]) -> list[str]:
    """Medians, and how many times sooner than two at a time each way of one model ends."""

    def seconds(way: str) -> str:
        if way not in took:
            return "–"
        wall, cpu = zip(*took[way])
        return f"{median(wall):.2f} ({median(cpu):.2f})"

    def sooner(way: str) -> str:
        if way not in took:
            return "–"
        return f"{ratio([wall for wall, _ in took['two']], [wall for wall, _ in took[way]]):.2f}"

    shape = " × ".join(map(str, (task.batch, *task.shape)))
    return [name, shape, *map(seconds, WAYS), *map(sooner, ("stacked", "grouped"))]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=512, help="of each fold's training part")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--networks", nargs="+", default=list(TASKS), choices=list(TASKS), metavar="NAME")
    options = parser.parse_args()
    rows = []
    for name in options.networks:
        rows.append(row(name, TASKS[name], timed(TASKS[name], options)))
        print(*rows[-1], sep=" | ", file=sys.stderr)  # what a killed run has found is not lost
    print(table(["network", "batch", *WAYS.values(), "two ÷ stacked", "two ÷ grouped"], rows))


if __name__ == "__main__":
    main()
