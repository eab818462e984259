"""What boosters promise beyond their contract."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast.errors import BadInput
from holdfast.fit.resolved import resolve
from holdfast.models.boosting import Coded
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import CLASSES, REAL, tiny_data

BOOSTERS = [{"xgboost": {"n_estimators": 20}}, {"catboost": {"iterations": 20}}]


def built(entry: dict[str, Any], target: Any, threads: int = 1) -> Any:
    return parse("model", entry).build(target, 5, threads)  # type: ignore[attr-defined]


@pytest.mark.parametrize("package", ["xgboost", "catboost"])
def test_missing_package_is_named_with_its_command(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    plain = {"metric": "accuracy", "folds": "stratified", "members": {"one": {"model": package}}}
    with pytest.raises(BadInput) as caught:
        resolve(Recipe.model_validate(plain), "one", tiny_data("table"), CLASSES)
    said = str(caught.value)
    assert said.startswith(f"members.one.model.{package}: ")
    assert said.endswith("pip install holdfast[boosters]")
    assert "\n" not in said


@pytest.mark.parametrize("package", ["xgboost", "catboost"])
def test_missing_package_inside_two_stages_is_found(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    members = {"one": {"model": {"two_stage": {"second": package}}}}
    plain = {"metric": "accuracy", "folds": "stratified", "members": members}
    with pytest.raises(BadInput, match=rf"two_stage\.second\.{package}: .*boosters"):
        resolve(Recipe.model_validate(plain), "one", tiny_data("table"), CLASSES)


@pytest.mark.parametrize("entry", BOOSTERS)
def test_boosters_are_quiet_and_write_nothing(
    entry: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    data = tiny_data("table")
    built(entry, CLASSES).fit(data.read(), data.target).predict_proba(data.read())
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("entry", BOOSTERS)
def test_boosters_learn_and_threads_do_not_change_the_classes(entry: dict[str, Any]) -> None:
    data = tiny_data("table", groups=20)
    one, two = (built(entry, CLASSES, n).fit(data.read(), data.target) for n in (1, 2))
    p = one.predict_proba(data.read())
    assert (p.argmax(axis=1) == data.target).mean() > 0.8
    np.testing.assert_allclose(p, two.predict_proba(data.read()), atol=1e-5)


@pytest.mark.parametrize("entry", BOOSTERS)
def test_weights_reach_the_trees(entry: dict[str, Any]) -> None:
    data = tiny_data("table", "real")
    assert data.target is not None
    heavy = np.where(data.target > 1, 10.0, 0.1)
    plain = built(entry, REAL).fit(data.read(), data.target).predict(data.read())
    weighted = built(entry, REAL).fit(data.read(), data.target, sample_weight=heavy).predict(data.read())
    assert weighted.mean() > plain.mean()


def test_codes_with_holes_come_back_as_they_were() -> None:
    data = tiny_data("table")
    y = np.array([0, 3, 7])[data.target]
    made = built(BOOSTERS[0], CLASSES).fit(data.read(), y)
    assert made.classes_.tolist() == [0, 3, 7]
    assert made.predict_proba(data.read()).shape == (36, 3)


def test_one_class_alone_is_certain() -> None:
    made = Coded(None).fit(np.zeros((4, 2)), np.full(4, 2))
    assert made.classes_.tolist() == [2]
    assert made.predict_proba(np.zeros((3, 2))).tolist() == [[1.0], [1.0], [1.0]]
