"""The estimators keep scikit-learn's contract, and the honesty of a run."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from holdfast.errors import BadInput
from holdfast.estimators import HoldfastClassifier, HoldfastRegressor
from holdfast.metrics.intervals import Score
from holdfast.recipe.load import load_recipe

FLOOR = {"members": {"only": {"model": "constant"}}}


@parametrize_with_checks([HoldfastClassifier(), HoldfastRegressor()])
def test_sklearn_estimator_checks(estimator, check):
    check(estimator)


@pytest.fixture
def table():
    """X `(60, 4)`, three named classes, and ten groups of six that hold each class twice."""
    rng = np.random.default_rng(0)
    codes = np.tile([0, 1, 2], 20)
    X = rng.normal(size=(60, 4)) + codes[:, None]
    return X, np.array(["c", "a", "b"])[codes], np.repeat(np.arange(10), 6)


@pytest.fixture
def windows():
    """X `(24, 40, 2)` with gaps: slow and fast waves."""
    rng = np.random.default_rng(1)
    y = np.tile([0, 1], 12)
    t = np.arange(40) / 40
    X = np.sin(2 * np.pi * t[None, :, None] * (2 + 6 * y)[:, None, None]) + rng.normal(0, 0.2, (24, 40, 2))
    X[rng.random(X.shape) < 0.05] = np.nan
    return X, y


def test_group_never_on_both_sides(table):
    X, y, groups = table
    folds = HoldfastClassifier(FLOOR).fit(X, y, groups=groups).folds_
    assert folds.k == 5
    for fold in range(folds.k):
        learn, scored = folds.part(0, fold)
        assert not set(groups[learn]) & set(groups[scored])
    folds = HoldfastRegressor(FLOOR).fit(X, X[:, 0], groups=[f"g{g % 3}" for g in groups]).folds_
    assert folds.k == 3


def test_splitter_that_would_cut_groups_is_refused(table):
    X, y, groups = table
    with pytest.raises(BadInput, match="one group on both sides"):
        HoldfastClassifier({**FLOOR, "folds": "stratified"}).fit(X, y, groups=groups)


def test_interval_is_over_groups_where_they_are_given(table):
    X, y, groups = table
    assert HoldfastClassifier(FLOOR).fit(X, y, groups=groups).score_.units == 10
    assert HoldfastClassifier(FLOOR).fit(X, y).score_.how == "bootstrap over samples (no groups are known)"


def test_fewer_folds_where_a_class_is_rare(table):
    X, y, groups = table
    rare = np.where(np.arange(60) < 3, "rare", y)
    assert HoldfastClassifier(FLOOR).fit(X, rare).folds_.k == 3
    with pytest.raises(ValueError, match="class rare has 1 group only"):
        HoldfastClassifier(FLOOR).fit(X, rare, groups=groups)
    with pytest.raises(ValueError, match="class rare has 1 sample only"):
        HoldfastClassifier(FLOOR).fit(X[2:], rare[2:])


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        (np.zeros(60), "one group only"),
        (np.arange(59), "inconsistent"),
        ([None] + ["a"] * 59, "missing for 1"),
    ],
)
def test_groups_that_are_wrong_are_refused(table, groups, says):
    with pytest.raises(ValueError, match=says):
        HoldfastClassifier(FLOOR).fit(*table[:2], groups=groups)


def test_score_is_that_of_the_out_of_fold_table(table):
    X, y, _ = table
    model = HoldfastClassifier().fit(X, y)
    assert isinstance(model.score_, Score)
    assert model.score_.value == pytest.approx(log_loss(y, model.oof_, labels=model.classes_))
    assert model.score_.value < model.scores_["floor"]["log_loss"].value
    assert set(model.scores_["ensemble"]) == {"log_loss", "accuracy", "macro_f1"}
    values = HoldfastRegressor().fit(X[:, 1:], X[:, 0])
    assert values.score_.value == pytest.approx(root_mean_squared_error(X[:, 0].astype("f4"), values.oof_))


def test_out_of_fold_rows_come_from_models_that_never_saw_them(table):
    X, y, _ = table
    forest = {"members": {"trees": {"model": {"extra_trees": {"n_estimators": 20}}}}}
    noise = np.random.default_rng(2).permutation(y)
    model = HoldfastClassifier(forest).fit(X, noise)
    assert (model.predict(X) == noise).mean() == 1.0
    assert model.scores_["ensemble"]["accuracy"].value < 0.6


def test_prediction_is_the_mean_of_members_folds_and_repeats(table):
    X, y, _ = table
    recipe = {
        "metric": "accuracy",
        "folds": {"kind": "stratified", "k": 3, "repeats": 2},
        "members": {"weak": {"model": "constant"}, "strong": {"model": "logistic"}},
        "ensemble": "mean",
    }
    both = HoldfastClassifier(recipe).fit(X, y)
    alone = [
        HoldfastClassifier({**recipe, "members": {name: recipe["members"][name]}}).fit(X, y).predict_proba(X)
        for name in recipe["members"]
    ]
    np.testing.assert_allclose(both.predict_proba(X), np.mean(alone, axis=0), rtol=1e-6)
    assert both.folds_.repeats == 2
    assert set(both.scores_) == {"weak", "strong", "ensemble", "floor"}


def test_recipe_as_object_and_as_file(table, tmp_path):
    X, y, _ = table
    text = "data: {kind: table, train: absent.csv}\nmetric: accuracy\nfolds: {kind: stratified, k: 3}\n"
    (tmp_path / "recipe.yaml").write_text(text + "members: {linear: {model: logistic}}\n")
    path = tmp_path / "recipe.yaml"
    made = [HoldfastClassifier(given).fit(X, y).oof_ for given in (path, str(path), load_recipe(path))]
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[0], made[2])


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        ({**FLOOR, "data": {"kind": "table", "train": "x.csv"}}, "leave data out"),
        ({**FLOOR, "metric": "rmse"}, "rmse scores real"),
        ({"members": {"m": {"model": "logistics"}}}, "did you mean 'logistic'"),
        (3, "expected None, a Recipe, a dict"),
    ],
)
def test_recipe_that_cannot_be_is_refused_at_fit(table, recipe, says):
    with pytest.raises(ValueError, match=says):
        HoldfastClassifier(recipe).fit(*table[:2])


def test_windows_with_gaps(windows):
    X, y = windows
    model = HoldfastClassifier().fit(X, y)
    assert model.scores_["ensemble"]["accuracy"].value > 0.9
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    with pytest.raises(ValueError, match="shape"):
        model.predict(X[:, :, :1])
    with pytest.raises(ValueError, match=r"\(n, features\) or \(n, steps, channels\)"):
        HoldfastClassifier().fit(X[..., None], y)


def test_network_survives_pickling(windows):
    X, y = windows
    network = {"model": {"conv_residual": {"width": 4, "kernel": 3}}, "fit": {"epochs": 1, "precision": "32"}}
    model = HoldfastRegressor({"members": {"net": network}, "folds": {"kind": "stratified", "k": 2}})
    model.fit(X, y + 0.5)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_equal_fits_are_equal_and_clone_carries_the_recipe(table):
    X, y, groups = table
    model = HoldfastClassifier(
        {"seed": 3, "members": {"m": {"model": {"random_forest": {"n_estimators": 10}}}}, "threads": 1}
    )
    first, second = model.fit(X, y, groups=groups).oof_, clone(model).fit(X, y, groups=groups).oof_
    np.testing.assert_array_equal(first, second)


def test_frames_name_their_features(table):
    X, y, _ = table
    frame = pd.DataFrame(X, columns=list("wxyz"))
    model = HoldfastClassifier().fit(frame, y)
    assert model.feature_names_in_.tolist() == list("wxyz")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("zyxw")])


@pytest.mark.parametrize("routing", [False, True])
def test_cross_validation_hands_groups_to_fit(table, routing, monkeypatch):
    X, y, groups = table
    seen = []

    class Watched(HoldfastClassifier):
        def fit(self, X, y, groups=None):
            seen.append(groups)
            return super().fit(X, y, groups)

    with sklearn.config_context(enable_metadata_routing=routing):
        model = Watched(FLOOR).set_fit_request(groups=True) if routing else Watched(FLOOR)
        cuts = GroupKFold(2) if routing else list(GroupKFold(2).split(X, y, groups))
        scores = cross_val_score(model, X, y, cv=cuts, params={"groups": groups}, error_score="raise")
    assert len(scores) == 2
    assert sorted({*seen[0], *seen[1]}) == list(range(10))
    assert not set(seen[0]) & set(seen[1])
