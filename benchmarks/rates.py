"""What a machine can do at most, measured in the same run as what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from race import Contestant, Worker, workers

GIGA = 1e9


class Rates:
    """Rates that are measured when `look` is called: matmul in each precision, and copying memory."""

    def __init__(self, made: dict[Contestant, Worker]):
        self.made = made
        self.matmul: dict[str, list[float]] = {each.precision: [] for each in made}
        self.copied: list[float] = []

    def look(self) -> None:
        for each, worker in self.made.items():
            self.matmul[each.precision].append(worker.ask("matmul"))
        self.copied.append(next(iter(self.made.values())).ask("copy"))

    def said(self) -> list[str]:
        """A line for each rate: the median, with the least and the most."""
        lines = []
        for precision, rates in self.matmul.items():
            name = "float32" if precision == "32" else precision
            lines.append(f"matmul {name}: {_spread(rates)} GFLOP/s")
        return [*lines, f"memory, copied (read and written): {_spread(self.copied)} GB/s"]


def _spread(rates: list[float]) -> str:
    return f"{median(rates) / GIGA:.0f} ({min(rates) / GIGA:.0f}–{max(rates) / GIGA:.0f})"


@contextmanager
def measured(threads: int, precisions: list[str], device: str = "cpu") -> Iterator[Rates]:
    """Processes that wait to be asked; the first look warms up and counts for nothing."""
    contestants = [Contestant("matmul", "matmul.py", precision) for precision in precisions]
    with workers(contestants, {"threads": threads, "device": device}) as made:
        for each in made.values():
            each.ask("matmul")
        yield Rates(made)
