"""HF101, HF102, HF107: copies across folds and in the test set, on simulated data."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import (
    MAKERS,
    copied,
    folds_of,
    found,
    hand,
    photos,
    seen_of,
    shifted,
    table,
    windows,
    with_inputs,
)

from holdfast.check.duplicates import ExactCopies, TrainInTest
from holdfast.check.groups_alike import GroupsAlike
from holdfast.check.near import NearCopies
from holdfast.data.dataset import Dataset
from holdfast.testing.samples import tiny_data

LIKE = ("windows", "table", "images")
NEAR_CHECKS = (NearCopies(), GroupsAlike(), TrainInTest())
PAIRS = [(3, 70), (11, 32)]  # of different groups and folds, in all simulated data


def reencoded(quality: int) -> Callable[[np.ndarray], np.ndarray]:
    from PIL import Image

    def change(one: np.ndarray) -> np.ndarray:
        held = io.BytesIO()
        Image.fromarray(one).save(held, "JPEG", quality=quality)
        return np.asarray(Image.open(held))

    return change


def resized(share: float) -> Callable[[np.ndarray], np.ndarray]:
    from PIL import Image

    def change(one: np.ndarray) -> np.ndarray:
        h, w = one.shape[:2]
        small = Image.fromarray(one).resize((int(w * share), int(h * share)), Image.Resampling.BILINEAR)
        return np.asarray(small.resize((w, h), Image.Resampling.BILINEAR))

    return change


def ids_of(data: Dataset, pairs: list[tuple[int, int]]) -> set[frozenset[str]]:
    return {frozenset((str(data.ids[i]), str(data.ids[j]))) for i, j in pairs}


def named(finding: object) -> set[frozenset[str]]:
    return {frozenset(pair) for pair in finding.ids}  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", MAKERS)
def test_exact_copies_across_folds_are_named(kind: str) -> None:
    pairs = PAIRS if kind != "frames" else [(1, 8), (2, 20)]
    data = copied(MAKERS[kind](), pairs)
    finding = found(ExactCopies, seen_of(data, folds_of(data)))
    assert (finding.status, finding.severity, finding.total) == ("found", "error", 2)
    assert named(finding) == ids_of(data, pairs)


@pytest.mark.parametrize("kind", MAKERS)
def test_data_without_copies_pass(kind: str) -> None:
    for data in (MAKERS[kind](), tiny_data(kind)):
        seen = seen_of(data, folds_of(data))
        assert found(ExactCopies, seen).status == "passed"
        assert found(NearCopies, seen).status in ("passed", "not applicable")


@pytest.mark.parametrize("kind", LIKE)
def test_copies_on_one_side_are_no_leak(kind: str) -> None:
    data = copied(MAKERS[kind](), PAIRS)
    assert data.groups is not None
    together = np.unique(data.groups, return_inverse=True)[1] % 4
    for one, other in PAIRS:
        together[data.groups == data.groups[other]] = together[one]
    seen = seen_of(data, hand(together))
    assert found(ExactCopies, seen).status == "passed"
    assert found(NearCopies, seen).status == "passed"


def test_what_a_guard_leaves_out_is_on_no_side() -> None:
    data = copied(windows(), [PAIRS[0]])
    folds = folds_of(data)
    left_out = tuple(np.array([i for i in PAIRS[0] if folds.fold[0, i] != k]) for k in range(folds.k))
    guarded = replace(folds, left_out=(left_out,))
    assert found(ExactCopies, seen_of(data, folds)).status == "found"
    assert found(ExactCopies, seen_of(data, guarded)).status == "passed"


def test_blank_samples_are_no_copies() -> None:
    X = windows().source.copy()
    X[[3, 70, 32]] = 0
    data = with_inputs(windows(), X)
    assert found(ExactCopies, seen_of(data, folds_of(data))).status == "passed"


def test_equal_rows_of_a_coarse_table_are_no_error() -> None:
    data = table(features=4)
    data = with_inputs(data, (data.source > 0).astype(np.float32))
    finding = found(ExactCopies, seen_of(data, folds_of(data)))
    assert (finding.status, finding.severity) == ("found", "info")
    assert "by chance" in finding.said


@settings(max_examples=6, deadline=None)
@given(steps=st.integers(-6, 6), noise=st.floats(0, 0.15), scale=st.floats(0.3, 3))
def test_windows_shifted_scaled_and_noisy_are_found(steps: int, noise: float, scale: float) -> None:
    data = copied(windows(), PAIRS, shifted(abs(steps), noise + 0.01, scale))
    finding = found(NearCopies, seen_of(data, folds_of(data)))
    assert named(finding) >= ids_of(data, PAIRS)
    assert finding.severity == "error"


def test_no_false_pair_beside_planted_ones() -> None:
    data = copied(windows(each=40, seed=3), [(3, 70), (11, 90)], shifted(3, 0.05))
    finding = found(NearCopies, seen_of(data, folds_of(data)))
    assert named(finding) == ids_of(data, [(3, 70), (11, 90)])


def test_long_windows_with_gaps_are_compared() -> None:
    data = copied(windows(steps=1200, each=6), [(3, 40)], shifted(20, 0.1))
    X = data.source.copy()
    X[np.random.default_rng(1).random(X.shape) < 0.02] = np.nan
    finding = found(NearCopies, seen_of(with_inputs(data, X), folds_of(data)))
    assert named(finding) == ids_of(data, [(3, 40)])


CHANGES = {
    "jpeg 75": reencoded(75), "jpeg 30": reencoded(30), "half size": resized(0.5), "mirrored": lambda one: one[:, ::-1],
    "upside down": lambda one: one[::-1], "turned": lambda one: one[::-1, ::-1],
    "darker": lambda one: (one * 0.7).astype(np.uint8),
    "mirrored jpeg": lambda one: reencoded(50)(np.ascontiguousarray(one[:, ::-1])),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_photos_are_found(change: Callable[[np.ndarray], np.ndarray]) -> None:
    data = copied(photos(), PAIRS, change)
    finding = found(NearCopies, seen_of(data, folds_of(data)))
    assert named(finding) == ids_of(data, PAIRS)


@settings(max_examples=6, deadline=None)
@given(noise=st.floats(1e-4, 0.05))
def test_nearly_equal_rows_are_found(noise: float) -> None:
    rng = np.random.default_rng(0)
    data = copied(table(), PAIRS, lambda one: one + rng.normal(scale=noise, size=one.shape))
    finding = found(NearCopies, seen_of(data, folds_of(data)))
    assert named(finding) == ids_of(data, PAIRS)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1000), kind=st.sampled_from(LIKE), grouped=st.booleans())
def test_clean_data_of_any_seed_pass(seed: int, kind: str, grouped: bool) -> None:
    data = MAKERS[kind](seed=seed)
    if not grouped:
        data = replace(data, groups=None)
    folds = hand(np.arange(len(data)) % 4)
    assert found(NearCopies, seen_of(data, folds)).status == "passed"


def test_a_smooth_low_dimensional_cloud_is_not_taken_for_copies() -> None:
    rng = np.random.default_rng(0)
    place = rng.random((160, 1))
    X = np.concatenate([place, place**2, np.sin(3 * place)], axis=1).astype(np.float32)
    data = with_inputs(table(features=3), X)
    assert found(NearCopies, seen_of(data, folds_of(data))).status == "passed"


@pytest.mark.parametrize("kind", MAKERS)
def test_training_samples_in_the_test_set(kind: str) -> None:
    data, other = MAKERS[kind](), MAKERS[kind](seed=1)
    X = other.source.copy()
    X[4] = data.source[9]
    clean = replace(other, target=None, groups=None)
    planted = with_inputs(clean, X)
    finding = found(TrainInTest, seen_of(data, test=planted))
    assert (finding.status, finding.severity) == ("found", "warning")
    assert finding.ids[0] == (data.ids[9], other.ids[4])
    assert finding.total == 1
    assert found(TrainInTest, seen_of(data, test=clean)).status == "passed"
    assert found(TrainInTest, seen_of(data)).status == "not applicable"


def test_a_shifted_training_window_in_the_test_set() -> None:
    data, test = windows(), replace(windows(seed=1), target=None, groups=None)
    X = test.source.copy()
    X[4] = shifted(3, 0.1)(data.source[9])
    finding = found(TrainInTest, seen_of(data, test=with_inputs(test, X)))
    assert finding.ids == ((data.ids[9], test.ids[4]),)
    assert "1 nearly so" in finding.said


def test_thinned_comparison_says_so_in_every_check_that_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more samples than can be compared with all others, some are left out; copies among these would not be seen."""
    data, rows = MAKERS["table"](), np.arange(40)
    test = replace(data.take(rows), ids=np.array([f"t{i}" for i in rows]), target=None, groups=None)
    test = with_inputs(test, data.read()[rows] + np.float32(5))
    whole = [check.run(seen_of(data, folds_of(data), test)).said for check in NEAR_CHECKS]
    monkeypatch.setattr("holdfast.check.near.COMPARED", 20 * len(data))
    thinned = [check.run(seen_of(data, folds_of(data), test)).said for check in NEAR_CHECKS]
    assert not any("looked at for near copies" in said for said in whole)
    for said, n in zip(thinned, (len(data), len(data), len(test))):
        assert f"20 of {n} samples were looked at for near copies" in said
