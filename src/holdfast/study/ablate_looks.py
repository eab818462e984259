"""When the variants of an ablation are looked at, and what each look may say without raising false alarms.

Whoever looks often enough sees a win by chance. So the chance of a false alarm, `ALPHA`, is spent over the looks: when
`n` of `T` folds are done, `ALPHA · (n / T)^3` has been spent in all (Kim and DeMets 1987), little early and most at
the end. A look's p is judged by its own share alone. That the looks are correlated is not made use of, which errs on
the safe side. Over the variants stands Holm's correction; a variant that has been told leaves its share to the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from holdfast.metrics.paired import Paired, holm
from holdfast.metrics.verdict import ALPHA

FIRST = 0.6  # of the folds of a single repeat, done before the first look
FEWEST = 3  # folds, before which no look is worth its share
POWER = 3  # of the share of folds that are done


@dataclass(frozen=True)
class Told:
    """Where a variant stands: its p corrected for looks and variants, and after how many folds it fell below ALPHA."""

    adjusted: float
    at: int | None


def planned(k: int, repeats: int) -> tuple[int, ...]:
    """After how many folds the looks come: at each end of a repeat; of a single one before its end, too.

    >>> planned(5, 1), planned(10, 1), planned(5, 3), planned(3, 1)
    ((3, 5), (6, 10), (5, 10, 15), (3,))
    """
    if repeats > 1:
        return tuple(k * r for r in range(1, repeats + 1))
    first = max(FEWEST, math.ceil(FIRST * k))
    return (first, k) if first < k else (k,)


def share(folds: int, before: int, total: int) -> float:
    """What a look after so many folds may spend of ALPHA, as a share of it, where the last one came after `before`.

    >>> round(share(3, 0, 5), 3), round(share(5, 3, 5), 3)
    (0.216, 0.784)
    """
    return (folds**POWER - before**POWER) / total**POWER


def judge(seen: Mapping[str, Mapping[int, Paired]], total: int) -> dict[str, Told]:
    """All looks so far in their order. `seen`: of each variant the comparison at each of its looks, by folds done.

    Each variant counts, those without a look as well. A false alarm, or more than one, comes with a probability of
    at most ALPHA: before the first one only true effects were told, so that each variant without an effect had, in
    all its looks, at most ALPHA divided by the number of such variants.
    """
    told = {name: Told(1.0, None) for name in seen}
    for n in sorted({n for looks in seen.values() for n in looks}):
        open_ = [name for name, one in told.items() if one.at is None]
        p = [_p(seen[name], n, total) for name in open_]
        for name, adjusted in zip(open_, holm(np.array(p)), strict=True):
            if n in seen[name]:
                least = min(told[name].adjusted, float(adjusted))
                told[name] = Told(least, n if least <= ALPHA else None)
    return told


def _p(looks: Mapping[int, Paired], n: int, total: int) -> float:
    """The p of a look, as if its share of ALPHA were all of it; 1 where the variant is not looked at."""
    if n not in looks:
        return 1.0
    before = max((m for m in looks if m < n), default=0)
    return min(1.0, looks[n].p / share(n, before, total))
