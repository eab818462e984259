"""HF403, HF404: groups that are unlike all others, and sources that carry the label: the shortcut."""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np

from holdfast.check.apart import group_levels, medians, robust_scale
from holdfast.check.base import Check, Finding, Seen, Severity
from holdfast.check.channel_facts import some_rows
from holdfast.check.summaries import summaries
from holdfast.data.columns import some

ROWS = 3000
CLIP = 30.0  # deviations that one number of a group may count
FARTHER = 3.0  # times, beyond all other groups
FEWEST = 5  # groups, to say what is usual
LEAST = 1.0  # deviations within groups, in the root mean square over features
MANY = 20  # different values from which on ids or groups are no sources
EACH = 5  # samples of a source
CARRIES = 0.6  # Cramér's V
BY_CHANCE = 1e-3
PURE = 0.95  # share of a group's samples that are of one class
ENDING = re.compile(r"\.[A-Za-z]\w{1,4}$")  # of a file
PARTS = (
    re.compile(r"^(.*)[_\-/. ][^_\-/. ]*$"),
    re.compile(r"^(\D*)\d"),
)  # of an id that may name its source


def offsets(X: np.ndarray, y: np.ndarray | None, groups: np.ndarray) -> np.ndarray:
    """How far each group lies from the middle of all groups in each feature, `(groups, f)`, in deviations within groups.

    `X`: `(m, f)`; each value is taken less the middle of its class. Deviations within groups, since those between a
    few groups are known too badly to divide by. 0 where a feature does not vary within groups.
    """
    levels = group_levels(X, y, groups)
    middle = robust_scale(levels)[0]
    label = np.zeros(len(X), dtype=np.int64) if y is None else y
    pairs, cell = np.unique(groups * (label.max() + 1) + label, return_inverse=True)
    scale = robust_scale(X - medians(X, cell, len(pairs))[cell])[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(scale > 1e-9, np.abs(levels - middle) / scale, 0.0)
    return np.nan_to_num(np.minimum(z, CLIP), nan=0.0)


def lone(far: np.ndarray) -> np.ndarray:
    """Which distances `(groups,)` are 1 or more and 3 times all nearer ones; at most a fifth of the groups.

    >>> lone(np.array([0.2, 0.5, 0.3, 2.0, 0.1])).nonzero()[0].tolist()
    [3]
    """
    order = np.sort(far)
    for i in range(max(1, len(order) - max(1, len(order) // 5)), len(order)):
        if order[i] >= LEAST and order[i] >= FARTHER * order[i - 1]:
            return far >= order[i]
    return np.zeros(len(far), dtype=bool)


class LoneGroups(Check):
    """Groups far from all others in simple summaries of their samples: another device, another place, worn otherwise."""

    code: ClassVar[str] = "HF403"
    name: ClassVar[str] = "groups unlike all others"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"

    def look(self, seen: Seen) -> Finding:
        if seen.train.groups is None:
            return self.not_applicable("no groups are known")
        if len(np.unique(seen.train.groups)) < FEWEST:
            return self.not_applicable(f"fewer than {FEWEST} groups")
        rows = some_rows(seen.train, ROWS)
        names, groups = np.unique(seen.train.groups[rows], return_inverse=True)
        X, features = summaries(seen.train, rows)
        y = seen.truth[rows] if seen.target.kind == "classes" else None
        z = offsets(X, y, groups)
        far = np.sqrt((z**2).mean(axis=1))
        alone = lone(far)
        if not alone.any():
            return self.passed(f"none of {len(names)} groups is far from all others")
        told = [f"{names[g]} by {features[int(z[g].argmax())]}" for g in np.flatnonzero(alone)]
        return self.found(
            f"{len(told)} of {len(names)} groups are far from all others: {some(told)}",
            "find out what is otherwise there (device, place, how it was worn); one fold cannot stand for such groups, and a"
            " test set with more of them scores lower",
            names[alone],
        )


def cramers_v(table: np.ndarray) -> tuple[float, float]:
    """Cramér's V of a table of counts, corrected for bias (Bergsma 2013), and the p of no association.

    >>> cramers_v(np.array([[20, 0], [0, 20]]))[0] > 0.9, cramers_v(np.array([[10, 10], [10, 10]]))[0]
    (True, 0.0)
    """
    from scipy.special import chdtrc  # not scipy.stats, which takes seconds to import

    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (rows, columns) = table.sum(), table.shape
    if min(rows, columns) < 2:
        return 0.0, 1.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / n
    statistic = ((table - expected) ** 2 / expected).sum()
    phi = max(0.0, statistic / n - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    p = float(chdtrc((rows - 1) * (columns - 1), statistic))  # of chi-squared
    return float(np.sqrt(phi / least)) if least > 0 else 0.0, p


def counts_of(source: np.ndarray, y: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Units of each class in each source, `(sources, classes)`.

    The samples of one class in one unit count as one, shared out among their sources.

    >>> counts_of(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]), np.array([5, 5, 5, 5])).tolist()
    [[0.5, 0.0], [0.5, 1.0]]
    """
    of = np.unique(np.stack([y, units]), axis=1, return_inverse=True)[1].ravel()
    table = np.zeros((source.max() + 1, y.max() + 1))
    np.add.at(table, (source, y), 1 / np.bincount(of)[of])
    return table


def sources_in(ids: np.ndarray) -> list[np.ndarray]:
    """Parts of ids that may name a source: a few different texts, each before a number or before the last separator."""
    made: list[np.ndarray] = []
    for pattern in PARTS:
        found = [pattern.match(ENDING.sub("", one)) for one in ids]
        part = np.array([one[1].rstrip("_-/. ") if one else "" for one in found])
        counts = np.unique(part, return_counts=True)[1]
        if (
            2 <= len(counts) <= MANY
            and counts.min() >= EACH
            and not any((part == other).all() for other in made)
        ):
            made.append(part)
    return made


class SourceCarriesLabel(Check):
    """Sources (a part of the ids, or few groups) that hold other classes each: a model may learn the source instead."""

    code: ClassVar[str] = "HF404"
    name: ClassVar[str] = "a source that carries the label"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"
    kinds: ClassVar[tuple[str, ...]] = ("table", "windows", "images")

    def look(self, seen: Seen) -> Finding:
        if seen.target.kind != "classes":
            return self.not_applicable("it is for classes")
        y, groups = seen.truth, seen.train.groups
        units = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
        told: list[tuple[str, list[str]]] = []
        for part in sources_in(seen.train.ids):
            names, source = np.unique(part, return_inverse=True)
            if set(names) <= set(seen.target.names):  # folders of classes
                continue
            v, p = cramers_v(counts_of(source, y, units))
            if v >= CARRIES and p < BY_CHANCE:
                told.append(
                    (f"the ids' beginnings tell the class (Cramér's V {v:.2f}): {some(names)}", list(names))
                )
        if groups is not None:
            told += self._groups(seen, units)
        if not told:
            return self.passed("no source is known that carries the label")
        return self.found(
            "; ".join(said for said, _ in told),
            "what differs between sources predicts the label here and nowhere else: keep sources whole in folds"
            " (data.group), get each class from several of them, and see where a model looks (holdfast explain)",
            [name for _, names in told for name in names],
        )

    def _groups(self, seen: Seen, units: np.ndarray) -> list[tuple[str, list[str]]]:
        """Few groups of mixed classes that carry the label; classes that stand alone in one or two groups."""
        names = np.unique(np.asarray(seen.train.groups))
        table = counts_of(units, seen.truth, np.arange(len(units)))
        pure = table.max(axis=1) >= PURE * table.sum(axis=1)
        if pure.mean() < 0.5 and len(names) <= MANY:
            v, p = cramers_v(table)
            if v >= CARRIES and p < BY_CHANCE:
                return [(f"the group tells the class (Cramér's V {v:.2f})", list(names))]
        told = []
        for c in np.flatnonzero(table.sum(axis=0)):
            inside = np.flatnonzero(table[:, c])
            if len(inside) <= 2 and pure[inside].all() and len(names) > len(inside):
                said = f"all of {seen.target.names[c]} is in {some(names[inside])}, which hold nothing else"
                told.append((said, list(names[inside])))
        return told


CHECKS = (LoneGroups, SourceCarriesLabel)
