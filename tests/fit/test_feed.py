"""Batches: the same in memory and streamed, changed anew in each epoch, from the training part alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from holdfast.errors import BadInput
from holdfast.fit.feed import Feed, _copy_numbers, cuts
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.registry import parse
from holdfast.testing.samples import CLASSES, tiny_data


def feed(
    augment: tuple[Any, ...] = (), balance: tuple[Any, ...] = (), in_memory: bool = True, seed: int = 0, size: int = 8,
    prepare: tuple[Any, ...] = ("interpolate", "derivative", "standardize"),
) -> Feed:  # fmt: skip
    data = tiny_data()
    data = data.take(np.flatnonzero((data.target != 2) | (data.order % 2 == 0)))  # fewer of class 2
    pipeline = Pipeline([parse("prepare", step) for step in prepare], "windows", data.names).fit(data)  # type: ignore[misc]
    augments = [parse("augment", one) for one in augment]
    balances = [parse("balance", one) for one in balance]
    return Feed(data, data.target, pipeline, augments, balances, CLASSES, size, seed, in_memory)  # type: ignore[arg-type]


def everything(made: Feed, epoch: int) -> tuple[torch.Tensor, torch.Tensor]:
    batches = list(made.batches(epoch))
    return torch.cat([b.inputs for b in batches]), torch.cat([b.targets for b in batches])


@pytest.mark.parametrize("augment", [(), ("roll", "jitter")])
@pytest.mark.parametrize("balance", [(), ("class_weights", "balanced_sampler")])
def test_streamed_batches_equal_those_from_memory(augment: tuple[str, ...], balance: tuple[str, ...]) -> None:
    for epoch in (0, 3):
        pairs = zip(*(feed(augment, balance, where).batches(epoch) for where in (True, False)), strict=True)
        for memory, stream in pairs:
            assert torch.equal(memory.inputs, stream.inputs)
            assert torch.equal(memory.targets, stream.targets)
            assert (memory.weights is None) == (not balance)
            if memory.weights is not None and stream.weights is not None:
                assert torch.equal(memory.weights, stream.weights)


def test_roll_differs_between_epochs_and_repeats_with_its_key() -> None:
    def by_item(epoch: int, seed: int = 0) -> np.ndarray:
        made = feed(("roll",), seed=seed, prepare=())
        X = everything(made, epoch)[0].numpy()
        return X[np.argsort(made.rows(epoch))]

    first, second = by_item(0), by_item(1)
    changed = (first != second).any(axis=(1, 2)).mean()
    assert changed > 0.8, "a roll fixed once is a bug"
    assert np.array_equal(np.sort(first, axis=1), np.sort(second, axis=1)), "a roll only moves"
    assert np.array_equal(first, by_item(0))
    assert not np.array_equal(first, by_item(0, seed=1))


def test_change_does_not_depend_on_the_batch_size() -> None:
    made = [feed(("roll", "jitter"), size=size) for size in (4, 16)]
    assert torch.equal(everything(made[0], 2)[0], everything(made[1], 2)[0])


def test_every_sample_once_an_epoch_in_another_order() -> None:
    made = feed()
    assert sorted(made.rows(0)) == sorted(made.rows(1)) == list(range(len(made.train)))
    assert not np.array_equal(made.rows(0), made.rows(1))


def test_sample_drawn_twice_is_changed_in_two_ways() -> None:
    made = feed(("roll",), ("balanced_sampler",), prepare=())
    rows, X = made.rows(0), everything(made, 0)[0].numpy()
    values, counts = np.unique(rows, return_counts=True)
    twice = X[rows == values[counts.argmax()]]
    assert len(twice) >= 2
    assert len({window.tobytes() for window in twice}) >= 2
    assert _copy_numbers(np.array([5, 2, 5, 5, 2])).tolist() == [0, 0, 1, 2, 1]


def test_oversample_adds_changed_copies_of_training_samples() -> None:
    plain, more = feed(), feed(balance=({"oversample": {"classes": ["walk"], "times": 2}},))
    n, rare = len(plain.train), int((plain.train.target == 2).sum())
    assert len(more.y) == n + 2 * rare
    assert (more.y[n:] == 2).all()
    X = everything(more, 0)[0]
    assert len({window.numpy().tobytes() for window in X}) == len(X), "no copy equals its original"


def test_oversample_up_to_a_share() -> None:
    made = feed(balance=({"oversample": {"share": 1.0}},))
    assert len(set(np.bincount(made.y))) == 1


@pytest.mark.parametrize("fields", [{"times": 1}, {"share": 1.0}])
def test_oversample_of_streamed_data_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="do not fit; use balanced_sampler"):
        feed(balance=({"oversample": fields},), in_memory=False)


def test_class_weights_even_out_the_classes() -> None:
    made = feed(balance=("class_weights",))
    assert made.weights is not None
    sums = [float(made.weights[torch.from_numpy(made.y == c)].sum()) for c in range(3)]
    assert sums == pytest.approx([sums[0]] * 3, rel=1e-5)
    assert float(made.weights.mean()) == pytest.approx(1)


def test_last_batch_of_one_joins_the_one_before() -> None:
    assert cuts(17, 8) == [(0, 8), (8, 17)]
    assert cuts(18, 8) == [(0, 8), (8, 16), (16, 18)]
    assert cuts(1, 8) == [(0, 1)]
    made = feed(size=len(feed().train) - 1)
    assert made.steps() == len(list(made.batches(0))) == 1
