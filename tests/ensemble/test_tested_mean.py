"""The mean of members that are not shown to be worse, and the blend that may take its place."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from test_weighted_mean import FOLDS, TRUTH, said

from holdfast.ensemble.chain import Chain, chain_of, cross_fitted
from holdfast.ensemble.tested_mean import TestedMean, chosen
from holdfast.metrics.base import Metric
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import parse
from holdfast.testing.samples import CLASSES, GRID, REAL

NAMES = ["good", "useless", "fine"]
MEMBERS = np.stack([said(2.5, 1), said(0, 2), said(2.5, 3)])


def mean_of(metric: str = "log_loss", **fields: Any) -> TestedMean:
    return TestedMean(**fields).for_metric(cast("Metric", parse("metric", metric)), CLASSES)


@pytest.mark.parametrize("metric", ["log_loss", "accuracy"])
def test_a_useless_member_is_left_out_and_its_test_is_kept(metric: str) -> None:
    ensemble = mean_of(metric)
    learned = ensemble.fit(MEMBERS, TRUTH, FOLDS)
    assert learned.choice.kept == [0, 2]
    np.testing.assert_allclose(ensemble.predict(learned, MEMBERS), MEMBERS[[0, 2]].mean(axis=0))
    facts = ensemble.facts(learned, NAMES)
    assert facts["mean_of"] == ["good", "fine"]
    assert facts["to_the_best"]["useless"]["p_holm"] < 0.05
    assert "left out as worse than the best: useless" in ensemble.says(facts)


def test_members_that_are_alike_all_stay() -> None:
    ensemble = mean_of()
    members = np.stack([said(1.5, seed) for seed in range(5)])
    learned = ensemble.fit(members, TRUTH, FOLDS)
    assert learned.choice.kept == [0, 1, 2, 3, 4]
    assert "no member worse" in ensemble.says(ensemble.facts(learned, list("abcde")))


def test_one_fold_has_no_spread_to_test_by() -> None:
    assert chosen(cast("Metric", parse("metric", "log_loss")), MEMBERS, TRUTH, np.zeros(240)).kept == [
        0,
        1,
        2,
    ]
    assert mean_of(blend="caruana").fit(MEMBERS, TRUTH, np.zeros(240)).helps is False


def test_logits_give_the_geometric_mean_of_those_kept() -> None:
    ensemble = mean_of(average="logits")
    learned = ensemble.fit(MEMBERS, TRUTH, FOLDS)
    raw = np.sqrt(MEMBERS[0] * MEMBERS[2])
    np.testing.assert_allclose(ensemble.predict(learned, MEMBERS), raw / raw.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("target", "name"), [(CLASSES, "tested_mean"), (REAL, "tested_mean"), (GRID, "mean")]
)
def test_where_none_is_named(target: Any, name: str) -> None:
    metric = {"classes": "log_loss", "real": "rmse", "grid": "mae"}[target.kind]
    assert chain_of(recipe(None, metric), ["one"], target).ensemble.name == name


def test_several_comparisons_are_held_by_holm() -> None:
    learned = mean_of().fit(MEMBERS, TRUTH, FOLDS)
    raw = {m: one.p for m, (one, _) in learned.choice.tests.items()}
    adjusted = {m: p for m, (_, p) in learned.choice.tests.items()}
    assert adjusted[1] == pytest.approx(min(1, 2 * raw[1]))  # the smallest of two


def test_a_blend_that_helps_takes_the_place_of_the_mean() -> None:
    # good as they are in accuracy but far too shy: only the second model mends that
    shy = 0.03 * np.stack([said(2, 1), said(2, 2)]) + 0.97 / 3
    ensemble = mean_of(blend="stacking")
    learned = ensemble.fit(shy, TRUTH, FOLDS)
    assert learned.helps
    assert learned.against.high < 0
    facts = ensemble.facts(learned, ["one", "two"])
    assert facts["blend"]["helps"] is True
    assert "stacking takes its place" in ensemble.says(facts)
    assert ensemble.predict(learned, shy).max() > 0.9


def test_a_blend_that_does_not_help_stays_out() -> None:
    alike = np.stack([said(1.5, seed) for seed in range(3)])
    ensemble = mean_of(blend="weighted_mean")
    learned = ensemble.fit(alike, TRUTH, FOLDS)
    assert not learned.helps
    assert learned.learned is None
    np.testing.assert_allclose(ensemble.predict(learned, alike), alike.mean(axis=0))
    assert "is not shown to help and stays out" in ensemble.says(ensemble.facts(learned, list("abc")))


def test_a_blend_that_learns_rows_by_heart_is_not_believed() -> None:
    # nothing to learn: on its own rows lightgbm would look far better than the mean
    nothing = np.stack([said(0, 1), said(0, 2)])
    learner = parse("ensemble", {"stacking": {"model": "lightgbm"}})
    scored = cast("Metric", parse("metric", "accuracy"))
    own = learner.predict(learner.fit(nothing, TRUTH, FOLDS), nothing)  # type: ignore[attr-defined]
    assert scored.score(TRUTH, own) > 0.7
    ensemble = mean_of("accuracy", blend="stacking")
    object.__setattr__(ensemble, "_learner", learner)
    assert not ensemble.fit(nothing, TRUTH, FOLDS).helps


def test_scored_rows_decide_nothing() -> None:
    """A fold's own truth may say anything: what is predicted for its rows stays as it is."""
    members = dict(zip(NAMES, MEMBERS))
    chain = Chain(dict.fromkeys(NAMES, ()), mean_of(blend="weighted_mean"), (), CLASSES)
    before = cross_fitted(chain, members, TRUTH, FOLDS)["ensemble"]
    turned = np.where(FOLDS == 1, (TRUTH + 1) % 3, TRUTH)
    after = cross_fitted(chain, members, turned, FOLDS)["ensemble"]
    np.testing.assert_array_equal(before[FOLDS == 1], after[FOLDS == 1])
    assert not np.array_equal(before, after)


def recipe(ensemble: Any, metric: Any = "rmse") -> Any:
    return load_recipe(
        {
            "metric": metric,
            "folds": "stratified",
            "members": {"one": {"model": "ridge"}},
            "ensemble": ensemble,
        }
    )


@pytest.mark.parametrize(
    ("ensemble", "target"),
    [("hard_vote", REAL), *((name, GRID) for name in ("caruana", "rank_mean", "stacking", "tested_mean"))],
)
def test_an_ensemble_refuses_a_target_that_it_does_not_serve(ensemble: str, target: Any) -> None:
    with pytest.raises(ValueError, match=rf"ensemble: {ensemble} is for .* is {target.kind}"):
        chain_of(recipe(ensemble), ["one"], target)


def test_a_chain_hands_the_metric_on() -> None:
    made = chain_of(recipe({"tested_mean": {"blend": "caruana"}}, "mae"), ["one"], REAL).ensemble
    assert isinstance(made, TestedMean)
    assert made.metric_for(np.zeros((1, 2))).name == "mae"
    assert made._learner.metric_for(np.zeros((1, 2))).name == "mae"  # type: ignore[union-attr]


def test_an_unknown_blend_is_refused() -> None:
    with pytest.raises(ValueError, match="blend"):
        recipe({"tested_mean": {"blend": "magic"}})
