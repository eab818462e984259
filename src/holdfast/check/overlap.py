"""HF109: windows and frames that share a stretch of one recording, on both sides of a fold."""

from __future__ import annotations

import numpy as np

from holdfast.check.base import Check, Finding, Seen
from holdfast.check.digests import equal_pairs
from holdfast.check.sides import apart
from holdfast.data.dataset import Dataset
from holdfast.folds.near import near
from holdfast.folds.table import Folds

SHARED = 8  # windows overlap where they share one part in so many of their steps
RUN = 4  # steps of a window that are compared at once, since single values come again by chance
LAGS = 4  # equal runs that each is paired with
CODES = 1 << 22  # runs that are compared, in 200 MiB; of more, some by their numbers
LIKELY, PAIRS = 20_000, 256  # pairs that are counted in full then, and how many of them at once


class Overlap(Check):
    """Windows that overlap across a fold: by their places in a recording, and by equal stretches of values.

    Places are known where `data.order` and the length of windows are; stretches are compared in any case, so that
    windows cut beforehand are seen too. Steps at which nothing moves say nothing.
    """

    code = "HF109"
    name = "overlapping windows across folds"
    severity = "error"
    when = "folds"
    kinds = ("windows", "frames")

    def look(self, seen: Seen) -> Finding:
        data, folds = seen.train, seen.folds
        assert folds is not None
        first, second = shared_stretches(data)
        both = apart(folds, first, second)
        pairs = list(zip(data.ids[first[both]], data.ids[second[both]]))
        placed = overlapping(data, folds)
        if not pairs and not len(placed):
            return self.passed("no sample shares steps with one on the other side of a fold")
        todo = "keep a recording on one side: name it in data.group, or split by time with a guard (folds: blocks)"
        if not pairs:
            return self.found(
                f"{len(placed)} samples overlap training samples in time, as {data.ids[placed[0]]}",
                todo,
                data.ids[placed],
            )
        return self.found(
            f"{len(pairs)} pairs of samples share steps and stand on both sides of a fold, as {pairs[0][0]} and"
            f" {pairs[0][1]}",
            todo,
            pairs,
        )


def overlapping(data: Dataset, folds: Folds) -> np.ndarray:
    """Rows that some fold scores, and that overlap a row of its training part by their places in time."""
    if data.order is None or data.span == 0:
        return np.zeros(0, dtype=np.int64)
    found = np.zeros(len(data), dtype=bool)
    for repeat in range(folds.repeats):
        for k in range(folds.k):
            train, valid = folds.part(repeat, k)
            found[valid[near(data, valid, train)]] = True
    return np.flatnonzero(found)


def shared_stretches(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of different samples that share steps at any shift, but are not equal."""
    steps = data.shape[0]
    run = 1 if data.kind == "frames" else max(1, min(RUN, steps // 4))
    places, least = steps - run + 1, max(1, steps // SHARED - run + 1)
    share = max(1, -(-len(data) * places // CODES))
    row, place, codes = _codes(data, run, share)
    one, other = equal_pairs(codes, LAGS)
    shift, one, other = place[other] - place[one], row[one], row[other]
    apart_ = one != other
    shift, one, other = shift[apart_], one[apart_], other[apart_]
    swap = one > other
    one, other, shift = np.where(swap, other, one), np.where(swap, one, other), np.where(swap, -shift, shift)
    pair, shifts = one.astype(np.int64) * len(data) + other, 2 * places
    keys, counts = np.unique(
        pair * shifts + (shift + places), return_counts=True
    )  # one number sorts faster than three
    if share > 1:  # of some codes: those that are likely enough are counted in full
        likely = np.flatnonzero(counts >= max(1, least // (2 * share)))
        keys = keys[likely[np.argsort(-counts[likely], kind="stable")][:LIKELY]]
        counts = _equal_runs(
            data, run, keys // shifts // len(data), keys // shifts % len(data), keys % shifts - places
        )
    whole = (keys % shifts == places) & (counts == places)  # equal samples are another finding
    kept = np.unique(keys[(counts >= least) & ~whole] // shifts)
    return kept // len(data), kept % len(data)


def _codes(data: Dataset, run: int, share: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, places and numbers of all runs in which something moves; of `share` numbers one, the same of equal runs."""
    rows, places, codes, start = [], [], [], 0
    for chunk in data.chunks():
        made = _runs(chunk, run)
        high = made >> np.uint64(32)  # of coarse values the low bits are all 0
        row, place = np.nonzero(made if share == 1 else (made != 0) & (high % np.uint64(share) == 0))
        rows.append((row + start).astype(np.int32))
        places.append(place.astype(np.int32))
        codes.append(made[row, place])
        start += len(chunk)
    return tuple(np.concatenate(one) for one in (rows, places, codes))  # type: ignore[return-value]


def _equal_runs(
    data: Dataset, run: int, first: np.ndarray, second: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    """How many equal runs, in which something moves, each pair of samples has at its shift."""
    counts = np.zeros(len(first), dtype=np.int64)
    for start in range(0, len(first), PAIRS):
        part = slice(start, start + PAIRS)
        rows, at = np.unique(np.r_[first[part], second[part]], return_inverse=True)
        codes, half = _runs(data.read(rows), run), len(at) // 2
        for i, (one, other, by) in enumerate(zip(at[:half], at[half:], shift[part])):
            low, high = max(0, -by), codes.shape[1] - max(0, by)
            mine, theirs = codes[one, low:high], codes[other, low + by : high + by]
            counts[start + i] = np.count_nonzero((mine == theirs) & (mine != 0))
    return counts


def _runs(chunk: np.ndarray, run: int) -> np.ndarray:
    """A number for each run of steps `(b, steps - run + 1)`; 0 where nothing moves in it.

    Sums of the values' bits times odd random numbers, modulo 2⁶⁴ (multiply-shift hashing, Dietzfelbinger 1996).
    """
    b, steps = chunk.shape[:2]
    flat = np.ascontiguousarray(chunk, dtype=np.float32).reshape(b, steps, -1)
    flat = np.where(np.isnan(flat), np.float32(-1e30), flat) + np.float32(0)  # one NaN, one zero
    draw = np.random.default_rng(0)
    factors = draw.integers(0, 2**63, flat.shape[2], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    codes = np.stack(
        [np.ascontiguousarray(flat[:, t]).view(np.uint32).astype(np.uint64) @ factors for t in range(steps)],
        axis=1,
    )
    joined = np.zeros((b, steps - run + 1), dtype=np.uint64)
    for t, factor in enumerate(draw.integers(0, 2**63, run, dtype=np.uint64) * np.uint64(2) + np.uint64(1)):
        joined += codes[:, t : t + joined.shape[1]] * factor
    if run == 1:  # a frame in which all pixels are equal
        still = (flat == flat[:, :, :1]).all(axis=2)
    else:
        moves = codes[:, 1:] != codes[:, :-1]
        still = np.lib.stride_tricks.sliding_window_view(~moves, run - 1, axis=1).any(axis=2)
    return np.where(still, np.uint64(0), joined)


CHECKS = (Overlap,)
