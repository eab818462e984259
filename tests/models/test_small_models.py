"""knn, lda and gaussian_process beyond their contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.errors import BadInput
from holdfast.fit.resolved import resolve
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.testing.samples import CLASSES, REAL, tiny_data


def built(entry: Any, target: TargetSpec) -> Any:
    return parse("model", entry).build(target, 0, 1)  # type: ignore[attr-defined]


def resolved(model: Any, target: str = "classes", **over: Any) -> Any:
    plain = {
        "metric": "accuracy" if target == "classes" else "rmse",
        "folds": "stratified",
        "members": {"one": {"model": model}},
        **over,
    }
    data = tiny_data("table", target)
    return resolve(Recipe.model_validate(plain), "one", data, CLASSES if target == "classes" else REAL)


def test_knn_weighs_by_the_inverse_distance() -> None:
    made = built({"knn": {"n_neighbors": 2}}, CLASSES).fit(np.array([[0.0], [4.0]]), np.array([0, 1]))
    np.testing.assert_allclose(made.predict_proba(np.array([[1.0]])), [[0.75, 0.25]])


def test_knn_asks_all_where_there_are_fewer_samples() -> None:
    made = built({"knn": {"n_neighbors": 50, "weights": "uniform"}}, REAL)
    assert made.fit(np.arange(4.0)[:, None], np.arange(4.0)).predict(np.array([[9.0]])).tolist() == [1.5]


def test_lda_shrinks_so_that_more_features_than_samples_do_no_harm() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(120) % 3
    X = rng.normal(size=(120, 200))
    X[:, :10] += 1.5 * y[:, None]
    right = {}
    for shrinkage in ("auto", 0.0):
        made = built({"lda": {"shrinkage": shrinkage}}, CLASSES).fit(X[:60], y[:60])
        right[shrinkage] = (made.predict_proba(X[60:]).argmax(axis=1) == y[60:]).mean()
    assert right["auto"] > 0.9
    assert right["auto"] > right[0.0]


@pytest.mark.parametrize("kernel", ["rbf", "matern"])
def test_gaussian_process_finds_its_scale_among_many_features(kernel: str) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(80) % 3
    X = rng.normal(size=(80, 300))
    X[:, :20] += 1.5 * y[:, None]
    made = built({"gaussian_process": {"kernel": kernel}}, CLASSES).fit(X[:60], y[:60])
    assert (made.predict_proba(X[60:]).argmax(axis=1) == y[60:]).mean() > 0.6  # chance: 0.33


def test_gaussian_process_follows_a_curve() -> None:
    x = np.linspace(-2, 2, 40)[:, None]
    made = built("gaussian_process", REAL).fit(x[::2], np.sin(2 * x[::2, 0]))
    np.testing.assert_allclose(made.predict(x[1:-1:2]), np.sin(2 * x[1:-1:2, 0]), atol=0.05)


def test_gaussian_process_refuses_more_rows_before_any_work() -> None:
    with pytest.raises(BadInput, match=r"^members\.one\.model\.gaussian_process: 36 samples, max_rows is 35"):
        resolved({"gaussian_process": {"max_rows": 35}})
    resolved({"gaussian_process": {"max_rows": 36}})


def test_gaussian_process_refuses_rows_that_balance_added() -> None:
    with pytest.raises(BadInput, match="5 samples, max_rows is 4"):
        built({"gaussian_process": {"max_rows": 4}}, REAL).fit(np.zeros((5, 1)), np.arange(5.0))


@pytest.mark.parametrize("model", ["knn", "lda", "gaussian_process", {"two_stage": {"second": "lda"}}])
def test_models_that_cannot_weigh_samples_refuse_class_weights(model: Any) -> None:
    with pytest.raises(BadInput, match=r"members\.one\.balance: class_weights weighs samples"):
        resolved(model, balance="class_weights")
    resolved(model, balance="balanced_sampler")
    resolved("logistic", balance="class_weights")


def test_logistic_head_for_real_targets_is_refused_before_any_work() -> None:
    plain = {
        "metric": "rmse",
        "folds": "stratified",
        "members": {"one": {"model": {"hydra": {"head": "logistic"}}}},
    }
    with pytest.raises(BadInput, match=r"hydra\.head: logistic is for classes"):
        resolve(Recipe.model_validate(plain), "one", tiny_data("windows", "real"), REAL)
