"""HF2xx, HF4xx, HF5xx: faults of labels, of the test set and sources, and questions that the data do not bear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fault import Fault
from simulated import folds_of, with_inputs
from twins import even, learned, members, persons, predicted, with_sample

from holdfast.check.base import KINDS, Seen

LIKE = ("table", "windows", "images")


def mislabelled(seen: Seen, share: float, rng: np.random.Generator) -> Seen:
    """A share of the labels is another class; two learners learn from them."""
    right = seen.truth
    rows = rng.permutation(len(right))[: round(share * len(right))]
    given = right.copy()
    given[rows] = (right[rows] + rng.integers(1, 3, len(rows))) % 3
    return learned(seen, int(rng.integers(10_000)), given)


def contradicting(seen: Seen, count: float, rng: np.random.Generator) -> Seen:
    """Samples that are equal to one of another class."""
    X, y = seen.train.source.copy(), seen.truth
    for one in rng.permutation(np.flatnonzero(y == 0))[: round(count)]:
        X[one] = X[rng.choice(np.flatnonzero(y == 1))]
    return replace(seen, train=with_inputs(seen.train, X))


def rare(seen: Seen, lacking: float, rng: np.random.Generator) -> Seen:
    """A class in so many groups fewer than there are folds."""
    data = seen.train
    assert data.groups is not None
    held = rng.permutation(np.unique(data.groups))[: 4 - round(lacking)]
    data = data.take(np.flatnonzero((seen.truth != 2) | np.isin(data.groups, held)))
    return replace(seen, train=data, folds=folds_of(data))


def raised(X: np.ndarray, by: float) -> np.ndarray:
    """Inputs moved by so many deviations; frames by as much of their size."""
    if X.dtype == np.uint8:
        return np.asarray(np.clip(X + by * X.std(), 0, 255).astype(np.uint8))
    return np.asarray(X * (1 + by) if X.ndim == 4 else X + by * X.std(axis=tuple(range(X.ndim - 1))))


def moved(seen: Seen, by: float, rng: np.random.Generator) -> Seen:
    """A test set whose values lie elsewhere."""
    assert seen.test is not None
    return replace(seen, test=with_inputs(seen.test, raised(seen.test.source, by)))


def other_shares(seen: Seen, more: float, rng: np.random.Generator) -> Seen:
    """A test set with more of the first class and less of the others."""
    even_shares = np.bincount(seen.truth) / len(seen.truth)
    shares = np.array([1.0, 0.0, 0.0]) * more + (1 - more) * even_shares
    return learned(seen, int(rng.integers(10_000)), shares=shares)


def alone(seen: Seen, by: float, rng: np.random.Generator) -> Seen:
    """One group whose values lie elsewhere."""
    X, mine = seen.train.source.copy(), seen.train.groups == "g3"
    X[mine] = raised(X, by)[mine]
    return replace(seen, train=with_inputs(seen.train, X))


def from_sources(seen: Seen, share: float, rng: np.random.Generator) -> Seen:
    """Ids that begin with a source; a share of the samples is from the source of their class, the others from any."""
    places = np.array(["north", "south", "west"])
    own, any_one = places[seen.truth], places[rng.integers(0, 3, len(seen.truth))]
    source = np.where(rng.random(len(own)) < share, own, any_one)
    ids = np.array([f"{one}_{i:04}" for i, one in enumerate(source)])
    return replace(seen, train=replace(seen.train, ids=ids))


def few(seen: Seen, groups: float, rng: np.random.Generator) -> Seen:
    """So many groups only."""
    assert seen.train.groups is not None
    held = rng.permutation(np.unique(seen.train.groups))[: round(groups)]
    data = seen.train.take(np.flatnonzero(np.isin(seen.train.groups, held)))
    return replace(seen, train=data, folds=folds_of(data))


def other_sample(seen: Seen, strength: float, rng: np.random.Generator) -> Seen:
    """A sample submission of probabilities, where the metric scores labels; of frames, one that lacks two pixels."""
    if seen.target.kind == "grid":
        return with_sample(seen, {f"p{i}": 0.0 for i in range(int(np.prod(seen.target.shape)) - 2)})
    return with_sample(seen, dict.fromkeys(seen.target.names, 1 / 3))


def uneven(seen: Seen, vary: float, rng: np.random.Generator) -> Seen:
    """Members whose scores vary from person to person."""
    return members(seen.train.kind, vary, int(rng.integers(10_000)))


FAULTS = [
    *(Fault("HF201", kind, "share wrong", (0.01, 0.05, 0.15), predicted, mislabelled) for kind in LIKE),
    *(Fault("HF202", kind, "contradictions", (1, 2, 5), persons, contradicting) for kind in LIKE),
    *(Fault("HF203", kind, "groups too few", (1, 2, 3), persons, rare) for kind in LIKE),
    *(Fault("HF401", kind, "deviations", (0.5, 2.0, 4.0), persons, moved) for kind in KINDS),
    *(Fault("HF402", kind, "share moved", (0.1, 0.3, 0.7), predicted, other_shares) for kind in LIKE),
    *(Fault("HF403", kind, "deviations", (1.0, 4.0, 8.0), persons, alone) for kind in KINDS),
    *(Fault("HF404", kind, "share of its source", (0.5, 0.85, 1.0), persons, from_sources) for kind in LIKE),
    *(Fault("HF501", kind, "groups", (4, 3, 2), persons, few) for kind in KINDS),
    *(Fault("HF502", kind, "sample of another form", (1.0,), persons, other_sample) for kind in KINDS),
    *(Fault("HF503", kind, "variation", (0.02, 0.1, 0.25), even, uneven) for kind in LIKE),
]
