"""A learned coupling of attributes, on simulated data with and without one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.errors import BadInput
from holdfast.metrics.classes import LogLoss
from holdfast.predict.coupling import Coupling, log_coupling
from holdfast.recipe.target import Attribute, TargetSpec
from holdfast.testing.samples import CLASSES

MASK = Attribute(name="mask", values=("worn", "none"), of_class=(0, 0, 0, 1, 1, 1))
AGE = Attribute(name="age", values=("young", "middle", "old"), of_class=(0, 1, 2, 0, 1, 2), ordered=True)
JOINT = TargetSpec(kind="classes", names=tuple("abcdef"), attributes=(MASK, AGE))
BOUND = np.array([0.35, 0.1, 0.02, 0.05, 0.15, 0.33])  # shares of the joint classes: the old wear none
FREE = np.outer([0.6, 0.4], [0.5, 0.3, 0.2]).ravel()


def simulated(shares: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What a perfect model with an output for each attribute says, as products, and the truth.

    Each attribute is seen through noise of its own, so that its probabilities follow by Bayes's rule.
    """
    rng = np.random.default_rng(seed)
    truth = rng.choice(6, size=n, p=shares)
    said = np.ones((n, 6))
    for attribute in (MASK, AGE):
        k = len(attribute.values)
        seen = np.eye(k)[attribute.codes(truth)] + rng.normal(scale=0.8, size=(n, k))
        odds = attribute.marginal(shares[None])[0] * np.exp(seen / 0.8**2)
        said *= (odds / odds.sum(axis=1, keepdims=True))[:, list(attribute.of_class)]
    return said.astype(np.float32), truth


def loss(truth: np.ndarray, said: np.ndarray) -> float:
    return float(LogLoss().score(truth, said))


def test_bound_attributes_get_a_better_log_loss_on_fresh_rows() -> None:
    (said, truth), (fresh, fresh_truth) = simulated(BOUND, 3000, 0), simulated(BOUND, 3000, 1)
    coupling = Coupling()
    learned = coupling.fit(said, truth, JOINT)
    made = coupling.apply(learned, fresh)
    assert loss(fresh_truth, made) < loss(fresh_truth, fresh) - 0.1
    # such products lack exactly the shares' ratio: the power is 1
    np.testing.assert_allclose(learned / log_coupling(truth, JOINT), 1, atol=0.06)
    right = fresh * (BOUND / np.outer([0.47, 0.53], [0.4, 0.25, 0.35]).ravel())
    right /= right.sum(axis=1, keepdims=True)
    assert loss(fresh_truth, made) < loss(fresh_truth, right) + 0.005


def test_free_attributes_lose_nothing() -> None:
    for seed in range(3):
        (said, truth), (fresh, fresh_truth) = simulated(FREE, 1500, seed), simulated(FREE, 3000, seed + 10)
        coupling = Coupling()
        made = coupling.apply(coupling.fit(said, truth, JOINT), fresh)
        assert loss(fresh_truth, made) < loss(fresh_truth, fresh) + 0.003


def test_a_model_that_knows_the_coupling_keeps_its_probabilities() -> None:
    said, truth = simulated(BOUND, 3000, 0)
    known: Any = said * np.exp(log_coupling(truth, JOINT))
    known /= known.sum(axis=1, keepdims=True)
    power = Coupling().fit(known, truth, JOINT) / log_coupling(truth, JOINT)
    assert (power < 0.06).all()


def test_coupling_by_hand() -> None:
    """Two attributes of two values that always agree, 10 rows each: joint shares 1/2, 0, 0, 1/2."""
    a = Attribute(name="a", values=("0", "1"), of_class=(0, 0, 1, 1))
    b = Attribute(name="b", values=("0", "1"), of_class=(0, 1, 0, 1))
    target = TargetSpec(kind="classes", names=("00", "01", "10", "11"), attributes=(a, b))
    truth = np.repeat([0, 3], 10)
    made = np.exp(log_coupling(truth, target))
    np.testing.assert_allclose(made, np.array([10.5, 0.5, 0.5, 10.5]) / 5.5)
    said = np.full((20, 4), 0.25)
    np.testing.assert_allclose(
        Coupling().apply(Coupling().fit(said, truth, target), said[:1])[0],
        [10.5 / 22, 0.5 / 22, 0.5 / 22, 10.5 / 22], rtol=1e-3,
    )  # fmt: skip


def test_an_absent_class_and_an_absent_value_get_finite_factors() -> None:
    made = log_coupling(np.tile([0, 1, 0, 1, 3], 100), JOINT)  # nobody old
    assert np.isfinite(made).all()
    assert made[[2, 5]].tolist() == [0, 0], "of whom nobody saw nothing is said"
    rare, often = (log_coupling(np.repeat([0, 4], times), JOINT)[1] for times in (3, 300))
    assert often < rare < 0, "the more rows, the surer that a class is not there"


def test_classes_need_two_attributes() -> None:
    Coupling().check(JOINT)
    with pytest.raises(BadInput, match=r"predict\.coupling: expected classes of two or more attributes"):
        Coupling().check(CLASSES)
    with pytest.raises(BadInput, match="has 1;"):
        Coupling().check(JOINT.model_copy(update={"attributes": (MASK,)}))
