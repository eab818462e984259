"""Samples and targets mix by one share, and a network learns from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from holdfast.augment.mixing import own_shares, partners
from holdfast.engine.threads import limited
from holdfast.errors import BadInput
from holdfast.fit.feed import Feed
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.keys import item_keys
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.testing.samples import CLASSES, REAL, tiny_data

N, STEPS = 200, 20
KEYS = item_keys(4, np.arange(N))
# every value of sample i is i, so that a mix tells what it is made of
X = np.tile(np.arange(N, dtype=np.float32)[:, None, None], (1, STEPS, 2))
ALONE = np.eye(N, dtype=np.float32)  # a class for each sample


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with limited(1):
        yield


def changed(
    name: str, targets: np.ndarray, rows: Any = slice(None), **fields: Any
) -> tuple[np.ndarray, np.ndarray]:
    made, mixed = parse("augment", {name: fields}).apply(X[rows], targets[rows], KEYS[rows])  # type: ignore[attr-defined]
    assert made.dtype == mixed.dtype == np.float32
    return made, mixed


def test_partners_are_others_each_taken_once_whatever_the_order() -> None:
    found = partners(KEYS)
    assert sorted(found) == list(range(N))
    assert (found != np.arange(N)).all()
    shuffled = np.random.default_rng(0).permutation(N)
    assert np.array_equal(shuffled[partners(KEYS[shuffled])], found[shuffled])
    assert partners(KEYS[:1]).tolist() == [0]


@pytest.mark.parametrize("alpha", [0.1, 1.0, 5.0])
def test_shares_are_beta_and_the_larger_part_is_the_samples_own(alpha: float) -> None:
    share = own_shares(item_keys(0, np.arange(20_000)), alpha)
    drawn = np.random.default_rng(0).beta(alpha, alpha, 20_000)
    want = np.maximum(drawn, 1 - drawn)
    assert share.min() >= 0.5
    assert share.max() <= 1
    assert share.mean() == pytest.approx(want.mean(), abs=0.01)
    assert share.std() == pytest.approx(want.std(), abs=0.01)


def test_mixup_mixes_inputs_and_shares_by_the_same_lambda() -> None:
    made, mixed = changed("mixup", ALONE, alpha=1.0)
    assert (made == made[:, :1, :1]).all(), "one share for all steps and channels"
    np.testing.assert_allclose(mixed @ np.arange(N), made[:, 0, 0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, rtol=1e-5)
    assert ((mixed > 0).sum(axis=1) == 2).mean() > 0.95
    assert (np.diag(mixed) >= 0.5).all()
    assert len(np.unique(np.diag(mixed))) > N / 2, "a share for each pair"


def test_cutmix_share_is_the_share_of_steps() -> None:
    made, mixed = changed("cutmix", ALONE)
    own = made[:, :, 0] == np.arange(N)[:, None]
    np.testing.assert_allclose(np.diag(mixed), own.mean(axis=1), rtol=1e-6)
    assert np.array_equal(made[:, :, 0], made[:, :, 1])
    for window, mine, shares in zip(made[:, :, 0], own, mixed):
        assert set(window[~mine].astype(int)) == set(np.flatnonzero(shares)) - set(window[mine].astype(int))
        assert (np.diff(np.r_[False, ~mine, False].astype(int)) == 1).sum() <= 1, "one stretch"
    assert (~own).any(axis=0).all(), "it reaches every step"
    foreign = ~own[~own.all(axis=1)]
    first, last = foreign.argmax(axis=1), foreign[:, ::-1].argmax(axis=1)  # steps before it, steps after it
    place = np.abs(first / np.maximum(first + last, 1) - 0.5)
    assert abs(np.corrcoef(place, foreign.sum(axis=1))[0, 1]) < 0.25, "place and length are drawn apart"


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_real_values_mix_too_and_equal_samples_stay(name: str) -> None:
    values = np.arange(N, dtype=np.float32)
    made, mixed = changed(name, values)
    np.testing.assert_allclose(mixed, made[:, :, 0].mean(axis=1), rtol=1e-3, atol=1e-3)
    assert not np.array_equal(mixed, values)
    same, target = changed(name, values, np.full(5, 7))
    np.testing.assert_allclose(same, X[np.full(5, 7)], rtol=1e-6)
    np.testing.assert_allclose(target, 7, rtol=1e-6)


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_order_of_the_batch_changes_nothing_and_one_alone_stays(name: str) -> None:
    shuffled = np.random.default_rng(1).permutation(N)
    for plain, other in zip(changed(name, ALONE), changed(name, ALONE, shuffled)):
        assert np.array_equal(plain[shuffled], other)
    alone = changed(name, ALONE, slice(3, 4))
    np.testing.assert_allclose(alone[0], X[3:4], rtol=1e-6)
    np.testing.assert_allclose(alone[1], ALONE[3:4], rtol=1e-6)


# in training


def fed(target: TargetSpec, augment: tuple[str, ...] = ("roll", "mixup")) -> Feed:
    data = tiny_data("windows", target.kind)
    assert data.target is not None
    pipeline = Pipeline([parse("prepare", "standardize")], "windows", data.names).fit(data)  # type: ignore[list-item]
    augments = [parse("augment", one) for one in augment]
    return Feed(data, data.target, pipeline, augments, (), target, 8, 0)  # type: ignore[arg-type]


def test_feed_gives_class_shares_where_samples_mix() -> None:
    for epoch in (0, 1):
        for batch in fed(CLASSES).batches(epoch):
            assert batch.targets.shape == (len(batch.inputs), 3)
            np.testing.assert_allclose(batch.targets.sum(axis=1), 1, rtol=1e-5)
    shares = np.concatenate([batch.targets for batch in fed(CLASSES).batches(0)])
    assert ((shares > 0.02) & (shares < 0.98)).any()
    assert next(iter(fed(CLASSES, ("roll",)).batches(0))).targets.shape == (8,)
    assert next(iter(fed(REAL).batches(0))).targets.shape == (8,)


NET = {"conv_residual": {"width": 4, "kernel": 3, "dense": 4}}


def member(target: TargetSpec, augment: list[Any], **fit: Any) -> MemberSpec:
    values = {
        "metric": "accuracy" if target is CLASSES else "rmse",
        "folds": "stratified",
        "balance": ["class_weights"] if target is CLASSES else [],
        "augment": augment,
        "members": {"net": {"model": NET, "fit": {"batch_size": 8, "precision": "32", "lr": 0.02, **fit}}},
    }
    return resolve(Recipe.model_validate(values), "net", tiny_data("windows", target.kind), target)


@pytest.mark.parametrize("augment", [["mixup"], ["rotation", "cutmix"]])
def test_network_learns_from_mixed_samples(augment: list[str]) -> None:
    data = tiny_data()
    assert data.target is not None
    spec = member(CLASSES, augment, epochs=12, best=True)
    made = fit_member(spec, data.take(np.arange(24)), CLASSES, 5, 1)
    said = made.predict(data.take(np.arange(24, 36)))
    assert said.shape == (12, 3)
    assert (said.argmax(axis=1) == data.target[24:]).mean() > 0.6


def test_network_learns_real_values_from_mixed_samples() -> None:
    data = tiny_data("windows", "real")
    assert data.target is not None
    spec = member(REAL, ["mixup"], epochs=12)
    said = fit_member(spec, data.take(np.arange(24)), REAL, 5, 1).predict(data.take(np.arange(24, 36)))
    assert np.corrcoef(said, data.target[24:])[0, 1] > 0.7


def test_augmentation_of_named_channels_is_checked_before_training() -> None:
    with pytest.raises(BadInput, match=r"augment\.mirror\.signs: no channel is named 'w'"):
        member(CLASSES, [{"mirror": {"signs": ["w"]}}], epochs=1)


def test_training_with_mixed_samples_repeats() -> None:
    def weights() -> list[np.ndarray]:
        made: Any = fit_member(member(CLASSES, ["mixup", "cutmix"], epochs=2), tiny_data(), CLASSES, 5, 1)
        return [value.numpy() for value in made.net.state_dict().values()]

    assert all(np.array_equal(one, other) for one, other in zip(weights(), weights()))
    plain: Any = fit_member(member(CLASSES, [], epochs=2), tiny_data(), CLASSES, 5, 1)
    assert not all(
        np.array_equal(one, other.numpy()) for one, other in zip(weights(), plain.net.state_dict().values())
    )
