"""Which labels are likely wrong, from out-of-fold probabilities: pure functions of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from holdfast.recipe.target import TargetSpec


@dataclass(frozen=True)
class Suspects:
    """Of each training sample, `(n,)`: how its label fares in the out-of-fold probabilities.

    `confidence`: probability of the given label; `margin`: that less the largest of any other; `instead`: the class
    that it seems to be; `suspected`: whether that class's probability reaches what its own members get in the mean.
    `rank`: 0 for the label most likely wrong; `rank_in_group`: among the samples of one group.
    `noise`: whether labels are wrong at all, and about how many.
    """

    confidence: np.ndarray
    margin: np.ndarray
    instead: np.ndarray
    suspected: np.ndarray
    rank: np.ndarray
    rank_in_group: np.ndarray
    noise: Noise

    @property
    def order(self) -> np.ndarray:
        """Rows, the label most likely wrong first."""
        return np.argsort(self.rank)


def suspects_of(p: np.ndarray, y: np.ndarray, groups: np.ndarray | None = None) -> Suspects:
    """The likely wrong labels among class codes `y` `(n,)`, from out-of-fold probabilities `p` `(n, classes)`.

    Suspected by confident learning (Northcutt et al. 2021): another class's probability reaches the mean that its own
    samples are given, and exceeds the label's by more than a half, so that near classes are not suspected of
    each other. Ranked by the margin, as cleanlab's normalized margin. The probabilities are calibrated first; where
    groups are labelled as one, they are the group's (`pooled`).
    """
    p, as_one = pooled(p, y, groups)
    noise, rows = noise_of(p, y, as_one), np.arange(len(y))
    p = noise.p
    confidence = p[rows, y]
    others = p.copy()
    others[rows, y] = -np.inf
    margin = confidence - others.max(axis=1)
    level = np.array([confidence[y == c].mean() if (y == c).any() else np.inf for c in range(p.shape[1])])
    strong = strong_classes(p, level)
    instead = np.where(strong >= 0, strong, others.argmax(axis=1))
    suspected = against(p, strong, y)
    rank = np.empty(len(y), dtype=np.int64)
    rank[np.lexsort((rows, margin, ~suspected))] = rows
    return Suspects(confidence, margin, instead, suspected, rank, ranks_in(groups, rank), noise)


def pooled(p: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> tuple[np.ndarray, float]:
    """The probabilities of whole groups, where these are labelled as one; and how many samples then share a label.

    Photos of a person have one gender: what was labelled is the person, and its photos are witnesses of one label.
    The mean of their logarithms is taken, not the sum, since they err together. So it is where nearly all samples
    have the label of most of their group, and the most frequent class alone does not bring that about.

    >>> p = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.2, 0.8]])
    >>> pooled(p, np.array([0, 0, 1, 1]), np.array(["a", "a", "b", "b"]))[0].round(2).tolist()
    [[0.71, 0.29], [0.71, 0.29], [0.2, 0.8], [0.2, 0.8]]
    """
    if groups is None:
        return p, 1.0
    names, codes = np.unique(groups, return_inverse=True)
    held = np.zeros((len(names), p.shape[1]))
    np.add.at(held, (codes, y), 1)
    each, odd = len(y) / len(names), 1 - held.max(axis=1).sum() / len(y)
    if each < 2 or odd > min(ODD, (1 - held.sum(axis=0).max() / len(y)) / 4):
        return p, 1.0
    logs = np.zeros_like(held)
    np.add.at(logs, codes, np.log(np.clip(p, 1e-12, None, dtype=np.float64)))
    made = np.exp(logs / held.sum(axis=1, keepdims=True))
    return (made / made.sum(axis=1, keepdims=True))[codes], each


@dataclass(frozen=True)
class Noise:
    """Probabilities as the labels bear them out, `(n, classes)`; how many labels are beyond them, by how much likelier.

    `wrong`: about how many labels are wrong; `gain`: twice the gain in log likelihood over no label being wrong.
    """

    p: np.ndarray
    wrong: float
    gain: float


def noise_of(p: np.ndarray, y: np.ndarray, as_one: float = 1.0) -> Noise:
    """Tells a model that is too sure of itself from labels that are wrong. `as_one`: samples that share a label.

    Each label is taken as drawn from `p` raised to a power (temperature scaling, Guo et al. 2017), but a share of them at
    random from all classes; power and share by maximum likelihood. Of a model too sure the power takes
    care: its errors thin out as its certainty grows. Wrong labels are as many where it is certain.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    logs = np.log(np.clip(p, 1e-12, None, dtype=np.float64))
    rows, chance = np.arange(len(y)), 1 / p.shape[1]

    def of_label(power: float) -> np.ndarray:
        return np.exp(log_softmax(logs * power, axis=1)[rows, y])

    def loss(share: float, told: np.ndarray) -> float:
        return -float(np.log(np.maximum((1 - share) * told + share * chance, 1e-300)).sum())

    def best_share(power: float) -> tuple[float, float]:
        told = of_label(power)
        found = minimize_scalar(loss, bounds=(0, MOST), args=(told,), method="bounded")
        return (float(found.fun), float(found.x)) if found.fun < loss(0, told) else (loss(0, told), 0.0)

    plain = minimize_scalar(lambda at: loss(0, of_label(np.exp(at))), bounds=POWERS, method="bounded")
    mixed = minimize_scalar(lambda at: best_share(np.exp(at))[0], bounds=POWERS, method="bounded")
    share = best_share(np.exp(mixed.x))[1]
    calibrated = np.exp(log_softmax(logs * np.exp(mixed.x), axis=1))
    return Noise(calibrated, share * (1 - chance) * len(y), 2 * float(plain.fun - mixed.fun) / as_one)


POWERS = (-3.0, 2.0)  # logarithm of the inverse of a temperature
MOST = 0.6  # share of labels drawn at random
GAIN = (
    15.0  # chance alone gives more than 10.8 once in two thousand; real models are not of this form exactly
)
ODD = (
    0.05  # share of samples whose label is not that of most of their group, where groups are labelled as one
)
MARGIN = 0.5  # by which another class must be more probable than the label


def labels_are_wrong(each: dict[str, Suspects]) -> bool:
    """Whether some labels are beyond what probabilities that are merely too sure would explain, over all attributes."""
    return sum(one.noise.gain for one in each.values()) > GAIN


def strong_classes(p: np.ndarray, level: np.ndarray) -> np.ndarray:
    """The most probable class of each row among those that reach their level; -1 where none does."""
    reached = np.where(p >= level, p, -np.inf)
    return np.where(np.isfinite(reached.max(axis=1)), reached.argmax(axis=1), -1)


def against(p: np.ndarray, strong: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether a row's strong class speaks against the label `y`."""
    rows = np.arange(len(p))
    return (strong >= 0) & (strong != y) & (p[rows, strong] - p[rows, y] > MARGIN)


def ranks_in(groups: np.ndarray | None, rank: np.ndarray) -> np.ndarray:
    """The place of each row among those of its group, by `rank`.

    >>> ranks_in(np.array(["a", "b", "a"]), np.array([2, 0, 1])).tolist()
    [1, 0, 0]
    """
    if groups is None:
        return rank
    codes = np.unique(groups, return_inverse=True)[1]
    order = np.lexsort((rank, codes))
    starts = np.r_[0, np.flatnonzero(np.diff(codes[order])) + 1]
    within = np.empty(len(rank), dtype=np.int64)
    within[order] = np.arange(len(rank)) - np.repeat(starts, np.diff(np.r_[starts, len(rank)]))
    return within


def attribute_suspects(
    p: np.ndarray, y: np.ndarray, target: TargetSpec, groups: np.ndarray | None = None
) -> dict[str, Suspects]:
    """The same of each attribute of joint classes, from its marginal probabilities; one entry, "", without attributes."""
    if not target.attributes:
        return {"": suspects_of(p, y, groups)}
    return {one.name: suspects_of(one.marginal(p), one.codes(y), groups) for one in target.attributes}


def together(each: dict[str, Suspects]) -> np.ndarray:
    """Rows, the label most likely wrong first: by the attribute that speaks most against it.

    What is suspected in any attribute stands before what is in none; among these the smallest margin counts.
    """
    suspected = np.stack([one.suspected for one in each.values()])
    margin = np.where(
        suspected.any(axis=0) & ~suspected, np.inf, np.stack([one.margin for one in each.values()])
    )
    return np.lexsort((np.arange(suspected.shape[1]), margin.min(axis=0), ~suspected.any(axis=0)))


def by_cleanlab(p: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """Rows that cleanlab's filter (both its prunings) takes for wrong, the worst first; None where it is not installed.

    Left out too where a class has no sample, which cleanlab refuses.
    """
    if find_spec("cleanlab") is None or len(np.unique(y)) < p.shape[1]:
        return None
    from cleanlab.filter import find_label_issues

    shares = np.asarray(p, dtype=np.float64)
    shares = shares / shares.sum(axis=1, keepdims=True)
    return np.asarray(
        find_label_issues(y, shares, return_indices_ranked_by="normalized_margin", filter_by="both", n_jobs=1)
    )
