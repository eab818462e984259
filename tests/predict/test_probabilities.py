"""What is done to probabilities: known answers, planted faults and their repair on fresh rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.errors import BadInput
from holdfast.metrics.base import Metric
from holdfast.predict.base import Postprocess
from holdfast.recipe.registry import parse
from holdfast.testing.samples import CLASSES


def post(name: str, **fields: Any) -> Postprocess:
    return parse("postprocess", {name: fields})  # type: ignore[return-value]


def score(metric: str, truth: np.ndarray, said: np.ndarray) -> float:
    made = parse("metric", metric)
    assert isinstance(made, Metric)
    return float(made.score(truth, said))


def simulated(n: int, seed: int, prior: tuple[float, ...] = (0.5, 0.3, 0.2)) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities `(n, 3)`, float32, and truth drawn from them: calibrated by construction."""
    rng = np.random.default_rng(seed)
    logits = np.log(prior) + rng.normal(size=(n, 3))
    said = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (rng.random((n, 1)) > said.cumsum(axis=1)).sum(axis=1).clip(max=2)
    return said.astype(np.float32), truth


def bent(said: np.ndarray) -> np.ndarray:
    """A planted fault that no temperature repairs: two classes too sure, the third too shy."""
    made = said ** np.array([3.0, 3.0, 0.5])
    return (made / made.sum(axis=1, keepdims=True)).astype(np.float32)


def test_isotonic_repairs_planted_miscalibration_on_fresh_rows() -> None:
    said, truth = simulated(4000, 0)
    fresh, fresh_truth = simulated(4000, 1)
    step = post("isotonic")
    repaired = step.apply(step.fit(bent(said), truth, CLASSES), bent(fresh))
    best, before, after = (score("log_loss", fresh_truth, one) for one in (fresh, bent(fresh), repaired))
    assert before - best > 0.05
    assert after - best < 0.4 * (before - best)
    kept = step.apply(step.fit(said, truth, CLASSES), fresh)
    assert score("log_loss", fresh_truth, kept) < best + 0.01, "what is calibrated stays so"


def test_isotonic_curve_by_hand() -> None:
    """Two classes said at three levels: right 1 of 4, 2 of 4, 4 of 4 times."""
    first = np.repeat([0.1, 0.6, 0.9], 4)
    truth = 1 - np.array([1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1])
    said = np.stack([first, 1 - first], axis=1)
    target = CLASSES.model_copy(update={"names": ("a", "b")})
    step = post("isotonic")
    made = step.apply(step.fit(said, truth, target), said[[0, 4, 8]])
    np.testing.assert_allclose(made[:, 0], (12 * np.array([0.25, 0.5, 1.0]) + 1) / 14)


def test_isotonic_calls_nothing_impossible() -> None:
    said = np.eye(3)[np.repeat([0, 1, 2], 5)]
    step = post("isotonic")
    learned = step.fit(said, np.repeat([0, 1, 2], 5), CLASSES)
    strange = np.array([[1.0, 0, 0], [0.4, 0.3, 0.3], [0, 0, 1.0]])
    assert step.apply(learned, strange).min() > 0.01


@pytest.mark.parametrize(
    ("prior", "expected"),
    [
        ("uniform", [0.4 / 0.5, 0.4 / 0.25, 0.2 / 0.25]),
        ({"sit": 0.5, "stand": 0.25, "walk": 0.25}, [0.4, 0.4, 0.2]),
        ({"walk": 3, "sit": 1, "stand": 1}, [0.4 / 0.5, 0.4 / 0.25, 3 * 0.2 / 0.25]),
    ],
)
def test_prior_correction_by_hand(prior: Any, expected: list[float]) -> None:
    truth = np.array([0, 0, 1, 2])
    step = post("prior_correction", prior=prior)
    step.check(CLASSES)
    made = step.apply(step.fit(np.full((4, 3), 1 / 3), truth, CLASSES), np.array([[0.4, 0.4, 0.2]]))
    np.testing.assert_allclose(made[0], np.array(expected) / sum(expected))


def test_prior_correction_follows_the_shift() -> None:
    """Rows of the same classes in other shares: corrected probabilities score better there."""
    said, truth = simulated(3000, 0, (0.8, 0.15, 0.05))
    pool, pool_truth = simulated(30000, 1, (0.8, 0.15, 0.05))
    even = np.concatenate([np.flatnonzero(pool_truth == code)[:1000] for code in range(3)])
    step = post("prior_correction")
    made = step.apply(step.fit(said, truth, CLASSES), pool[even])
    before, after = (score("log_loss", pool_truth[even], one) for one in (pool[even], made))
    assert after < before - 0.3


def test_prior_names_every_class_and_no_other() -> None:
    with pytest.raises(BadInput, match=r"predict.prior_correction.prior: no class is named 'run'"):
        post("prior_correction", prior={"run": 1}).check(CLASSES)
    with pytest.raises(BadInput, match="expected a share for every class; stand, walk have none"):
        post("prior_correction", prior={"sit": 1}).check(CLASSES)
    for wrong, word in (("even", "'uniform'"), ({"sit": 0}, "greater than 0")):
        with pytest.raises(ValueError, match=word):
            post("prior_correction", prior=wrong)
    assert post("prior_correction", prior={12: 1}) == post("prior_correction", prior={"12": 1})


def test_thresholds_raise_macro_f1_of_planted_skew_on_fresh_rows() -> None:
    said, truth = simulated(3000, 0, (0.9, 0.07, 0.03))
    fresh, fresh_truth = simulated(3000, 1, (0.9, 0.07, 0.03))
    step = post("thresholds")
    factors = step.fit(said, truth, CLASSES)
    made = step.apply(factors, fresh)
    assert factors[0] < min(factors[1:])
    before, after = (score("macro_f1", fresh_truth, one) for one in (fresh, made))
    assert after > before + 0.05
    assert score("log_loss", fresh_truth, made) > score("log_loss", fresh_truth, fresh), (
        "as its docstring warns"
    )


@pytest.mark.parametrize("seed", range(5))
def test_thresholds_never_lower_macro_f1_of_the_rows_they_are_fitted_on(seed: int) -> None:
    said, truth = simulated(60, seed, (0.7, 0.2, 0.1))
    step = post("thresholds")
    made = step.apply(step.fit(said, truth, CLASSES), said)
    assert score("macro_f1", truth, made) >= score("macro_f1", truth, said)


def test_thresholds_leave_alone_what_they_cannot_better() -> None:
    truth = np.repeat([0, 1], 6)  # and a class that nobody saw
    said = np.full((12, 3), 0.1)
    said[np.arange(12), truth] = 0.8
    assert post("thresholds").fit(said, truth, CLASSES).tolist() == [1, 1, 1]


def test_thresholds_by_hand() -> None:
    """Class 1 is never the most probable; a factor above 0.7 / 0.3 and below 0.9 / 0.1 parts the classes."""
    said = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.7, 0.3]])
    target = CLASSES.model_copy(update={"names": ("a", "b")})
    first, second = post("thresholds").fit(said, np.array([0, 0, 0, 1]), target)
    assert 7 / 3 < second / first < 9


def test_clip_bounds() -> None:
    said, _ = simulated(200, 0)
    said = bent(said).astype(np.float64)
    assert said.min() < 1e-4
    step = post("clip", low=0.01)
    made = step.apply(step.fit(said, np.zeros(200, dtype=np.int64), CLASSES), said)
    assert made.min() > 0.01 / 1.02 - 1e-6
    inside = said.min(axis=1) >= 0.01
    assert inside.any()
    np.testing.assert_allclose(made[inside], said[inside], rtol=1e-5)
    np.testing.assert_allclose(step.apply(0.01, np.array([[1.0, 0, 0]]))[0], np.array([1, 0.01, 0.01]) / 1.02)


def test_clip_finds_the_rate_of_sure_errors() -> None:
    """Of 1,000 sure rows 20 are wrong, evenly over the two other classes: each class gets 0.01."""
    truth = np.zeros(1000, dtype=np.int64)
    truth[:10], truth[10:20] = 1, 2
    said = np.eye(3)[np.zeros(1000, dtype=np.int64)]
    low = post("clip").fit(said, truth, CLASSES)
    assert low / (1 + 2 * low) == pytest.approx(0.01, rel=0.13)  # a step of the grid is a quarter


def test_clip_under_the_even_share_only() -> None:
    post("clip", low=0.33).check(CLASSES)
    with pytest.raises(BadInput, match=r"predict.clip.low: expected less than one share of 3 classes"):
        post("clip", low=0.34).check(CLASSES)
