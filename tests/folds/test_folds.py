"""Folds: groups whole, every sample scored once, said what cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.folds.inner import inner_folds, inner_split
from holdfast.folds.table import Folds, assert_groups_whole, describe, make_folds, save_folds
from holdfast.recipe.registry import parse
from holdfast.recipe.target import TargetSpec
from holdfast.testing.samples import CLASSES, REAL, tiny_data

HERE = Path()


def folds_of(data: Dataset, target: TargetSpec = CLASSES, base: Path = HERE, **splitter: object) -> Folds:
    return make_folds(parse("folds", splitter), data, target, base)  # type: ignore[arg-type]


def grouped(codes: np.ndarray, groups: np.ndarray) -> Dataset:
    n = len(codes)
    ids = np.array([f"s{i}" for i in range(n)])
    return Dataset(
        "table", ids, np.zeros((n, 1)), ("x",), codes, groups.astype(str), np.arange(n, dtype=float)
    )


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["stratified_group", "group", "blocks"]),
    k=st.integers(2, 5),
    sizes=st.lists(st.integers(1, 12), min_size=5, max_size=12),
    seed=st.integers(0, 10**6),
)
def test_group_never_on_both_sides(kind: str, k: int, sizes: list[int], seed: int) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    rng = np.random.default_rng(seed)
    mixed = rng.permutation(len(groups))
    data = grouped(rng.integers(0, 2, len(groups)), groups[mixed])
    over = {} if kind == "blocks" else {"seed": seed, "repeats": 2}
    try:
        folds = folds_of(data, kind=kind, k=k, **over)
    except BadInput:  # a draw may leave a fold empty; blocks never does where there are units enough
        assert kind != "blocks" or k > len(sizes)
        return
    assert data.groups is not None
    for repeat in range(folds.repeats):
        scored = []
        for fold in range(folds.k):
            train, valid = folds.part(repeat, fold)
            assert not set(data.groups[train]) & set(data.groups[valid])
            scored.append(valid)
        assert np.array_equal(np.sort(np.concatenate(scored)), np.arange(len(data)))


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.integers(1, 200), min_size=2, max_size=10), k=st.integers(2, 5))
@example(counts=[100, 1, 1], k=3)
def test_blocks_are_runs_of_time_and_none_is_empty(counts: list[int], k: int) -> None:
    order = np.repeat(np.arange(len(counts), dtype=float), counts)
    data = replace(grouped(np.arange(len(order)) % 2, np.arange(len(order))), groups=None, order=order)
    if k > len(counts):
        with pytest.raises(BadInput, match=f"use k={len(counts)} or less"):
            folds_of(data, kind="blocks", k=k)
        return
    folds = folds_of(data, kind="blocks", k=k)
    assert folds.k == k
    assert (np.diff(folds.fold[0]) >= 0).all()
    assert np.array_equal(np.unique(folds.fold[0]), np.arange(k))


def test_guard_leaves_out_what_is_near() -> None:
    data = replace(tiny_data(groups=4, each=6), groups=None)
    folds = folds_of(data, kind="blocks", k=4, guard=2.5)
    train, valid = folds.part(0, 1)
    assert list(valid) == [6, 7, 8, 9, 10, 11]
    assert list(train) == [0, 1, 2, 3, *range(14, 24)]
    assert folds.hash != folds_of(data, kind="blocks", k=4).hash


def test_blocks_needs_order_and_refuses_repeats() -> None:
    with pytest.raises(BadInput, match=r"data.order"):
        folds_of(replace(tiny_data(), order=None), kind="blocks", k=2)
    with pytest.raises(BadInput, match="leave repeats at 1"):
        folds_of(tiny_data(), kind="blocks", k=2, repeats=2)


def test_repeats_differ_and_are_those_of_the_next_seeds() -> None:
    data = tiny_data(groups=10)
    folds = folds_of(data, kind="stratified_group", k=3, seed=5, repeats=3)
    assert len({row.tobytes() for row in folds.fold}) == 3
    assert np.array_equal(folds.fold[1], folds_of(data, kind="stratified_group", k=3, seed=6).fold[0])


def test_class_shares_are_even() -> None:
    data = replace(tiny_data(groups=9, each=6), groups=None)
    folds = folds_of(data, kind="stratified", k=3)
    assert data.target is not None
    for k in range(3):
        assert np.bincount(data.target[folds.part(0, k)[1]]).tolist() == [6, 6, 6]


def test_real_targets_are_spread() -> None:
    data = replace(tiny_data("table", "real", groups=20), groups=None)
    folds = folds_of(data, REAL, kind="stratified", k=4)
    assert data.target is not None
    means = [data.target[folds.part(0, k)[1]].mean() for k in range(4)]
    assert np.ptp(means) < 0.15


def test_rare_class_is_said_with_the_largest_k() -> None:
    groups = np.repeat(np.arange(6), 4)
    codes = np.where((groups < 2) & (np.arange(24) % 4 == 0), 2, np.arange(24) % 2)
    with pytest.raises(BadInput, match=r"fewer groups than that: walk \(2\); use folds.k=2"):
        folds_of(grouped(codes, groups), kind="stratified_group", k=3)
    assert folds_of(grouped(codes, groups), kind="group", k=3).k == 3  # which does not share out classes
    once = np.where(np.arange(24) == 0, 2, np.arange(24) % 2)
    with pytest.raises(BadInput, match=r"walk \(1\); join the class with another"):
        folds_of(grouped(once, groups), kind="stratified_group", k=3)
    with pytest.raises(BadInput, match=r"fewer samples than that: walk \(1\)"):
        folds_of(replace(grouped(once, groups), groups=None), kind="stratified", k=3)


def test_more_folds_than_groups() -> None:
    with pytest.raises(BadInput, match="7 folds from 6 groups; use k=6 or less"):
        folds_of(tiny_data(), kind="group", k=7)


def test_groupless_splitter_is_refused_where_groups_are_known() -> None:
    with pytest.raises(BadInput, match="would put one group on both sides"):
        folds_of(tiny_data(), kind="stratified", k=3)
    for kind in ("stratified_group", "group"):
        with pytest.raises(BadInput, match=f"{kind} needs data.group"):
            folds_of(replace(tiny_data(), groups=None), kind=kind, k=3)


def test_planted_leak_is_found() -> None:
    groups = np.array(["a", "a", "b", "b"])
    clean = [(np.array([0, 1]), np.array([2, 3])), (np.array([2, 3]), np.array([0, 1]))]
    assert_groups_whole(clean, groups)
    with pytest.raises(BadInput, match="group a is on both sides of fold 1"):
        assert_groups_whole([clean[0], (np.array([1, 2]), np.array([0, 3]))], groups)
    with pytest.raises(BadInput, match="samples on both sides"):
        assert_groups_whole([(np.array([0, 1]), np.array([1]))], None)
    with pytest.raises(BadInput, match="0 training"):
        assert_groups_whole([(np.array([], dtype=int), np.array([1]))], None)


def test_counts_are_of_groups_and_absent_class_is_said() -> None:
    groups = np.repeat(np.arange(4), 5)
    codes = np.where(groups == 0, 1, 0)
    data = grouped(codes, groups)
    folds = folds_of(data, TargetSpec(kind="classes", names=("x", "y")), kind="group", k=2)
    counts, said = describe(folds, data, TargetSpec(kind="classes", names=("x", "y")))
    assert counts.loc["x"].sum() == 3
    assert counts.loc["y"].sum() == 1
    assert "class y is absent from fold" in said[0]
    assert "largest k that could hold every class is 1" in said[0]
    assert describe(folds_of(tiny_data(), kind="group", k=2), tiny_data(), CLASSES)[1] == []


# from a file


def test_file_round_trip(tmp_path: Path) -> None:
    data = tiny_data(groups=10)
    made = folds_of(data, kind="stratified_group", k=4, repeats=2)
    save_folds(made, data, tmp_path)
    again = folds_of(data, kind="file", path="folds.csv", base=tmp_path)
    assert again.hash == made.hash
    mixed = np.random.default_rng(0).permutation(len(data))
    assert np.array_equal(
        folds_of(data.take(mixed), kind="file", path="folds.csv", base=tmp_path).fold, made.fold[:, mixed]
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[:-1], "the fold is missing in .*folds.csv for ids of the training data: s035"),
        (lambda rows: [*rows, "s999,0"], "has ids without a row in the training data: s999"),
        (lambda rows: [*rows, rows[0]], "an id stands twice in repeat 0"),
        (lambda rows: ["s000,7", *rows[1:]], "folds must be numbered"),
        (lambda rows: ["s000,one", *rows[1:]], "line 2, column 'fold': expected a whole number, found 'one'"),
        (lambda rows: ["s000,", *rows[1:]], "line 2, column 'fold': expected a whole number"),
        (lambda rows: ["s000,1", *rows[1:]], "group g0 is on both sides"),
        (lambda rows: [row.replace(",1", ",0") for row in rows], "folds must be numbered"),
    ],
)
def test_faults_of_fold_files(tmp_path: Path, change: object, said: str) -> None:
    data = tiny_data()
    rows = [f"s{i:03},{i // 6 % 2}" for i in range(len(data))]
    (tmp_path / "folds.csv").write_text("\n".join(["id,fold", *change(rows)]) + "\n")  # type: ignore[operator]
    with pytest.raises(BadInput, match=said):
        folds_of(data, kind="file", path="folds.csv", base=tmp_path)


def test_repeats_of_a_file_have_equal_k(tmp_path: Path) -> None:
    data = tiny_data()
    rows = [f"s{i:03},{i // 6 % k},{r}" for r, k in enumerate((2, 3)) for i in range(len(data))]
    (tmp_path / "folds.csv").write_text("\n".join(["id,fold,repeat", *rows]) + "\n")
    with pytest.raises(BadInput, match="different numbers of folds"):
        folds_of(data, kind="file", path="folds.csv", base=tmp_path)
    with pytest.raises(BadInput, match=r"none.csv does not exist"):
        folds_of(data, kind="file", path="none.csv", base=tmp_path)


# inner splits


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=9),
    k=st.integers(2, 5),
    seed=st.integers(0, 2**40),
    real=st.booleans(),
)
def test_inner_folds_keep_groups(sizes: list[int], k: int, seed: int, real: bool) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    rng = np.random.default_rng(seed)
    y = rng.normal(size=len(groups)) if real else rng.integers(0, 3, len(groups))
    made = inner_folds(y, groups, k, seed)
    assert (made == []) == (len(sizes) < 2)
    for learn, watch in made:
        assert len(learn)
        assert len(watch)
        assert not set(groups[learn]) & set(groups[watch])


def test_inner_split_watches_about_its_share() -> None:
    data = tiny_data(groups=20)
    assert data.target is not None
    split = inner_split(data.target, data.groups, 0.2, seed=1)
    assert split is not None
    assert len(split[1]) == pytest.approx(0.2 * len(data), abs=12)
    assert inner_split(data.target, np.zeros(len(data)), 0.2, seed=1) is None
