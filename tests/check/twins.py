"""Clean twins: simulated data, folds and predictions in which no check should find anything.

Each is a function of the kind of data and a seed. What stands in `faults.py` is planted in them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from simulated import MAKERS, folds_of, hand, seen_of, with_inputs

from holdfast.check.base import Seen
from holdfast.data.dataset import Dataset

PERSONS = 10
EACH = {"table": 30, "windows": 30, "images": 16, "frames": 8}
SIZES = {"images": {"height": 32, "width": 48}}
USUAL = 0.4  # how much a person's own way weighs against what varies from sample to sample
APART = 5.0  # deviations between classes, for a good learner
TEST = 10_000  # added to a seed: other persons


@lru_cache(maxsize=8)
def persons(kind: str, seed: int) -> Seen:
    """Persons of their own ways, whole in folds; a test set of other persons; a sample submission that fits."""
    data = styled(kind, USUAL, np.arange(PERSONS), seed)
    test = replace(styled(kind, USUAL, np.arange(PERSONS), seed + TEST), target=None, groups=None, grids=None)
    test = replace(test, ids=np.array([f"t{i:04}" for i in range(len(test))]))
    seen = seen_of(data, folds_of(data), test, metric="mae" if kind == "frames" else "accuracy")
    if kind == "frames":
        seen = replace(seen, target=seen.target.model_copy(update={"shape": (1, *data.shape[1:])}))
        return with_sample(seen, {f"p{i}": 0.0 for i in range(data.shape[1] * data.shape[2])})
    return with_sample(seen, {"label": seen.target.names[0]})


@lru_cache(maxsize=4)
def strangers(kind: str, seed: int) -> Seen:
    """Persons whose ways differ so much that each can be told from all others."""
    data = styled(kind, 2.0, np.arange(PERSONS), seed)
    return seen_of(data, folds_of(data))


def styled(kind: str, strength: float, person: np.ndarray, seed: int) -> Dataset:
    """Simulated samples in groups, each group in the way of its `person`: level and size, of photos colours by blocks."""
    data = MAKERS[kind](groups=len(person), each=EACH[kind], seed=seed, **SIZES.get(kind, {}))
    who = np.repeat(person, EACH[kind])
    rng, X = np.random.default_rng([seed, 1]), data.source
    if kind == "frames":
        factor = np.exp(0.3 * strength * rng.normal(size=PERSONS))[who][:, None, None, None].astype(
            np.float32
        )
        assert data.grids is not None
        return replace(data, source=X * factor, grids=data.grids * factor)
    if kind == "images":
        colours = rng.normal(size=(PERSONS, 4, 4, 3))
        colours = colours.repeat(X.shape[1] // 4, axis=1).repeat(X.shape[2] // 4, axis=2)
        return with_inputs(data, np.clip(X + 25 * strength * colours[who], 0, 255).astype(np.uint8))
    level, size = rng.normal(size=(2, PERSONS, X.shape[-1]))
    if kind == "table":
        return with_inputs(
            data, (X * np.exp(0.1 * strength * size[who]) + strength * level[who]).astype(np.float32)
        )
    waves = rng.normal(size=(PERSONS, 4, 3)), rng.random((len(X), 4, 3))  # how each moves: sizes; phases
    pace = 2 * np.pi * 2 * np.arange(1, 5)[:, None, None] * np.arange(X.shape[1]) / X.shape[1]
    moves = (waves[0][who, ..., None] * np.sin(pace + 2 * np.pi * waves[1][..., None])).sum(axis=1)
    return with_inputs(
        data, (X + strength * (0.3 * level[who, None] + moves.swapaxes(1, 2))).astype(np.float32)
    )


def with_sample(seen: Seen, columns: dict[str, Any]) -> Seen:
    """A sample submission for the test set, with these columns of constants."""
    assert seen.test is not None
    kept = {"id": seen.test.ids, **columns}
    file = Path(_folder().name) / f"{abs(hash(tuple(columns.items())))}-{len(seen.test)}.csv"
    if not file.exists():
        pd.DataFrame(kept).to_csv(file, index=False)
    return replace(seen, sample=file)


@cache
def _folder() -> TemporaryDirectory[str]:
    """For sample submissions; gone when Python ends."""
    return TemporaryDirectory(prefix="twins-")


def recording(kind: str, seed: int) -> Seen:
    """One recording whose target keeps for a while, split into four blocks of time."""
    data = in_runs(kind, 10, seed)
    return seen_of(data, hand(np.arange(len(data)) * 4 // len(data)))


def in_runs(kind: str, run: int, seed: int) -> Dataset:
    """Samples in an order in which so many in a row have like targets."""
    data, rng = MAKERS[kind](groups=PERSONS, each=24, seed=seed), np.random.default_rng([seed, 2])
    assert data.target is not None
    rows = np.argsort(data.target, kind="stable").reshape(-1, run)
    data = data.take(rng.permutation(rows).ravel())
    return replace(data, groups=None, order=np.arange(float(len(data))))


def side_by_side(kind: str, seed: int) -> Seen:
    """Recordings cut into windows of 16 steps (samples of 4 frames) that do not overlap, in random folds."""
    return cut(kind, 1.0, seed)


def cut(kind: str, hop: float, seed: int) -> Seen:
    """The same, with the next window begun after a part `hop` of one."""
    rng, base = np.random.default_rng([seed, 3]), MAKERS[kind]()
    length, shape = (4, (8, 8)) if kind == "frames" else (16, (3,))
    step = max(1, round(hop * length))
    starts = np.arange(0, 10 * length, step)
    recordings = rng.normal(size=(6, starts[-1] + length, *shape)).astype(np.float32)
    X = np.concatenate([[one[start : start + length] for start in starts] for one in recordings])
    y, n = rng.permutation(np.arange(len(X)) % 3), len(X)
    if kind == "frames":
        X, base = np.abs(X), replace(base, grids=np.abs(rng.normal(size=(n, 1, *shape))))
    data = replace(
        base, ids=np.array([f"r{i:03}" for i in range(n)]), source=X, groups=None,
        target=X.mean(axis=(1, 2, 3)) if kind == "frames" else y,
    )  # fmt: skip
    return seen_of(data, hand(rng.permutation(n) % 4))


def predicted(kind: str, seed: int) -> Seen:
    """Persons, and the out-of-fold and test predictions of two learners that hardly differ, of classes well apart."""
    seen = persons(kind, seed)
    return learned(seen_of(seen.train, seen.folds, seen.test, metric="log_loss"), seed)


def learned(seen: Seen, seed: int, given: np.ndarray | None = None, shares: np.ndarray | None = None) -> Seen:
    """Predictions by logistic regression of simulated features, learned from the labels `given`, each fold by itself.

    `given`: the labels that the data then have, in place of the right ones. `shares`: of the test set's classes.
    """
    from sklearn.linear_model import LogisticRegression

    data, folds, test = seen.train, seen.folds, seen.test
    assert data.target is not None
    assert folds is not None
    assert test is not None
    rng, right = np.random.default_rng([seed, 4]), data.target
    given = right if given is None else given
    own = np.bincount(right) / len(right)
    there = rng.choice(3, len(test), p=own if shares is None else shares)
    Z, Zt = (APART * np.eye(3, 4)[y] / np.sqrt(2) + rng.normal(size=(len(y), 4)) for y in (right, there))
    oof, tested = {}, {}
    for name, C in (("a", 10.0), ("b", 9.9)):
        made, later = np.empty((len(right), 3)), []
        for k in range(folds.k):
            train, valid = folds.part(0, k)
            model = LogisticRegression(C=C, max_iter=500).fit(Z[train], given[train])
            made[valid] = model.predict_proba(Z[valid])
            later.append(model.predict_proba(Zt))
        oof[name], tested[name] = made[None], np.mean(later, axis=0)
    return replace(seen, train=replace(data, target=given), oof=oof, tested=tested, held={})


def even(kind: str, seed: int) -> Seen:
    """Persons, and two members whose scores hardly vary from person to person."""
    return members(kind, 0.005, seed)


def members(kind: str, vary: float, seed: int) -> Seen:
    """Two members that are right; how sure the second is varies from person to person by `vary`."""
    seen, rng = persons(kind, seed), np.random.default_rng([seed, 5])
    who = np.unique(np.asarray(seen.train.groups), return_inverse=True)[1]
    right, oof = np.eye(3)[seen.truth], {}
    for name, by in (("a", 0.0), ("b", vary)):
        level = 0.7 + by * rng.permutation(np.linspace(-1, 1, PERSONS))[who][:, None]
        oof[name] = (level * right + (1 - level) / 3)[None]
    asks = seen_of(seen.train, seen.folds, seen.test, metric="log_loss")
    return replace(asks, oof=oof)
