"""What paired comparisons say: helps, hurts or can't tell, how likely each is, and how many repeats more would tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from holdfast.metrics.paired import Paired, holm

ALPHA = 0.05  # chance of one false "helps" or "hurts", or more, among all that are compared together
HELPS, HURTS, CANT_TELL = "helps", "hurts", "can't tell"
ROPE_SHARE = 0.1  # of the width of the score's own 95 % interval
MOST_FOLDS = 100_000  # a number of folds that nobody trains counts as never


@dataclass(frozen=True)
class Belief:
    """How likely the true difference is better, too small to matter, or worse; they sum to one.

    NaN where fewer than two folds were compared.
    """

    helps: float
    equivalent: float
    hurts: float


@dataclass(frozen=True)
class Verdict:
    """What a comparison says of its first side against its second.

    `adjusted`: the p of the paired test, corrected for all that were compared together; `rope`: half the width of the
    region of practical equivalence, in the metric's unit; `repeats_more`: about how many further repeats would tell
    an effect of the size seen, 0 where it is told, infinity where no number would.
    """

    says: str
    adjusted: float
    rope: float
    belief: Belief
    repeats_more: float

    def plain(self) -> dict[str, Any]:
        """Plain values, to keep; None for what is unknown, `"never"` for an infinity of repeats."""
        belief = {key: None if math.isnan(value) else value for key, value in asdict(self.belief).items()}
        more = int(self.repeats_more) if math.isfinite(self.repeats_more) else "never"
        held = {"verdict": self.says, "adjusted": self.adjusted, "rope": self.rope}
        return {**held, **belief, "repeats_more": more}


def verdicts(
    found: Sequence[Paired], greater_is_better: bool, rope: float, k: int, adjusted: np.ndarray | None = None
) -> list[Verdict]:
    """A verdict for each of several comparisons that are looked at together.

    It rests on the corrected paired test alone, so that false alarms stay under control: helps or hurts where the
    p that Holm adjusted is at most `ALPHA`. `adjusted`: these p where they are corrected for more than that. `k`:
    folds in a repeat.
    """
    p = holm(np.array([one.p for one in found])) if adjusted is None else adjusted
    standing = max(1, int((p > ALPHA).sum()))  # the level that a next one has to meet is shared by these
    return [
        Verdict(
            says(one, float(own), greater_is_better),
            float(own),
            rope,
            belief(one, greater_is_better, rope),
            0.0 if own <= ALPHA else repeats_to_tell(one, k, ALPHA / standing),
        )
        for one, own in zip(found, p, strict=True)
    ]


def says(found: Paired, adjusted: float, greater_is_better: bool) -> str:
    """The word for a difference, first less second, of such a corrected p."""
    if adjusted > ALPHA:
        return CANT_TELL
    return HELPS if (found.difference > 0) == greater_is_better else HURTS


def belief(found: Paired, greater_is_better: bool, rope: float) -> Belief:
    """What the correlated Bayesian t-test believes (Benavoli, Corani, Demšar and Zaffalon 2017).

    The posterior of the difference is a Student t around it, with the corrected error as its scale: folds are
    correlated by the share of rows that is scored, rho, and `1 / J + rho / (1 - rho)` is what the corrected test
    multiplies the variance by. It informs beside the verdict, and knows nothing of other comparisons.
    """
    from scipy.stats import t

    freedom = _told(found) - 1
    if not math.isfinite(found.error) or freedom < 1:
        return Belief(math.nan, math.nan, math.nan)
    better = found.difference if greater_is_better else -found.difference
    if found.error == 0:
        return Belief(float(better > rope), float(abs(better) <= rope), float(better < -rope))
    helps = float(t.sf((rope - better) / found.error, freedom))
    hurts = float(t.cdf((-rope - better) / found.error, freedom))
    return Belief(helps, max(0.0, 1 - helps - hurts), hurts)


def repeats_to_tell(found: Paired, k: int, level: float = ALPHA) -> float:
    """The smallest number of further repeats of `k` folds at which a difference of the size seen is significant.

    The folds' spread is taken to stay as it is. Infinity where even endless repeats would not do: the ratio of
    rows scored to rows trained on stays in the corrected error whatever is repeated; other data would be needed.

    >>> seen = Paired(0.02, -0.03, 0.07, 0.3, 0.02, 0.25, (0.0, 0.02, 0.04, 0.06, -0.02))
    >>> repeats_to_tell(seen, 5)
    inf
    """
    from scipy.stats import norm, t

    count = _told(found)
    if count < 2 or not math.isfinite(found.error) or found.difference == 0:
        return math.inf
    if found.error == 0:
        return 0.0
    spread = found.error / math.sqrt(1 / count + found.ratio)
    size = abs(found.difference) / spread

    def tells(folds: int) -> bool:
        return bool(size >= t.ppf(1 - level / 2, folds - 1) * math.sqrt(1 / folds + found.ratio))

    if size <= norm.ppf(1 - level / 2) * math.sqrt(found.ratio) or not tells(MOST_FOLDS):
        return math.inf
    low, high = -1, math.ceil((MOST_FOLDS - count) / k)  # further repeats: too few, enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if tells(count + middle * k) else (middle, high)
    return float(high)


def _told(found: Paired) -> int:
    """How many folds have a difference; one lacks it where a fold lacks what the metric needs."""
    return int((~np.isnan(found.per_fold)).sum())
