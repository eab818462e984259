"""HF202: labels that contradict each other."""

from __future__ import annotations

import hashlib
from typing import ClassVar

import numpy as np

from holdfast.check.base import Check, Finding, Seen, Severity
from holdfast.data.columns import some
from holdfast.data.dataset import Dataset

COARSE = 0.05  # share of the samples with an equal twin from which on inputs are coarse, and conflicts usual
APART = 0.1  # of the target's standard deviation: real values that differ by more conflict
SAID = 5  # pairs told with their labels


class ConflictingLabels(Check):
    """Samples with equal inputs whose labels differ, or whose values differ by more than a tenth of their deviation."""

    code: ClassVar[str] = "HF202"
    name: ClassVar[str] = "conflicting labels"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"
    kinds: ClassVar[tuple[str, ...]] = ("table", "windows", "images")

    def look(self, seen: Seen) -> Finding:
        if seen.target.kind == "grid":
            return self.not_applicable("it is for classes and real values")
        (codes, blank), y = marks_of(seen.train), seen.truth
        pairs, twins = conflicts(codes, y, 0.0 if seen.target.kind == "classes" else APART * float(y.std()))
        pairs = pairs[~blank[pairs].any(axis=1)]
        if not len(pairs):
            return self.passed("equal inputs have equal labels")
        ids = seen.train.ids
        coarse = twins / len(y) >= COARSE
        said = f"{len(pairs)} sets of equal inputs have different labels: " + some(
            [f"{ids[a]} ({_label(seen, a)}) and {ids[b]} ({_label(seen, b)})" for a, b in pairs[:SAID]]
        )
        if coarse:
            said += f"; {twins} samples have an equal twin, so the inputs are coarse and this may be no fault"
        return self.found(
            said,
            "find out which label is right, and keep one sample of each set",
            ids[pairs],
            severity="info" if coarse else None,
        )


def marks_of(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """A number for each sample `(n,)`, equal where the inputs are byte by byte; and whether nothing varies in it."""
    codes: list[str] = []
    blank: list[np.ndarray] = []
    for chunk in data.chunks():
        flat = chunk.reshape(len(chunk), -1)
        codes += [hashlib.blake2b(row.tobytes(), digest_size=7).hexdigest() for row in flat]
        blank.append(((flat == flat[:, :1]) | np.isnan(flat)).all(axis=1) & (flat.shape[1] > 1))
    return np.array([int(code, 16) for code in codes], dtype=np.int64), np.concatenate(blank)


def conflicts(codes: np.ndarray, y: np.ndarray, apart: float) -> tuple[np.ndarray, int]:
    """Two rows of each set of equal `codes` whose `y` lie farthest apart, where by more than `apart`; samples with a twin.

    >>> conflicts(np.array([7, 8, 7, 7]), np.array([0, 0, 0, 2]), 0.0)
    (array([[0, 3]]), 3)
    """
    order = np.lexsort((y, codes))
    starts = np.r_[0, np.flatnonzero(np.diff(codes[order].astype(np.int64)) != 0) + 1]
    ends = np.r_[starts[1:], len(codes)] - 1
    several = ends > starts
    first, last = order[starts[several]], order[ends[several]]
    twins = int((ends - starts + 1)[several].sum())
    far = y[last] - y[first] > apart
    return np.stack([first[far], last[far]], axis=1), twins


def _label(seen: Seen, row: int) -> str:
    value = seen.truth[row]
    return seen.target.names[value] if seen.target.kind == "classes" else f"{value:.4g}"


CHECKS = (ConflictingLabels,)
