"""Likely wrong labels in training: found inside the training part, left out or weighed less, held-out rows untouched."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tiny import TABLE, table_folder
from tiny import recipe as of_folder

from holdfast.data.dataset import Dataset
from holdfast.engine.job import Job, Work, fit_job
from holdfast.errors import BadInput
from holdfast.fit.doubted import FILE, without_doubted
from holdfast.fit.estimator import fit_estimator
from holdfast.fit.feed import Feed
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import MemberSpec, resolve
from holdfast.folds.table import Folds
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.labels import Labels
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.study.ablate_changes import variant
from holdfast.testing.samples import CLASSES, REAL, tiny_data
from holdfast.train import train

DROP, WEIGH = {"drop": "suspected"}, {"weight": 0.2}
GROUPS, EACH = 30, 15


def simulated(share: float, seed: int = 0) -> tuple[Dataset, np.ndarray]:
    """Simulated rows of three classes far apart, in groups; and which labels were made wrong."""
    rng = np.random.default_rng(seed)
    n = GROUPS * EACH
    y = np.tile(np.arange(3), n // 3)
    X = (4 * np.eye(3)[y] + rng.normal(size=(n, 3))).astype(np.float32)
    wrong = rng.permutation(n) < round(share * n)
    ids, groups = (
        np.array([f"s{i:03}" for i in range(n)]),
        np.repeat([f"g{g:02}" for g in range(GROUPS)], EACH),
    )
    return Dataset("table", ids, X, ("a", "b", "c"), np.where(wrong, (y + 1) % 3, y), groups), wrong


def recipe(labels: Any, model: Any = "logistic", **members: Any) -> Recipe:
    values = {"metric": "accuracy", "folds": "stratified_group", "labels": labels}
    return Recipe.model_validate({**values, "members": {"one": {"model": model}, **members}})


def work_of(data: Dataset, spec: MemberSpec) -> Work:
    fold = np.repeat(np.arange(GROUPS) % 3, EACH)
    folds = Folds(fold[None], ((np.array([], dtype=int),) * 3,), {})
    return Work({"one": spec}, data, None, CLASSES, folds, 0, 1, "mark")


def fold_of(data: Dataset, labels: Any, folder: Path | None = None) -> tuple[np.ndarray, Work]:
    """What fold 0 says of its held-out rows."""
    work = work_of(data, resolve(recipe(labels), "one", data, CLASSES))
    fitted = fit_job(work, Job("one", 0, 0), lambda event: None, folder=folder, mark="m")
    return fitted.predict(data.take(work.folds.part(0, 0)[1])), work


def test_planted_wrong_labels_are_found_and_a_clean_twin_keeps_all(tmp_path: Path) -> None:
    data, wrong = simulated(0.1)
    _, work = fold_of(data, DROP, tmp_path)
    learned = work.folds.part(0, 0)[0]
    held = json.loads((tmp_path / FILE).read_text())
    found = np.zeros(len(learned), dtype=bool)
    found[held["rows"]] = True
    assert found[wrong[learned]].mean() >= 0.8
    assert found[~wrong[learned]].mean() <= 0.02
    assert held["facts"]["suspected"] == found.sum()
    assert set(held["facts"]["ids"]) <= set(data.ids[learned])
    clean, _ = simulated(0.0)
    (tmp_path / "clean").mkdir()
    fold_of(clean, DROP, tmp_path / "clean")
    assert json.loads((tmp_path / "clean" / FILE).read_text())["rows"] == []


@pytest.mark.parametrize("labels", [DROP, WEIGH])
def test_held_out_labels_change_nothing(labels: Any) -> None:
    data, _ = simulated(0.1)
    said, work = fold_of(data, labels)
    rows = work.folds.part(0, 0)[1]
    assert len(said) == len(rows)  # none is left out
    other = data.target.copy()  # type: ignore[union-attr]
    other[rows] = np.random.default_rng(1).permutation(other[rows])
    np.testing.assert_array_equal(said, fold_of(replace(data, target=other), labels)[0])


def test_dropping_is_training_without_them_and_weighing_lies_between() -> None:
    data, wrong = simulated(0.1)
    rows = np.flatnonzero(wrong)
    plain = resolve(recipe(None), "one", data, CLASSES)

    def said(part: Dataset) -> np.ndarray:
        return fit_member(plain, part, CLASSES, 0, 1).predict(data)[np.arange(len(data)), data.target]

    dropped = without_doubted(data, rows, Labels.model_validate(DROP))
    assert dropped.ids.tolist() == data.ids[~wrong].tolist()
    of_all, of_less, of_none = (
        said(part)[wrong].mean()
        for part in (data, without_doubted(data, rows, Labels.model_validate(WEIGH)), dropped)
    )
    assert of_all > of_less > of_none


def test_weights_reach_networks_and_follow_copies() -> None:
    data = tiny_data()
    weight = np.linspace(0.1, 1, len(data)).astype(np.float32)
    data = replace(data, weight=weight)
    pipeline = Pipeline([parse("prepare", "standardize")], "windows", data.names).fit(data)  # type: ignore[list-item]
    copies = parse("balance", {"oversample": {"classes": ["walk"]}})
    feed = Feed(data, data.target, pipeline, (), [copies], CLASSES, 8, 0)  # type: ignore[arg-type, list-item]
    walk = np.flatnonzero(data.target == 2)
    np.testing.assert_array_equal(feed.weights, np.r_[weight, weight[walk]])


def test_weights_follow_copies_to_estimators() -> None:
    data, wrong = simulated(0.1)
    copied = recipe(None).model_copy(update={"balance": (parse("balance", "oversample"),)})
    spec = resolve(copied, "one", data, CLASSES)
    light = replace(data, weight=np.where(wrong, 1e-6, 1).astype(np.float32))
    made = fit_estimator(spec, light, CLASSES, 0, 1).predict(data)
    without = fit_estimator(spec, data.take(np.flatnonzero(~wrong)), CLASSES, 0, 1).predict(data)
    np.testing.assert_allclose(made, without, atol=0.05)


def test_what_cannot_be_is_refused_and_the_hash_knows() -> None:
    data, _ = simulated(0)
    one = Job("one", 0, 0)
    hashes = [
        work_of(data, resolve(recipe(labels, two={"model": "lda"}), "one", data, CLASSES)).hash(one)
        for labels in (None, DROP, WEIGH, {**DROP, "by": "two"})
    ]
    assert len(set(hashes)) == 4
    for labels, model, said in (
        (WEIGH, "knn", "knn cannot weigh"),
        ({**DROP, "by": "tow"}, "knn", "named 'tow'"),
    ):
        with pytest.raises(BadInput, match=said):
            resolve(recipe(labels, model), "one", data, CLASSES)
    with pytest.raises(BadInput, match="judged as classes"):
        resolve(recipe(DROP, "ridge"), "one", tiny_data("table", "real"), REAL)
    with pytest.raises(ValueError, match="name one"):
        Labels.model_validate({**DROP, **WEIGH})


def test_a_run_says_what_it_left_out(tmp_path: Path) -> None:
    folder = table_folder(tmp_path / "data", groups=GROUPS, each=EACH)
    frame = pd.read_csv(folder / "train.csv")
    data, _ = simulated(0.1)
    frame[["f1", "f2", "f3"]] = data.read()
    frame["label"] = np.array(CLASSES.names)[data.target]  # type: ignore[index]
    frame.to_csv(folder / "train.csv", index=False)
    values = of_folder(TABLE, folder, {"one": {"model": "logistic"}}, labels=DROP)
    run = train(values, tmp_path / "run")
    facts = [fold["labels"] for fold in run.scores["facts"]["one"].values()]
    assert all(0 < one["suspected"] < 0.2 * one["of"] for one in facts)
    assert any(f"as {facts[0]['ids'][0]}" in note and "left out" in note for note in run.scores["notes"])
    assert len(run.oof) == len(frame)
    plain = variant(Recipe.model_validate({**values, "data": None}), "table", "drop labels").recipe
    assert plain.labels is None
    assert variant(plain, "table", "add labels={weight: 0.5}").recipe.labels == Labels(weight=0.5)
