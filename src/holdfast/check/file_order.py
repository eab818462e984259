"""HF105: ids or the order of rows that tell the target."""

from __future__ import annotations

import re

import numpy as np

from holdfast.check.base import Check, Finding, Seen
from holdfast.check.single import split, told
from holdfast.data.dataset import Dataset

DRAWS = 99
LEVEL = 0.01  # so that only what beats every draw is said
TELLS = 0.25  # of what there is to tell; less is no matter, and comes by chance in small data


class IdsTell(Check):
    """A small tree on the row number, the number in the id, or the letters of the id tells the target.

    Cross-validated by groups, or by blocks of `data.order`, so that neighbours in a recording do not tell; against
    targets that are dealt out anew (`dealt`). A warning: no model sees ids, but files sorted by the target say how
    they were made, and a shuffled row number may stand among the features.
    """

    code = "HF105"
    name = "ids or row order that tell the target"
    severity = "warning"
    when = "data"
    kinds = ("table", "windows", "images")
    where = "aside"

    def look(self, seen: Seen) -> Finding:
        data = seen.train
        assert data.target is not None
        splits = _splits(data)
        found = []
        for name, values in tellers(data).items():
            share, p = tested(values, data, splits)
            if p <= LEVEL and share >= TELLS:
                found.append((name, share, p))
        if not found:
            return self.passed("neither the order of rows nor ids tell the target")
        said = "; ".join(f"{name} tells {share:.0%} of it (p {p:.2g})" for name, share, p in found)
        return self.found(
            f"the target can be told without the inputs: {said}",
            "make sure that no feature follows the order of rows, and ask whether the test set is in such an order",
            [name for name, _, _ in found],
        )


def tellers(data: Dataset) -> dict[str, np.ndarray]:
    """What is tried, a number for each row."""
    ends = [str(one).rsplit("/", 1)[-1] for one in data.ids]  # a photo's folder may be its class by design
    ends = [end.rsplit(".", 1)[0] for end in ends]
    found = {"the row number": np.arange(len(data), dtype=np.float64)}
    digits = [re.findall(r"\d+", end) for end in ends]
    if all(digits):
        number = np.array([float(one[-1]) for one in digits])
        if np.any(np.argsort(number, kind="stable") != np.arange(len(number))):
            found["the number in the id"] = number
    letters = np.unique([re.sub(r"\d+", "#", end) for end in ends], return_inverse=True)[1]
    if 1 < letters.max() + 1 <= len(data) / 4:
        found["the letters of the id"] = letters.astype(np.float64)
    return found


def _splits(data: Dataset) -> list[tuple[np.ndarray, np.ndarray]]:
    assert data.target is not None
    if data.groups is None and data.order is not None:
        block = np.argsort(np.argsort(data.order, kind="stable")) * 3 // len(data)
        return [(np.flatnonzero(block != k), np.flatnonzero(block == k)) for k in range(3)]
    return split(data.target, data.groups)


def tested(
    values: np.ndarray, data: Dataset, splits: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[float, float]:
    """What the values tell of the target, and p against targets that are dealt out anew."""
    y = data.target
    assert y is not None
    share = told(values[:, None], y, data.groups, splits)
    if share < TELLS:
        return share, 1.0
    rng, as_much = np.random.default_rng(0), 0
    for draw in range(1, DRAWS + 1):
        as_much += told(values[:, None], dealt(data, values, rng), data.groups, splits) >= share
        if as_much:  # p can no more be as small as LEVEL
            return share, (1 + as_much) / (1 + draw)
    return share, 1 / (1 + DRAWS)


def dealt(data: Dataset, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The targets in another order of equal right, where the values told nothing.

    Without groups and time: any. Else those of a group, in the order of the values, are taken from another group and
    begin elsewhere, so that classes that come in runs still do.
    """
    y = data.target
    assert y is not None
    if data.groups is None and data.order is None:
        return rng.permutation(y)
    code = (
        np.zeros(len(y), dtype=int) if data.groups is None else np.unique(data.groups, return_inverse=True)[1]
    )
    rows = np.lexsort((values, code))
    given = np.split(y[rows], np.flatnonzero(np.diff(code[rows])) + 1)
    made = []
    for own, other in zip(given, rng.permutation(len(given))):
        stretched = given[other][np.arange(len(own)) * len(given[other]) // len(own)]
        made.append(np.roll(stretched, rng.integers(len(own))))
    out = np.empty_like(y)
    out[rows] = np.concatenate(made)
    return out


CHECKS = (IdsTell,)
