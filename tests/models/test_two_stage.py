"""two_stage: the product of its stages, the hierarchy that it is given or learns, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import resolve
from holdfast.keys import seed_of
from holdfast.models.two_stage import groups_of_confusion
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec

NAMES = ("lie", "sit", "stand", "walk", "run")
FIVE = TargetSpec(kind="classes", column="label", names=NAMES)
GROUPING = {"static": ["lie", "sit", "stand"], "moving": ["walk", "run"]}


def simulated(n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Five classes in the plane: lie, stand and run near one another, sit and walk far from these."""
    y = np.arange(n) % 5
    centres = np.array([[0.0, 0.0], [20.0, 0.0], [1.0, 1.0], [21.0, 1.0], [0.0, 1.5]])
    return centres[y] + np.random.default_rng(seed).normal(scale=0.7, size=(n, 2)), y


def built(fields: dict[str, Any], target: TargetSpec = FIVE) -> Any:
    return parse("model", {"two_stage": fields}).build(target, 11, 1)  # type: ignore[attr-defined]


def resolved(fields: dict[str, Any], target: TargetSpec = FIVE) -> Any:
    X, y = simulated()
    members = {"one": {"model": {"two_stage": fields}}}
    recipe = Recipe.model_validate({"metric": "accuracy", "folds": "stratified", "members": members})
    groups = np.arange(len(y)) // 10
    data = Dataset("table", np.arange(len(y)).astype(str), X, ("a", "b"), y, groups)
    return resolve(recipe, "one", data, target), data


def test_given_grouping_multiplies_the_stages() -> None:
    X, y = simulated()
    made = built({"grouping": GROUPING, "second": {"logistic": {"C": 3.0}}}).fit(X, y)
    moving = np.isin(y, [3, 4]).astype(int)
    first = parse("model", "logistic").build(FIVE, seed_of(11, "first"), 1).fit(X, moving)  # type: ignore[attr-defined]
    want = np.zeros((len(X), 5))
    for i, (name, codes) in enumerate({"static": [0, 1, 2], "moving": [3, 4]}.items()):
        rows = np.isin(y, codes)
        second = parse("model", {"logistic": {"C": 3.0}}).build(FIVE, seed_of(11, f"second {name}"), 1)  # type: ignore[attr-defined]
        second.fit(X[rows], y[rows])
        want[:, codes] = first.predict_proba(X)[:, i : i + 1] * second.predict_proba(X)
    np.testing.assert_allclose(made.predict_proba(X), want, atol=1e-12)
    assert made.facts_ == {"hierarchy": GROUPING}


@settings(max_examples=10, deadline=None)
@given(places=st.lists(st.integers(0, 2), min_size=5, max_size=5).filter(lambda p: len(set(p)) > 1))
def test_any_grouping_gives_shares_that_sum_to_one_and_to_the_first_stage(places: list[int]) -> None:
    X, y = simulated(60)
    grouping: dict[str, list[str]] = {}
    for name, place in zip(NAMES, places):
        grouping.setdefault(f"c{place}", []).append(name)
    made = built({"grouping": grouping}).fit(X, y)
    p = made.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    coarse = np.stack([p[:, codes].sum(axis=1) for codes in made.hierarchy_.values()], axis=1)
    np.testing.assert_allclose(coarse, made.first_.predict_proba(X))


def test_learned_grouping_finds_the_planted_clusters() -> None:
    member, data = resolved({})
    fitted = fit_member(member, data, FIVE, seed=0, threads=1)
    found = list(fitted.facts["hierarchy"].values())
    assert found == [["lie", "stand", "run"], ["sit", "walk"]]
    assert (fitted.predict(data).argmax(axis=1) == data.target).mean() > 0.7


def test_learned_grouping_reads_held_out_rows_only() -> None:
    """Trees know every row that they learned; only held-out rows tell which classes they confuse."""
    X, y = simulated()
    fields = {"first": {"extra_trees": {"n_estimators": 20}}}
    assert [codes.tolist() for codes in built(fields).fit(X, y).hierarchy_.values()] == [[0, 2, 4], [1, 3]]


def test_confused_classes_join() -> None:
    confusion = np.eye(4) * 0.9
    confusion[0, 3] = confusion[1, 2] = 0.1
    assert [g.tolist() for g in groups_of_confusion(confusion, 2)] == [[0, 3], [1, 2]]
    assert [g.tolist() for g in groups_of_confusion(confusion, 4)] == [[0], [1], [2], [3]]


def test_coarse_class_of_one_class_needs_no_second_model() -> None:
    X, y = simulated()
    made = built({"grouping": {"lying": ["lie"], "rest": list(NAMES[1:])}}).fit(X, y)
    p = made.predict_proba(X)
    np.testing.assert_allclose(p[:, 0], made.first_.predict_proba(X)[:, 0])


def test_classes_absent_from_the_training_part_are_left_out() -> None:
    X, y = simulated()
    rows = np.isin(y, [3, 4])
    made = built({"grouping": GROUPING}).fit(X[rows], y[rows])
    assert made.classes_.tolist() == [3, 4]
    assert list(made.hierarchy_) == ["moving"]
    np.testing.assert_allclose(made.predict_proba(X).sum(axis=1), 1)


def test_weights_and_groups_reach_nested_models_that_take_them() -> None:
    X, y = simulated()
    groups, weights = np.arange(len(y)) // 20, np.where(y == 0, 8.0, 0.5)
    fields = {"first": {"svc": {"inner": 2}}, "grouping": GROUPING}
    plain = built(fields).fit(X, y, groups=groups).predict_proba(X)
    heavy = built(fields).fit(X, y, sample_weight=weights, groups=groups).predict_proba(X)
    assert heavy[:, 0].mean() > plain[:, 0].mean()


def test_numbers_name_classes_too() -> None:
    target = TargetSpec(kind="classes", column="label", names=("1", "2", "3", "4", "5"))
    member, _ = resolved({"grouping": {0: [1, 2], 1: [3, 4, 5]}}, target)
    assert member.model.grouping == {"0": ("1", "2"), "1": ("3", "4", "5")}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"grouping": {"static": ["lie", "sitt"], "moving": ["walk"]}},
            r"grouping\.static: no class is named 'sitt'; classes: lie, sit",
        ),
        ({"grouping": {"static": NAMES, "moving": ["walk"]}}, r"grouping\.moving: class 'walk' stands in static too"),
        ({"grouping": {"static": ["lie", "sit"], "moving": ["walk", "run"]}}, r"grouping: stand stands in no"),
        ({"grouping": {"all": NAMES}}, r"grouping: expected two or more coarse classes, got 1"),
        ({"coarse": 5}, r"coarse: 5 coarse classes of 5 classes .* expected 4 or fewer"),
        ({"first": "conv_residual"}, r"first: conv_residual is a network; expected an estimator"),
        ({"second": "minirocket"}, r"second: minirocket takes windows, expected a model of table"),
        ({"second": "ridge"}, r"second: ridge predicts real, the target is classes"),
        ({"second": {"gaussian_process": {"max_rows": 9}}}, r"second\.gaussian_process: 200 samples"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_any_work(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=r"^members\.one\.model\.two_stage\." + said):
        resolved(fields)


def test_schema_for_editors_knows_nested_models() -> None:
    from jsonschema import Draft202012Validator

    schema = Draft202012Validator(Recipe.model_json_schema(by_alias=True))

    def fine(fields: dict[str, Any]) -> bool:
        members = {"one": {"model": {"two_stage": fields}}}
        return schema.is_valid({"metric": "accuracy", "folds": {"kind": "stratified"}, "members": members})

    assert fine({"first": "lda", "second": {"logistic": {"C": 1.0}}})
    assert not fine({"first": "ldaa"})
    assert not fine({"second": {"logistik": {"C": 1.0}}})
