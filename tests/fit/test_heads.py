"""Heads: what the outputs of a model stand for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from holdfast.data.dataset import Dataset
from holdfast.engine.job import Work, fit_job
from holdfast.engine.threads import limited
from holdfast.errors import BadInput
from holdfast.fit.heads import Head
from holdfast.fit.member import fit_member, load_fitted
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.folds.splitters import StratifiedGroup
from holdfast.folds.table import make_folds
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import Attribute, TargetSpec
from holdfast.testing.samples import CLASSES, JOINT, REAL, tiny_data

NET = {"conv_residual": {"width": 4, "kernel": 3, "dense": 4}}
LEARN, OTHER = np.arange(0, 24), np.arange(24, 36)
HEADS = ("joint", "per_attribute", "separate", "sigmoid")
FULL = TargetSpec(
    kind="classes",
    names=("a0", "a1", "b0", "b1"),
    attributes=(
        Attribute(name="letter", values=("a", "b"), of_class=(0, 0, 1, 1)),
        Attribute(name="digit", values=("0", "1"), of_class=(0, 1, 0, 1)),
    ),
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with limited(1):
        yield


def member(model: Any = NET, target: TargetSpec = JOINT, **parts: Any) -> MemberSpec:
    values = {
        "metric": "accuracy" if target.kind == "classes" else "rmse",
        "folds": "stratified",
        "fit": {"epochs": 2, "batch_size": 8, "precision": "32"},
        "members": {"one": {"model": model, **parts}},
    }
    return resolve(Recipe.model_validate(values), "one", tiny_data(), target)


def test_joint_shares_are_the_product_over_classes_that_exist() -> None:
    letter, digit = np.array([[0.7, 0.3]]), np.array([[0.6, 0.4]])
    whole = Head("per_attribute", FULL).joined([letter, digit])
    np.testing.assert_allclose(whole, [[0.42, 0.28, 0.18, 0.12]])
    three = Head("per_attribute", JOINT).joined([letter, digit])
    np.testing.assert_allclose(three, np.array([[0.42, 0.28, 0.12]]) / 0.82)


def test_marginals_of_a_whole_product_are_the_heads() -> None:
    outputs = torch.randn(5, 4)
    head = Head("per_attribute", FULL)
    shares = head.shares(outputs)
    for one, block in zip(FULL.attributes, head.blocks(outputs)):
        np.testing.assert_allclose(one.marginal(shares), torch.softmax(block, dim=1), atol=1e-6)


def test_loss_is_the_sum_over_attributes() -> None:
    outputs, y = torch.randn(6, 4), np.array([0, 1, 2, 3, 3, 0])
    held = Head("per_attribute", FULL).loss(parse("loss", "cross_entropy"), y)  # type: ignore[arg-type]
    letter = torch.nn.functional.cross_entropy(outputs[:, :2], torch.from_numpy(y // 2))
    digit = torch.nn.functional.cross_entropy(outputs[:, 2:], torch.from_numpy(y % 2))
    value = held.value(outputs, torch.from_numpy(y), None)
    torch.testing.assert_close(value, letter + digit)
    shares = torch.eye(4)[torch.from_numpy(y)]
    torch.testing.assert_close(held.value(outputs, shares, None), value)


def test_loss_of_an_attribute_knows_its_own_counts() -> None:
    y = np.array([0, 0, 0, 1, 2, 3])  # letters 4 to 2, digits 4 to 2, classes 3, 1, 1, 1
    adjusted = Head("per_attribute", FULL).loss(parse("loss", "logit_adjusted"), y)  # type: ignore[arg-type]
    one = parse("loss", "logit_adjusted").for_counts(np.array([4, 2]))  # type: ignore[attr-defined]
    outputs = torch.randn(6, 4)
    expected = sum(
        one.value(block, torch.from_numpy(codes), None)
        for block, codes in zip((outputs[:, :2], outputs[:, 2:]), (y // 2, y % 2))
    )
    torch.testing.assert_close(adjusted.value(outputs, torch.from_numpy(y), None), expected)


@pytest.mark.parametrize("head", HEADS)
def test_a_network_with_each_head_predicts_saves_and_loads(head: str, tmp_path: Path) -> None:
    data = tiny_data()
    fitted = fit_member(member(head=head), data.take(LEARN), JOINT, 5, 1)
    said = fitted.predict(data)
    assert said.shape == (36, 3)
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    fitted.save(tmp_path)
    assert np.array_equal(load_fitted(tmp_path).predict(data), said)


@pytest.mark.parametrize("head", HEADS)
def test_each_head_learns(head: str) -> None:
    spec = member(head=head, fit={"epochs": 30, "lr": 0.02})
    data = tiny_data()
    made = fit_member(spec, data.take(LEARN), JOINT, 5, 1).predict(data.take(OTHER))
    assert (made.argmax(axis=1) == data.target[OTHER]).mean() > 0.7  # type: ignore[index]


def test_separate_networks_share_no_weights() -> None:
    """One attribute's wrong labels change nothing for the other's network."""
    data = tiny_data()
    y = data.target
    assert y is not None
    lower = np.where(y == 1, 0, y)  # all that stand now sit: height changes, motion does not

    def same(**fit: Any) -> list[bool]:
        """Whether the network of each attribute is the same to the bit with both labels."""
        spec = member(head="separate", fit=fit)
        first, second = (
            fit_member(spec, replace(data, target=target).take(LEARN), JOINT, 5, 1).net.nets  # type: ignore[attr-defined]
            for target in (y, lower)
        )
        pairs = [zip(a.parameters(), b.parameters()) for a, b in zip(first, second)]
        return [all(torch.equal(one, other) for one, other in pair) for pair in pairs]

    assert same() == [False, False]  # one clip over the gradients of both
    assert same(clip=None) == [True, False]  # and nothing else is shared


def test_an_estimator_for_each_attribute_is_the_product_of_two() -> None:
    data = tiny_data("table")
    y = data.target
    assert y is not None
    recipe = {
        "metric": "accuracy",
        "folds": "stratified",
        "members": {"one": {"model": "lda", "head": "per_attribute"}},
    }
    spec = resolve(Recipe.model_validate(recipe), "one", data, JOINT)
    said = fit_member(spec, data.take(LEARN), JOINT, 5, 1).predict(data)
    parts = []
    for one in JOINT.attributes:
        target = TargetSpec(kind="classes", names=one.values)
        plain = {**recipe, "members": {"one": {"model": "lda"}}}
        own = resolve(Recipe.model_validate(plain), "one", data, target)
        coded = replace(data, target=one.codes(y)).take(LEARN)
        parts.append(fit_member(own, coded, target, 5, 1).predict(data))
    np.testing.assert_allclose(said, Head("per_attribute", JOINT).joined(parts), atol=1e-5)


@pytest.mark.parametrize(
    ("model", "head", "target", "message"),
    [
        (NET, "per_attribute", CLASSES, "head: per_attribute needs a class made of attributes"),
        ("logistic", "separate", CLASSES, "head: separate needs a class made of attributes"),
        ("logistic", "sigmoid", JOINT, "head: sigmoid is for networks"),
        (NET, "sigmoid", REAL, "head: sigmoid is for networks and classes"),
    ],
)
def test_a_head_that_cannot_be_is_refused(model: Any, head: str, target: TargetSpec, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        member(model, target, head=head)


def test_moved_thresholds_teach_and_true_ones_score() -> None:
    """`teach` reaches the fit; folds and scores see `target`."""
    data = tiny_data("table")
    y = data.target
    assert y is not None
    taught = replace(data, teach=(y + 1) % 3)  # a rule that is wrong throughout
    folds = make_folds(StratifiedGroup(k=3), taught, CLASSES, Path())
    assert np.array_equal(folds.fold, make_folds(StratifiedGroup(k=3), data, CLASSES, Path()).fold)
    recipe = {"metric": "accuracy", "folds": "stratified", "members": {"one": {"model": "lda"}}}
    spec = resolve(Recipe.model_validate(recipe), "one", data, CLASSES)

    def right(each: Dataset, truth: np.ndarray) -> float:
        work = Work({"one": spec}, each, None, CLASSES, folds, 0, 1, "mark")
        hits = []
        for job in work.jobs():
            rows = folds.part(job.repeat, job.fold)[1]
            said = fit_job(work, job, lambda event: None).predict(each.take(rows))
            hits.append(said.argmax(axis=1) == truth[rows])
        return float(np.concatenate(hits).mean())

    plain = right(data, y)
    assert right(taught, (y + 1) % 3) == pytest.approx(plain, abs=0.15)
    assert right(taught, y) < plain - 0.3
