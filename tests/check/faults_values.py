"""HF3xx: faults among values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fault import Fault
from simulated import windows, with_inputs
from twins import EACH, PERSONS, persons

from holdfast.check.base import KINDS, Seen
from holdfast.check.channel_facts import AXIS

LACKING = ("table", "windows", "frames")


def channels(seen: Seen, X: np.ndarray) -> np.ndarray:
    """A view of the inputs with the channels last."""
    return np.moveaxis(X, AXIS.get(seen.train.kind, 1), -1)


def with_source(seen: Seen, X: np.ndarray) -> Seen:
    return replace(seen, train=with_inputs(seen.train, X))


def lost(seen: Seen, share: float, rng: np.random.Generator) -> Seen:
    """A share of the values of one class is missing; of frames, of one channel."""
    X = seen.train.source.copy()
    if seen.train.kind == "frames":
        view = channels(seen, X)
        view[..., 1] = np.where(rng.random(view[..., 1].shape) < share, np.nan, view[..., 1])
        return with_source(seen, X)
    gone = rng.random(X.shape) < share
    X[gone & (seen.truth == 1).reshape(-1, *[1] * (X.ndim - 1))] = np.nan
    return with_source(seen, X)


def twice(seen: Seen, noise: float, rng: np.random.Generator) -> Seen:
    """A channel that is another one in another unit, but for noise (a share of its deviation)."""
    X = seen.train.source.copy()
    view = channels(seen, X)
    view[..., 1] = 2.5 * (view[..., 2] + noise * view[..., 2].std() * rng.normal(size=view.shape[:-1]))
    return with_source(seen, X)


def colourless(seen: Seen, share: float, rng: np.random.Generator) -> Seen:
    """Grey photos, but for a share that has colours."""
    X = seen.train.source.copy()
    grey = rng.random(len(X)) >= share
    X[grey] = X[grey].mean(axis=-1, keepdims=True).astype(np.uint8)
    return with_source(seen, X)


def switched_off(seen: Seen, count: float, rng: np.random.Generator) -> Seen:
    """Windows in which a channel stands still."""
    X = seen.train.source.copy()
    X[rng.permutation(len(X))[: round(count)], :, 1] = 0
    return with_source(seen, X)


def slipped(seen: Seen, factor: float, rng: np.random.Generator) -> Seen:
    """One value in one sample, larger than all others by a factor."""
    X = seen.train.source.copy()
    X[(rng.integers(len(X)), *(rng.integers(side) for side in X.shape[1:]))] = factor * np.abs(X).max()
    return with_source(seen, X)


def other_unit(seen: Seen, factor: float, rng: np.random.Generator) -> Seen:
    """One group's values in another unit."""
    X, mine = seen.train.source.copy(), seen.train.groups == "g3"
    X[mine] = X[mine] / factor if seen.train.kind == "images" else X[mine] * factor
    return with_source(seen, X)


def dark(seen: Seen, grain: float, rng: np.random.Generator) -> Seen:
    """Two photos that show nothing, but for grain."""
    X = seen.train.source.copy()
    rows = rng.permutation(len(X))[:2]
    X[rows] = np.clip(rng.normal(scale=grain, size=X[rows].shape), 0, 255).astype(np.uint8)
    return with_source(seen, X)


def other_rate(seen: Seen, factor: float, rng: np.random.Generator) -> Seen:
    """One group's windows at a lower rate: as many steps, so that they take longer."""
    steps, mine = seen.train.shape[0], seen.train.groups == "g3"
    long = windows(PERSONS, EACH["windows"], steps=steps, seed=int(rng.integers(10_000))).source
    time = np.arange(steps) * factor % (steps - 1)  # one window after another, as near as makes no matter
    low = time.astype(int)
    between = (time - low)[:, None]
    X = seen.train.source.copy()
    X[mine] = ((1 - between) * long[:, low] + between * long[:, low + 1])[mine]
    return with_source(seen, X)


FACTORS = {
    "table": (2.0, 9.80665, 1000.0),
    "windows": (2.0, 9.80665, 1000.0),
    "images": (4.0, 100.0, 255.0),
    "frames": (9.80665, 100.0, 1000.0),
}

FAULTS = [
    *(Fault("HF301", kind, "share lost", (0.15, 0.4, 0.8), persons, lost) for kind in LACKING),
    *(Fault("HF302", kind, "a channel twice, noise", (0.01, 0.001, 0.0), persons, twice) for kind in LACKING),
    Fault("HF302", "windows", "windows with a channel off", (1, 3, 10), persons, switched_off),
    Fault("HF302", "images", "share with colours", (0.05, 0.0001, 0.0), persons, colourless),
    *(Fault("HF303", kind, "times the largest", (5.0, 50.0, 1e6), persons, slipped) for kind in LACKING),
    *(Fault("HF304", kind, "factor", FACTORS[kind], persons, other_unit) for kind in KINDS),
    Fault("HF305", "images", "grain of dark photos", (8.0, 1.0, 0.0), persons, dark),
    Fault("HF306", "windows", "factor", (1.4, 2.0, 4.0), persons, other_rate),
]
