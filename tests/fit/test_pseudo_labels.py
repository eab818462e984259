"""Which samples get pseudo-labels, how they join a training part, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from holdfast.data.dataset import Dataset
from holdfast.data.joined import joined, unwatched
from holdfast.engine.threads import limited
from holdfast.fit.member import fit_member
from holdfast.fit.pseudo import chosen, labelled, told
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.folds.inner import inner_folds, inner_split
from holdfast.oof.pseudo import agreement, pseudo_note
from holdfast.recipe.pseudo import Pseudo, taught_last
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import CLASSES, tiny_data

SHARES = np.array(
    [[0.95, 0.05, 0], [0.6, 0.3, 0.1], [0.2, 0.8, 0], [0.3, 0.7, 0], [0.91, 0.09, 0], [0.1, 0, 0.9]]
)


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({}, [0, 4, 5]),
        ({"threshold": 0.75}, [0, 2, 4, 5]),
        ({"threshold": 0.99}, []),
        ({"top": 0.5}, [0, 2, 4, 5]),  # of three, two and one
        ({"top": 0.1}, [0, 2, 5]),
        ({"top": 1.0}, [0, 1, 2, 3, 4, 5]),
        ({"soft": True}, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_who_is_taken(asked: dict[str, Any], rows: list[int]) -> None:
    assert chosen(SHARES, Pseudo(**asked)).tolist() == rows


@given(st.integers(0, 10**6), st.integers(1, 40), st.sampled_from([0.05, 0.2, 0.34, 0.5, 1.0]))
def test_top_takes_the_most_certain_of_each_class(seed: int, n: int, top: float) -> None:
    shares = np.random.default_rng(seed).dirichlet([0.5, 1, 2], n)
    taken = np.isin(np.arange(n), chosen(shares, Pseudo(top=top)))
    label, sure = shares.argmax(axis=1), shares.max(axis=1)
    for code in np.unique(label):
        mine = label == code
        assert (taken & mine).sum() == np.ceil(top * mine.sum() - 1e-9)
        assert sure[mine & taken].min() >= sure[mine & ~taken].max(initial=0)


def test_three_ways_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="name one"):
        Pseudo(threshold=0.8, soft=True)


def test_what_is_told() -> None:
    facts = told(SHARES, Pseudo(), np.array([0, 0, 1, 1]), ("a", "b", "c"))
    assert facts["taken"] == {"a": 2, "b": 0, "c": 1}
    assert facts["pool"] == 6
    assert facts["confidence"] == pytest.approx((0.95 + 0.91 + 0.9) / 3)
    assert facts["drift"] == pytest.approx((abs(2 / 3 - 1 / 2) + 1 / 2 + 1 / 3) / 2)
    soft = told(SHARES, Pseudo(soft=True), np.array([0, 0, 1, 2]), ("a", "b", "c"))
    mean = SHARES.mean(axis=0)
    assert soft["drift"] == pytest.approx(np.abs(mean - [0.5, 0.25, 0.25]).sum() / 2)
    none = told(SHARES, Pseudo(threshold=0.99), np.array([0]), ("a", "b", "c"))
    assert (none["confidence"], none["drift"]) == (None, None)


def test_agreement_counts_samples_on_which_all_teachers_say_the_same() -> None:
    other = SHARES.copy()
    other[1], other[0] = [0.3, 0.6, 0.1], [0.02, 0.97, 0.01]
    found = agreement([SHARES, other, SHARES], Pseudo())
    assert found == {"agree": 4 / 6, "taken": 3, "agree_on_taken": 2 / 3}
    assert agreement([SHARES], Pseudo(threshold=0.99))["agree_on_taken"] is None


def test_the_note_says_the_risk_and_none_where_there_are_no_pseudo_labels() -> None:
    rounds = [told(SHARES, Pseudo(), np.array([0, 0, 1, 1]), ("a", "b", "c"))]
    fold = {"pseudo": {"pool": "the test samples", "rounds": rounds}}
    facts = {"fold-0": fold, "fold-1": fold, "all folds": {"pseudo": agreement([SHARES, SHARES], Pseudo())}}
    assert pseudo_note("conv", facts) == (
        "conv: a fold learns from 3 of the 6 pseudo-labels of the test samples, confidence 0.92; teachers of all folds"
        " agree on 100% of the pool and 100% of what any took; class shares drift from the labelled ones by 0.50"
        " (total variation)"
    )
    assert pseudo_note("conv", {"fold-0": {"weights": ["x"]}}) is None


def test_students_come_after_their_teachers_and_circles_are_named() -> None:
    assert taught_last({"a": ("c",), "b": (), "c": ("b",)}) == ["b", "c", "a"]
    with pytest.raises(ValueError, match="a → c → a"):
        taught_last({"b": ("a",), "a": ("c",), "c": ("a",)})
    with pytest.raises(ValueError, match="circle: a → a"):
        taught_last({"a": ("a",)})
    with pytest.raises(ValueError, match="no member is named 'treees'; did you mean 'trees'"):
        taught_last({"a": ("treees",), "trees": ()})


# joining


def pool_of(kind: str, asked: Pseudo, n: int = 6) -> Dataset:
    pool = replace(tiny_data(kind, seed=3), target=None, groups=None, order=None).take(np.arange(1, 1 + n))
    return labelled(pool, np.resize(SHARES, (n, 3)), asked)


@pytest.mark.parametrize("kind", ["table", "windows", "images"])
def test_joined_samples_are_both_parts_in_order(kind: str) -> None:
    rows = np.array([20, 3, 7])
    train, more = tiny_data(kind).take(rows), pool_of(kind, Pseudo())
    both = joined(train, more)
    assert both.target is not None
    assert len(both) == 3 + 3
    expected = np.concatenate([train.read(), more.read()])
    assert np.array_equal(both.read(), expected)
    assert both.dtype == train.dtype == both.read().dtype
    order = np.array([5, 0, 3, 2])
    assert np.array_equal(both.read(order), expected[order])
    assert np.array_equal(np.concatenate(list(both.take(order).chunks(3))), expected[order])
    assert both.target.tolist() == [2, 0, 1, 0, 0, 2]
    assert unwatched(both.groups).tolist() == [False] * 3 + [True] * 3  # type: ignore[arg-type]


def test_labels_of_the_training_part_become_shares_beside_soft_ones() -> None:
    both = joined(tiny_data("table").take(np.array([0, 1])), pool_of("table", Pseudo(soft=True)))
    assert both.shares is not None
    assert both.shares[:2].tolist() == [[1, 0, 0], [0, 1, 0]]
    assert both.shares[2:] == pytest.approx(SHARES)
    assert both.take(np.array([1, 2])).shares == pytest.approx(np.array([[0, 1, 0], SHARES[0]]))


@pytest.mark.parametrize("grouped", [True, False])
def test_no_inner_split_watches_a_pseudo_label(grouped: bool) -> None:
    train = tiny_data("table")
    train = train if grouped else replace(train, groups=None)
    both = joined(train, pool_of("table", Pseudo(soft=True)))
    assert both.target is not None
    assert train.target is not None
    split = inner_split(both.target, both.groups, 0.3, 5)
    assert split is not None
    assert split[1].max() < len(train)
    assert set(range(36, 42)) <= set(split[0].tolist())
    folds = inner_folds(both.target, both.groups, 3, 5)
    assert sorted(np.concatenate([watch for _, watch in folds])) == list(range(36))
    assert all(len(np.intersect1d(learn, watch)) == 0 for learn, watch in folds)
    if grouped:  # what is watched is what was watched without them
        alone = inner_split(train.target, train.groups, 0.3, 5)
        assert alone is not None
        assert np.array_equal(alone[1], split[1])


@pytest.mark.parametrize("model", ["svc", "two_stage"])
def test_estimators_that_hold_rows_out_watch_labelled_ones_alone(model: str) -> None:
    """With all pseudo-labels turned round, only the learning changes: no row of theirs is watched."""
    import holdfast.models.calibrated
    import holdfast.models.two_stage

    seen: list[np.ndarray] = []

    def spied(y: np.ndarray, groups: np.ndarray | None, k: int, seed: int) -> Any:
        split = inner_folds(y, groups, k, seed)
        assert groups is not None
        seen.extend(groups[watch] for _, watch in split)
        return split

    place = holdfast.models.calibrated if model == "svc" else holdfast.models.two_stage
    both = joined(tiny_data("table"), pool_of("table", Pseudo(top=1.0)))
    with pytest.MonkeyPatch.context() as patch, limited(1):
        patch.setattr(place, "inner_folds", spied)
        fitted = fit_member(spec("table", model=model), both, CLASSES, 0, 1)
    assert seen
    assert not any(unwatched(groups).any() for groups in seen)
    assert np.isfinite(fitted.predict(tiny_data("table"))).all()


# learning


def spec(kind: str, target: Any = CLASSES, **member: Any) -> MemberSpec:
    values = {"metric": "accuracy", "folds": "stratified", "members": {"one": member}}
    return resolve(Recipe.model_validate(values), "one", tiny_data(kind), target)


CONV: dict[str, Any] = {
    "model": {"conv_residual": {"width": 4, "kernel": 3, "dense": 4}},
    "fit": {"epochs": 3, "batch_size": 8, "precision": "32"},
}


@pytest.mark.parametrize("extra", [{}, {"augment": ["jitter", "mixup"]}, {"balance": ["oversample"]}])
def test_soft_labels_teach_a_network(extra: dict[str, Any]) -> None:
    """One-hot soft labels are the hard ones; others change what is learned, with augmentation and balance too."""
    train, member = tiny_data(), spec("windows", **CONV, **extra)
    sure = np.eye(3)[[0, 2, 1, 1]]
    pool = replace(tiny_data(seed=3), target=None, groups=None).take(np.arange(4))

    def said(asked: Pseudo, shares: np.ndarray) -> np.ndarray:
        with limited(1):
            return fit_member(member, joined(train, labelled(pool, shares, asked)), CLASSES, 0, 1).predict(
                train
            )

    soft, unsure = Pseudo(soft=True), 0.7 * sure + 0.1
    assert said(soft, sure) == pytest.approx(said(Pseudo(), sure), abs=1e-5)
    assert np.abs(said(soft, unsure) - said(soft, sure)).max() > 1e-4


def test_balance_copies_soft_labels_with_their_samples() -> None:
    from holdfast.fit.feed import Feed
    from holdfast.prepare.pipeline import Pipeline

    both = joined(tiny_data(), pool_of("windows", Pseudo(soft=True)))
    assert both.target is not None
    pipeline = Pipeline(spec("windows", **CONV).prepare, "windows", both.names).fit(both)
    balance: Any = parse("balance", {"oversample": {"roll": False, "noise": 0}})
    feed = Feed(both, both.target, pipeline, (), [balance], CLASSES, 8, 0, in_memory=True)
    assert feed.ready is not None
    assert len(feed.targets) == len(feed.ready) == 2 * len(both)
    for i in range(len(both), len(feed.ready)):
        twin = int(
            np.flatnonzero((feed.ready[: len(both)] == feed.ready[i]).all(dim=2).all(dim=1).numpy())[0]
        )
        assert (feed.targets[i] == feed.targets[twin]).all()
