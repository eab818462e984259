"""What an ablation found, and the file that it is kept in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.metrics.paired import Paired
from holdfast.metrics.verdict import ALPHA, Verdict
from holdfast.store.atomic import write_json
from holdfast.store.notebook import VERDICT_HEAD, line, table, verdict_cells

FILE = "results.json"
TOLD, EQUAL, ALL_FOLDS, OUT_OF_TIME, NOT_ASKED, FAILED = (
    "told", "equal", "all folds", "out of time", "not asked for", "failed",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A variant against the base. `found` and `says` are None before two folds are done.

    `looks`: after how many folds it was looked at; `stopped`: why no more of its folds were trained.
    """

    variant: str
    run: str
    folds: int
    looks: tuple[int, ...]
    stopped: str
    found: Paired | None
    says: Verdict | None
    why: str = ""  # of a failure

    def plain(self) -> dict[str, Any]:
        """Plain values, to keep."""
        held = {"variant": self.variant, "run": self.run, "folds": self.folds, "looks": list(self.looks)}
        told: dict[str, Any] = {}
        if self.found is not None and self.says is not None:
            told = {**self.found.plain(), "per_fold": list(self.found.per_fold), **self.says.plain()}
        return {**held, "stopped": self.stopped, **told, **({"why": self.why} if self.why else {})}


@dataclass(frozen=True)
class Ablation:
    """Variants against the base of an ablation."""

    path: Path
    metric: str
    greater_is_better: bool
    value: float | None  # the base's score on the folds that it has
    folds: int
    of_folds: int
    rope: float
    rope_how: str
    rows: tuple[Row, ...]
    skipped: dict[str, str]  # what --all could not leave out, and why
    trained: tuple[str, ...]  # jobs, in this call
    reused: tuple[str, ...]
    seconds: float  # that training took, over all calls

    def plain(self) -> dict[str, Any]:
        """Plain values, to keep."""
        return {
            "metric": self.metric,
            "greater_is_better": self.greater_is_better,
            "alpha": ALPHA,
            "base": {"run": "base", "value": self.value, "folds": self.folds},
            "of_folds": self.of_folds,
            "rope_how": self.rope_how,
            "rope": self.rope,
            "variants": [row.plain() for row in self.rows],
            "skipped": self.skipped,
            "seconds": round(self.seconds, 1),
        }

    def _repr_html_(self) -> str:
        """How Jupyter shows it."""
        better = "higher" if self.greater_is_better else "lower"
        said = "none yet" if self.value is None else f"{self.value:.4f}"
        rows = [
            [row.variant, f"{row.folds} of {self.of_folds}", *verdict_cells(row.plain())] for row in self.rows
        ]
        return (
            line(f"{self.path}: {self.metric} ({better} is better); base {said} on {self.folds} folds")
            + table(["variant", "folds", *VERDICT_HEAD], rows, (1, 2, 3, 4))
            + line(f"a difference up to {self.rope:.4g} counts as none ({self.rope_how})")
        )

    def save(self) -> None:
        write_json(self.path / FILE, self.plain())


def kept(path: Path) -> list[dict[str, Any]]:
    """The variants that an ablation's folder knows from earlier calls."""
    file = path / FILE
    held: list[dict[str, Any]] = (
        json.loads(file.read_text(encoding="utf-8"))["variants"] if file.is_file() else []
    )
    return held
