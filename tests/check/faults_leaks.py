"""HF1xx: faults that let a model meet in training what it will be asked about."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from fault import Fault, Plant
from simulated import folds_of, hand, shifted, with_inputs
from twins import PERSONS, cut, in_runs, persons, recording, side_by_side, strangers, styled

from holdfast.check.base import KINDS, Seen
from holdfast.data.dataset import Dataset

LIKE = ("table", "windows", "images")
Change = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


def same(one: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    return one


def later(one: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    return shifted(3, noise, seed=int(rng.integers(1000)))(one)


def nearly(one: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(one + rng.normal(scale=noise, size=one.shape))


def jpeg(one: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(one)).save(held, "JPEG", quality=round(quality))
    return np.asarray(Image.open(held))


def resized(one: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    from PIL import Image

    h, w = one.shape[:2]
    small = Image.fromarray(one).resize((round(w * share), round(h * share)), Image.Resampling.BILINEAR)
    return np.asarray(small.resize((w, h), Image.Resampling.BILINEAR))


def flipped(one: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    return jpeg(one[:, ::-1] if rng.random() < 0.5 else one[::-1], quality, rng)


def copies(change: Change, share: float = 0.01) -> Plant:
    """A share of the samples (two at least) become copies, changed, of samples in other folds."""

    def plant(seen: Seen, strength: float, rng: np.random.Generator) -> Seen:
        assert seen.folds is not None
        X, fold = seen.train.source.copy(), seen.folds.fold[0]
        rows = rng.permutation(len(X))
        for one in rows[: max(2, round(share * len(X)))]:
            other = next(row for row in rows[::-1] if fold[row] != fold[one])
            rows = rows[rows != other]
            X[other] = change(X[one], strength, rng)
        return replace(seen, train=with_inputs(seen.train, X))

    return plant


def exact_copies(seen: Seen, share: float, rng: np.random.Generator) -> Seen:
    return copies(same, share)(seen, share, rng)


def in_the_test_set(change: Change) -> Plant:
    """One training sample in a hundred (two at least) is a test sample too, changed."""

    def plant(seen: Seen, strength: float, rng: np.random.Generator) -> Seen:
        assert seen.test is not None
        X, count = seen.test.source.copy(), max(2, len(seen.test) // 100)
        rows, places = (rng.permutation(len(one))[:count] for one in (seen.train, seen.test))
        for row, place in zip(rows, places):
            X[place] = change(seen.train.source[row], strength, rng)
        return replace(seen, test=with_inputs(seen.test, X))

    return plant


def under_two_ids(seen: Seen, strength: float, rng: np.random.Generator) -> Seen:
    """Persons who differ by `strength`; the last group is the first person again."""
    who = np.arange(PERSONS)
    who[-1] = 0
    data = styled(seen.train.kind, strength, who, int(rng.integers(10_000)))
    return replace(seen, train=data, folds=folds_of(data))


def group_cut(seen: Seen, count: float, rng: np.random.Generator) -> Seen:
    """Some samples of a group stand in another fold than the rest of it."""
    assert seen.folds is not None
    fold = seen.folds.fold[0].copy()
    rows = rng.permutation(np.flatnonzero(seen.train.groups == "g2"))[: round(count)]
    fold[rows] = (fold[rows] + 1) % 4
    return replace(seen, folds=hand(fold))


def sorted_by_target(seen: Seen, strays: float, rng: np.random.Generator) -> Seen:
    """Rows of all persons sorted by the target, each moved by chance by about a share of the rows."""
    data = seen.train
    assert data.target is not None
    place = np.argsort(np.argsort(data.target, kind="stable")) / len(data)
    data = data.take(np.argsort(place + rng.normal(scale=strays, size=len(data)), kind="stable"))
    data = replace(data, groups=rng.permutation(data.groups))
    return replace(seen, train=data, folds=folds_of(data))


def in_disguise(seen: Seen, noise: float, rng: np.random.Generator) -> Seen:
    """A column or channel more: the target and noise. In photos a patch as bright as the class says."""
    data = seen.train
    assert data.target is not None
    said = (data.target + rng.normal(scale=noise, size=len(data))).astype(np.float32)
    X = data.source
    if data.kind == "images":
        X = X.copy()
        X[:, :6, :8] = np.clip(60 + 60 * said, 0, 255)[:, None, None, None]
        return replace(seen, train=with_inputs(data, X))
    said = said[:, None].repeat(X.shape[1], axis=1) if data.kind == "windows" else said
    wider = replace(data, source=np.concatenate([X, said[..., None]], axis=-1), names=(*data.names, "leak"))
    return replace(seen, train=wider, test=None)


def time_mixed(seen: Seen, run: float, rng: np.random.Generator) -> Seen:
    """Random folds over a recording in which so many samples in a row have like targets."""
    data: Dataset = in_runs(seen.train.kind, round(run), int(rng.integers(10_000)))
    return replace(seen, train=data, folds=hand(rng.permutation(len(data)) % 4))


def overlapping(seen: Seen, share: float, rng: np.random.Generator) -> Seen:
    """Windows, each of which shares a part of its steps with the next."""
    return cut(seen.train.kind, 1 - share, int(rng.integers(10_000)))


FAULTS = [
    *(Fault("HF101", kind, "share copied", (0.002, 0.01, 0.05), persons, exact_copies) for kind in KINDS),
    Fault("HF102", "windows", "1 % copied 3 steps later, noise", (0.4, 0.15, 0.05), persons, copies(later)),
    Fault("HF102", "table", "1 % copied, noise", (0.3, 0.05, 0.001), persons, copies(nearly)),
    Fault("HF102", "images", "1 % as JPEG of quality", (5, 30, 90), persons, copies(jpeg)),
    Fault("HF102", "images", "1 % resized by", (0.1, 0.25, 0.75), persons, copies(resized)),
    Fault("HF102", "images", "1 % flipped, JPEG of quality", (5, 30, 90), persons, copies(flipped)),
    *(
        Fault("HF103", kind, "persons differ by", (1.0, 2.0, 3.0), strangers, under_two_ids)
        for kind in LIKE
    ),
    *(Fault("HF104", kind, "samples cut off", (1, 2, 5), persons, group_cut) for kind in KINDS),
    *(Fault("HF105", kind, "strays from the order", (0.3, 0.1, 0.0), persons, sorted_by_target) for kind in LIKE),
    *(Fault("HF106", kind, "noise", (0.3, 0.15, 0.05), persons, in_disguise) for kind in LIKE),
    Fault("HF107", "windows", "1 % 3 steps later, noise", (0.4, 0.15, 0.05), persons, in_the_test_set(later)),
    Fault("HF107", "table", "1 % with noise", (0.3, 0.05, 0.001), persons, in_the_test_set(nearly)),
    Fault("HF107", "images", "1 % as JPEG of quality", (5, 30, 90), persons, in_the_test_set(jpeg)),
    Fault("HF107", "frames", "1 % equal", (0.0,), persons, in_the_test_set(same)),
    *(Fault("HF108", kind, "like targets in a row", (2, 4, 10), recording, time_mixed) for kind in KINDS),
    Fault("HF109", "windows", "share of a window", (0.1, 0.25, 0.5), side_by_side, overlapping),
    Fault("HF109", "frames", "share of the frames", (0.25, 0.5, 0.75), side_by_side, overlapping),
]  # fmt: skip
