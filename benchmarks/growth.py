"""How seconds grow with work: samples, epochs, steps of a window, classes, folds, members, each x 1, 2, 4, 8.

    python benchmarks/growth.py [--rounds 3] [--only samples,unet] [--threads 1] [--write docs/benchmarks.md]

Simulated data, made before the clock starts. Two things are timed, inside this process, imports left out and one call
before that warms up: a *job* is one fold, its training and its predictions, as `holdfast train` runs it, files written;
a *run* is `holdfast.train` whole: reading, checks, folds, jobs, scores. Sizes take turns (least, x1, x8, x2, x4, then
again), and figures are medians over the rounds.

The exponent is the slope of log seconds on log size by least squares, x1 to x8: 1 is linear, 2 quadratic. What a call costs
before its first sample pulls it down. So a second one is that of the *marginal* cost: a smaller size, the least, is measured
in the same rounds; its seconds are taken off all others, which takes any constant away; and the power p is the one for which
these differences go with size ** p less least ** p, by least squares of logarithms. Both also of processor time, which other
programs disturb less.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from section import facts, write_section
from simulated_work import data_of, work_of, write_folder
from table import table

TITLE = "How cost grows"
LINEAR = 1.05  # the exponent in samples that networks may have
POWERS = np.arange(1, 4001) / 1000  # that are tried
FEWEST = 20  # samples, so that four classes fill five folds
TURNS = (0, 1, 4, 2, 3)  # of the sizes: least, x1, x8, x2, x4

Act = Callable[[], None]


@dataclass(frozen=True)
class Case:
    """What grows. `sizes`: the least, then x1, x2, x4, x8; `make(size, folder)` gives what is timed."""

    grows: str
    what: str
    sizes: tuple[int, ...]
    make: Callable[[int, Path], Act]
    network: bool = False

    def __str__(self) -> str:
        return f"{self.grows}: {self.what}"


def doubled(base: int, least: int) -> tuple[int, ...]:
    return least, base, 2 * base, 4 * base, 8 * base


def job(kind: str, samples: int, member: dict[str, Any], folder: Path, threads: int, **data: Any) -> Act:
    """One fold of five: trained, predicted, written."""
    from holdfast.engine.job import Job, run_job
    from holdfast.store.run import RunFolder

    work = work_of(*data_of(kind, samples, **data), member, threads)
    number = itertools.count()
    return lambda: run_job(work, Job("it", 0, 0), RunFolder(folder / f"{next(number)}"), lambda event: None)


def run(
    kind: str, samples: int, members: dict[str, Any], folder: Path, threads: int, k: int = 3, **data: Any
) -> Act:
    """`holdfast.train`, from files to scores."""
    import holdfast

    entry = write_folder(folder / "data", kind, samples, **data)
    recipe = {
        "data": entry, "metric": "log_loss", "folds": {"kind": "stratified_group", "k": k}, "threads": threads,
        "members": members,
    }  # fmt: skip
    number = itertools.count()
    return lambda: (holdfast.train(recipe, folder / f"{next(number)}", engine="inline"), None)[1]


def conv(epochs: int = 2) -> dict[str, Any]:
    return {"model": {"conv_residual": {"width": 16}}, "fit": {"epochs": epochs, "batch_size": 32}}


RESNET = {"model": {"timm": {"name": "resnet18"}}, "fit": {"epochs": 1, "batch_size": 16}}
UNET = {"model": {"unet": {"width": 8, "depth": 3}}, "fit": {"epochs": 2, "batch_size": 8}}
ROCKET = {"model": {"minirocket": {"n_kernels": 1000}}}
TREES = {"model": {"lightgbm": {"n_estimators": 10}}}
LINES = {"model": "logistic", "features": "window_statistics"}


def cases(threads: int) -> list[Case]:
    """All that is measured, in the order of the table."""

    def samples(what: str, kind: str, base: int, member: dict[str, Any], network: bool = False) -> Case:
        def make(size: int, folder: Path) -> Act:
            return job(kind, size, member, folder, threads)

        return Case("samples", what, doubled(base, max(base // 4, FEWEST)), make, network)

    def whole(what: str, kind: str, base: int, member: dict[str, Any]) -> Case:
        def make(size: int, folder: Path) -> Act:
            return run(kind, size, {"it": member}, folder, threads)

        return Case("samples", what, doubled(base, max(base // 4, FEWEST)), make)

    def alone(kind: str, count: int, member: dict[str, Any], grows: str) -> Callable[[int, Path], Act]:
        """A job of so many samples, whose windows' steps or classes grow."""
        return lambda size, folder: job(kind, count, member, folder, threads, **{grows: size})

    def epochs(size: int, folder: Path) -> Act:
        return job("windows", 160, conv(size), folder, threads)

    def folds(size: int, folder: Path) -> Act:
        return run("table", 400, {"it": TREES}, folder, threads, k=size + 1)

    def members(size: int, folder: Path) -> Act:
        return run("table", 400, {f"it{i}": TREES for i in range(size)}, folder, threads)

    steps = "steps of a window"
    return [
        samples("conv_residual, windows", "windows", 160, conv(), True),
        samples("resnet18, photos", "images", 64, RESNET, True),
        samples("unet, frames", "frames", 40, UNET, True),
        samples("minirocket, windows", "windows", 80, ROCKET),
        samples("lightgbm, table", "table", 4000, TREES),
        samples("logistic on statistics, windows", "windows", 400, LINES),
        whole("whole run, logistic, windows", "windows", 200, LINES),
        whole("whole run, lightgbm, table", "table", 500, TREES),
        Case("epochs", "conv_residual, windows", doubled(4, 1), epochs, True),
        Case(steps, "conv_residual", doubled(128, 32), alone("windows", 80, conv(), "steps"), True),
        Case(steps, "minirocket", doubled(128, 32), alone("windows", 80, ROCKET, "steps")),
        Case(steps, "logistic on statistics", doubled(128, 32), alone("windows", 200, LINES, "steps")),
        Case("classes", "conv_residual, windows", doubled(4, 2), alone("windows", 200, conv(), "classes")),
        Case("classes", "lightgbm, table", doubled(8, 2), alone("table", 1500, TREES, "classes")),
        Case("classes", "logistic on statistics", doubled(8, 2), alone("windows", 400, LINES, "classes")),
        Case("folds less 1", "whole run, lightgbm, table", doubled(2, 1), folds),
        Case("members", "whole run, lightgbm, table", doubled(2, 1), members),
    ]


@dataclass
class Measured:
    """Seconds and processor seconds of each call, by size."""

    wall: dict[int, list[float]] = field(default_factory=dict)
    processor: dict[int, list[float]] = field(default_factory=dict)

    def add(self, size: int, act: Act) -> None:
        used, started = time.process_time(), time.perf_counter()
        act()
        self.wall.setdefault(size, []).append(time.perf_counter() - started)
        self.processor.setdefault(size, []).append(time.process_time() - used)


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The slope of log seconds on log size by least squares.

    >>> round(exponent([1, 2, 4, 8], [3, 6, 12, 24]), 6), round(exponent([1, 2, 4], [1, 4, 16]), 6)
    (1.0, 2.0)
    """
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def marginal(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The power p of seconds = start + c × size ** p, whatever the start; NaN where the first size, the least, took longest.

    >>> round(marginal([1, 4, 8, 16, 32], [5 + 2 * size for size in (1, 4, 8, 16, 32)]), 3)
    1.0
    """
    more = np.array(seconds[1:]) - seconds[0]
    if more.min() <= 0:
        return math.nan
    grown = np.array(sizes, dtype=float) ** POWERS[:, None]
    off = np.log(more) - np.log(grown[:, 1:] - grown[:, :1])  # one constant, log c, where the power is right
    sure = (more / seconds[1:]) ** 2  # noise is a share of the seconds, most of which may be the start
    off -= np.average(off, axis=1, weights=sure)[:, None]
    return float(POWERS[np.average(off**2, axis=1, weights=sure).argmin()])


def measure(case: Case, rounds: int) -> Measured:
    """Time a case, its sizes in turn."""
    made = Measured()
    with tempfile.TemporaryDirectory(prefix="holdfast-growth-") as folder:
        acts = {size: case.make(size, Path(folder) / str(size)) for size in case.sizes}
        acts[case.sizes[1]]()  # libraries load, kernels are compiled
        for _ in range(rounds):
            for turn in TURNS:
                made.add(case.sizes[turn], acts[case.sizes[turn]])
    return made


def row(case: Case, made: Measured) -> list[str]:
    """A line of the table."""

    def exponents(clock: dict[int, list[float]]) -> list[str]:
        took = [median(clock[size]) for size in case.sizes]
        both = exponent(case.sizes[1:], took[1:]), marginal(case.sizes, took)
        return ["–" if math.isnan(one) else f"{one:.2f}" for one in both]

    curve = [f"{median(made.wall[size]):.3g}" for size in case.sizes]
    return [
        case.grows, case.what, str(case.sizes[0]), str(case.sizes[1]), *curve,
        *exponents(made.wall), *exponents(made.processor),
    ]  # fmt: skip


HEADER = [
    "grows", "of", "least", "×1 is", "s least", "s ×1", "s ×2", "s ×4", "s ×8", "exponent", "marginal", "of CPU s",
    "CPU marginal",
]  # fmt: skip


def verdict(case: Case, made: Measured) -> str:
    """Whether a network is linear in samples."""
    got = marginal(case.sizes, [median(made.wall[size]) for size in case.sizes])
    said = "reached" if got <= LINEAR else "missed"
    return f"{case}: marginal exponent {got:.2f}, at most {LINEAR}: {said}"


def options() -> argparse.Namespace:
    from holdfast.engine.threads import cores

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=3, help="times that each size is timed")
    add("--only", default="", help="cases whose line holds one of these words, by comma: samples,unet")
    add("--threads", type=int, default=min(1, cores()), help="processor threads of a job")
    add("--write", type=Path, metavar="PAGE", help="a page whose section is written anew")
    return parser.parse_args()


def main() -> None:
    said = options()
    words = [word for word in said.only.split(",") if word]
    lines, told = [], []
    for case in cases(said.threads):
        if words and not any(word in str(case) for word in words):
            continue
        print(case, file=sys.stderr, flush=True)
        made = measure(case, said.rounds)
        lines.append(row(case, made))
        if case.network and case.grows == "samples":
            told.append(verdict(case, made))
    notes = (
        f"Simulated data; {said.threads} threads a job; medians of {said.rounds} rounds in turn. marginal: of seconds"
        " = start + c × size ** p, where the least size tells the start (–: it took as long as a larger one)."
    )
    text = "\n".join([table(HEADER, lines), "", notes, "", *told])
    print(text)
    if said.write:
        write_section(said.write, TITLE, f"{facts(said.threads, {})}\n\n{text}")


if __name__ == "__main__":
    main()
