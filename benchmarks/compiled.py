"""Does torch.compile pay back within a run? Each network as it is and compiled, in turn: one table.

    python benchmarks/compiled.py [--rounds 3] [--steps 3] [--threads 1 2] [--networks gru unet …] [--precision 32]

"compile, cold" are the seconds that the first compiled steps take beyond so many steps that are compiled already, with an
empty cache; "warm" the same in a new process that finds the first one's cache. "pays back after" counts the steps until
what was saved makes good for the cold compilation. On a GPU where there is one, else on the processor.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from race import Contestant, Worker, ratio, workers
from table import table

UNTIL_STILL = 3  # as contestants/compiled_network.py


@dataclass(frozen=True)
class Task:
    """A network, one prepared sample's shape, and the batch."""

    model: dict[str, Any]
    shape: tuple[int, ...]
    batch: int
    outputs: int = 20


TASKS = {
    "conv_residual": Task({"conv_residual": {}}, (600, 18), 64),
    "conv_residual, short": Task({"conv_residual": {"width": 32}}, (150, 6), 64),
    "gru": Task({"gru": {}}, (150, 6), 64),
    "transformer": Task({"transformer": {}}, (150, 6), 64),
    "inception_time": Task({"inception_time": {}}, (150, 6), 64),
    "unet": Task({"unet": {}}, (4, 64, 64), 16, 2),
    "resnet18": Task({"timm": {"name": "resnet18"}}, (64, 64, 3), 32),
}


Turn = tuple[float, float]  # seconds a step, by the clock and of the processor


@dataclass(frozen=True)
class Timed:
    """Seconds: of compiling (beyond its steps), and of each round's step, by the clock and of the processor."""

    cold: float
    warm: float
    eager: list[Turn]
    compiled: list[Turn]

    def gain(self, which: int) -> float:
        """How many times faster a compiled step is, by the clock (0) or in processor time (1)."""
        return ratio([turn[which] for turn in self.eager], [turn[which] for turn in self.compiled])

    @property
    def steps_back(self) -> float:
        """Steps after which the cold compilation is paid back; infinite where it never is."""
        gain = self.gain(0)
        return self.cold / (seconds(self.eager) * (1 - 1 / gain)) if gain > 1 else math.inf


def seconds(turns: list[Turn]) -> float:
    """The median of a step, by the clock."""
    return median(wall for wall, _ in turns)


def timed(task: Task, threads: int, options: argparse.Namespace) -> Timed:
    contestant = Contestant("network", "compiled_network.py", options.precision)
    with tempfile.TemporaryDirectory() as cache:
        settings = {**asdict(task), "threads": threads, "steps": options.steps, "cache": cache}
        with workers([contestant], settings) as made:
            worker = made[contestant]
            cold = worker.ask("compile")
            if math.isnan(cold):
                return Timed(cold, cold, [], [])
            worker.ask("eager")
            eager, compiled = _in_turn(worker, options.rounds)
        with workers([contestant], settings) as made:
            warm = made[contestant].ask("compile")
    steps = UNTIL_STILL * seconds(compiled)
    return Timed(max(cold - steps, 0.0), max(warm - steps, 0.0), eager, compiled)


def _in_turn(worker: Worker, rounds: int) -> tuple[list[Turn], list[Turn]]:
    both: dict[str, list[Turn]] = {"eager": [], "compiled": []}
    for _ in range(rounds):
        for way, turns in both.items():
            turns.append((worker.ask(way), worker.ask("cpu")))
    return both["eager"], both["compiled"]


def row(name: str, task: Task, threads: int, each: Timed) -> list[str]:
    shape = " × ".join(map(str, (task.batch, *task.shape)))
    if math.isnan(each.cold):
        return [name, shape, str(threads), *["–"] * 6, "not compiled"]
    back = "never" if math.isinf(each.steps_back) else f"{each.steps_back:.0f} steps"
    return [
        name, shape, str(threads), f"{1000 * seconds(each.eager):.1f}", f"{1000 * seconds(each.compiled):.1f}",
        f"{each.gain(0):.2f}", f"{each.gain(1):.2f}", f"{each.cold:.1f}", f"{each.warm:.1f}", back,
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3, help="steps in a turn")
    parser.add_argument("--threads", type=int, nargs="+", default=[os.cpu_count() or 1])
    parser.add_argument("--networks", nargs="+", default=list(TASKS), choices=list(TASKS), metavar="NETWORK")
    parser.add_argument("--precision", choices=["32", "bf16"], default="32")
    options = parser.parse_args()
    rows = []
    for name in options.networks:
        for threads in options.threads:
            rows.append(row(name, TASKS[name], threads, timed(TASKS[name], threads, options)))
            print(*rows[-1], sep=" | ", file=sys.stderr)  # what a killed run has found is not lost
    header = [
        "network", "batch", "threads", "eager, ms a step", "compiled, ms", "eager ÷ compiled", "in cpu time",
        "compile, cold s", "warm s", "pays back after",
    ]  # fmt: skip
    print(table(header, rows))


if __name__ == "__main__":
    main()
