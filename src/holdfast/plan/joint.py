"""Whether a label is a function of other columns: a joint class of a few attributes, numbers cut at thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from math import floor, log10

import numpy as np
import pandas as pd

from holdfast.data.attributes import cut_names
from holdfast.plan.look import is_number
from holdfast.recipe.target import class_names

MOST_PARTS = 4  # attributes of a joint class
ROWS_A_CLASS = 5  # on average; with fewer rows chance finds functions
ROWS_A_VALUE = 5  # of each attribute's value: fewer do not bear out a threshold
TOLERATED = 0.02  # share of rows that may contradict a function worth a remark
NO_EDGE = 0.05  # share of rows beyond a threshold that some rows contradict
LARGEST = 50_000_000  # classes times different numbers that are counted


@dataclass(frozen=True)
class Part:
    """One attribute: its values in the order of their codes; `cut` for a column of numbers."""

    column: str
    values: tuple[str, ...]
    cut: tuple[int | float, ...] = ()
    weight: int | None = None

    def codes(self, texts: pd.Series) -> np.ndarray:
        """The code of each value of a column of texts.

        >>> Part("age", ("<25", ">=25"), cut=(25,)).codes(pd.Series(["24", "25"])).tolist()
        [0, 1]
        """
        if self.cut:
            return np.searchsorted(self.cut, _numbers(texts), side="right")
        return pd.Categorical(texts, categories=list(self.values)).codes.astype(np.int64)

    def said(self) -> str:
        """The term of this attribute in `label = …`."""
        weight = "" if self.weight in (None, 1) else f"{self.weight}·"
        return f"{weight}{self.column}[{', '.join(self.values)}]" if self.cut else f"{weight}{self.column}"


@dataclass(frozen=True)
class Joint:
    """A label made of attributes. `against`: rows of `rows` that contradict it."""

    target: str
    parts: tuple[Part, ...]
    rows: int
    against: int

    def said(self) -> str:
        """The function in words, and how many rows bear it out."""
        where = (
            f"in all {self.rows:,} rows"
            if not self.against
            else f"but for {self.against:,} of {self.rows:,} rows"
        )
        if all(part.weight is not None for part in self.parts):
            return f"{self.target} = {' + '.join(part.said() for part in self.parts)}, {where}"
        return f"{self.target} is decided by {' × '.join(part.said() for part in self.parts)}, {where}"


def find_joint(frame: pd.DataFrame, target: pd.Series) -> Joint | None:
    """The smallest set of columns of texts that decides the target, none of them without need.

    Its classes stand one to one with the combinations that occur. Looked for first without any row against
    it, then with few (`against` > 0, at most 2 %). None where there is no such set.

    >>> rows = pd.DataFrame({"mask": list("ynyn") * 10, "age": [str(i) for i in range(40)]})
    >>> label = ((rows["mask"] == "y") * 2 + (rows["age"].astype(int) >= 25)).astype(str).rename("label")
    >>> find_joint(rows, label).said()
    'label = 2·mask + age[<25, >=25], in all 40 rows'
    """
    names = class_names(target)
    labels = pd.Categorical(target, categories=list(names)).codes.astype(np.int64)
    if len(names) < 2 or len(labels) < ROWS_A_CLASS * len(names):
        return None
    for tolerated in (0, int(TOLERATED * len(labels))):
        candidates = [
            part for column in frame if (part := _candidate(frame[column], labels, tolerated)) is not None
        ]
        for parts in _subsets(candidates):
            codes = np.stack([part.codes(frame[part.column]) for part in parts])
            if _against(codes, labels) > tolerated:
                continue
            needed = _without_needless_cuts(parts, frame, labels, tolerated)
            codes = np.stack([part.codes(frame[part.column]) for part in needed])
            if min(np.bincount(row).min() for row in codes) < ROWS_A_VALUE:
                continue
            against = _against(codes, labels)
            weighed = needed if against else _weighed(needed, frame, labels, names)
            return Joint(str(target.name), weighed, len(labels), against)
    return None


def thresholds(numbers: np.ndarray, labels: np.ndarray, tolerated: int = 0) -> list[tuple[float, float]]:
    """Neighbouring numbers between which no class lies on both sides (but for a few rows).

    Of neighbouring gaps that a few rows contradict, the one that the fewest do.

    >>> thresholds(np.array([1, 2, 3, 4, 5]), np.array([0, 0, 1, 1, 1]))
    [(2.0, 3.0)]
    """
    values, places = np.unique(numbers, return_inverse=True)
    classes = int(labels.max()) + 1
    if len(values) < 2 or classes * len(values) > LARGEST:
        return []
    counts = np.bincount(labels * len(values) + places, minlength=classes * len(values))
    below = counts.reshape(classes, -1).cumsum(axis=1)
    above = below[:, -1:] - below
    split = np.minimum(below, above).sum(axis=0)[
        :-1
    ]  # rows that a cut after each number parts from their class
    fits = split <= tolerated
    if tolerated:
        sides = np.minimum(below.sum(axis=0), above.sum(axis=0))[:-1]
        fits &= sides >= NO_EDGE * len(labels)
        runs = np.split(np.flatnonzero(fits), np.flatnonzero(np.diff(np.flatnonzero(fits)) > 1) + 1)
        chosen = [int(run[np.argmin(split[run])]) for run in runs if len(run)]
    else:
        chosen = [int(place) for place in np.flatnonzero(fits)]
    return [(float(values[place]), float(values[place + 1])) for place in chosen]


def roundest(low: float, high: float) -> int | float:
    """The number of fewest digits above `low` and up to `high`.

    >>> roundest(24.7, 25.3), roundest(2.31, 2.72), roundest(-0.4, 0.2)
    (25, 2.5, 0)
    """
    start = floor(log10(max(abs(low), abs(high)))) + 1
    for exponent in range(start, start - 18, -1):
        for step in (10.0**exponent, 5 * 10.0 ** (exponent - 1)):
            number = round(floor(high / step) * step, max(0, 1 - exponent))
            if low < number <= high:
                return int(number) if number == int(number) else number
    return high


def _candidate(column: pd.Series, labels: np.ndarray, tolerated: int) -> Part | None:
    """A column whose value each class decides, as it is or cut; None for another, or another name of the classes."""
    if column.isna().any():
        return None
    codes, uniques = pd.factorize(column)
    classes = int(labels.max()) + 1
    if len(uniques) < 2:
        return None
    if len(uniques) <= classes and _split_classes(labels, codes) <= tolerated:
        if len(uniques) == classes:
            return None
        return Part(str(column.name), class_names(column))
    if not is_number(column):
        return None
    numbers = _numbers(column)
    whole = bool(np.isfinite(numbers).all() and (numbers == np.round(numbers)).all())
    cut = tuple(
        int(high) if whole else roundest(low, high) for low, high in thresholds(numbers, labels, tolerated)
    )
    return Part(str(column.name), cut_names(cut), cut) if cut else None


def _subsets(candidates: list[Part]) -> Iterator[tuple[Part, ...]]:
    """Small sets first; in each the columns keep their order."""
    for size in range(1, min(MOST_PARTS, len(candidates)) + 1):
        yield from combinations(candidates, size)


def _split_classes(labels: np.ndarray, codes: np.ndarray) -> int:
    """Rows that have not the value that most rows of their class have."""
    kinds = int(codes.max()) + 1
    counts = np.bincount(labels * kinds + codes, minlength=(int(labels.max()) + 1) * kinds)
    return int(len(labels) - counts.reshape(-1, kinds).max(axis=1).sum())


def _against(codes: np.ndarray, labels: np.ndarray) -> int:
    """Rows whose class and combination do not belong to each other; all where a class has none of its own."""
    combos = np.unique(codes, axis=1, return_inverse=True)[1].reshape(-1)
    classes = int(labels.max()) + 1
    pairs, counts = np.unique(combos * classes + labels, return_counts=True)
    combo, label = pairs // classes, pairs % classes
    most_of_combo, most_of_label = (np.zeros(int(of.max()) + 1, dtype=np.int64) for of in (combo, label))
    np.maximum.at(most_of_combo, combo, counts)
    np.maximum.at(most_of_label, label, counts)
    mutual = (counts == most_of_combo[combo]) & (counts == most_of_label[label])
    one_each = len(np.unique(combo[mutual])) == len(np.unique(label[mutual])) == mutual.sum()
    if not one_each or mutual.sum() != classes:
        return len(labels)
    return int(len(labels) - counts[mutual].sum())


def _without_needless_cuts(
    parts: tuple[Part, ...], frame: pd.DataFrame, labels: np.ndarray, tolerated: int
) -> tuple[Part, ...]:
    """The same parts, less the thresholds without which the rest decides the label as well."""
    for place, part in enumerate(parts):
        for threshold in part.cut:
            rest = tuple(number for number in parts[place].cut if number != threshold)
            if not rest:
                continue
            fewer = (*parts[:place], replace(part, cut=rest, values=cut_names(rest)), *parts[place + 1 :])
            codes = np.stack([each.codes(frame[each.column]) for each in fewer])
            if _against(codes, labels) <= tolerated:
                parts = fewer
    return parts


def _weighed(
    parts: tuple[Part, ...], frame: pd.DataFrame, labels: np.ndarray, names: tuple[str, ...]
) -> tuple[Part, ...]:
    """The parts with orders and weights by which label = Σ weight × code; as they are where there are none.

    The effect of each value on the label is solved for; a weight is the even step between effects.
    """
    if not all(name.isdecimal() for name in names):
        return parts
    firsts = [int(np.argmax(labels == code)) for code in range(len(names))]
    codes = [part.codes(frame[part.column].iloc[firsts]) for part in parts]
    wanted = np.array([int(name) for name in names], dtype=np.float64)
    design = np.concatenate(
        [np.eye(len(part.values))[code] for part, code in zip(parts, codes, strict=True)], axis=1
    )
    effects = np.split(
        np.linalg.lstsq(design, wanted, rcond=None)[0], np.cumsum([len(part.values) for part in parts])[:-1]
    )
    weighed = []
    for part, effect in zip(parts, effects, strict=True):
        order = np.argsort(effect, kind="stable")
        weight = round(float(np.diff(effect[order]).mean()))
        if weight < 1 or (part.cut and (order != np.arange(len(order))).any()):
            return parts
        weighed.append(replace(part, values=tuple(part.values[i] for i in order), weight=weight))
    made = sum(
        part.codes(frame[part.column].iloc[firsts]) * part.weight
        for part in weighed
        if part.weight is not None
    )
    if not np.array_equal(made, wanted):
        return parts
    return tuple(sorted(weighed, key=lambda part: -(part.weight or 0)))


def _numbers(texts: pd.Series) -> np.ndarray:
    return pd.to_numeric(texts).to_numpy(dtype=np.float64)
