"""Out-of-fold tables and what stands beside the score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny

from holdfast.engine.job import Work
from holdfast.folds.table import make_folds
from holdfast.metrics.base import Metric
from holdfast.oof.scores import constant_predictions, floor_predictions, score_so_far
from holdfast.recipe.registry import parse
from holdfast.testing.samples import CLASSES, REAL, tiny_data
from holdfast.train import train


def metric(name: str) -> Metric:
    return parse("metric", name)  # type: ignore[return-value]


def work(target: str = "classes", repeats: int = 1) -> Work:
    data, spec = tiny_data("table", target), CLASSES if target == "classes" else REAL
    splitter = parse("folds", {"kind": "group", "k": 3, "repeats": repeats})
    folds = make_folds(splitter, data, spec, Path())  # type: ignore[arg-type]
    return Work({}, data, None, spec, folds, 0, 1, "")


def test_floor_says_what_the_training_part_says() -> None:
    made = work()
    floor = floor_predictions(made.train, made.target, made.folds, metric("accuracy"))
    learn, scored = made.folds.part(0, 1)
    shares = np.bincount(made.train.target[learn]) / len(learn)  # type: ignore[index]
    assert np.array_equal(floor[0, scored], np.tile(shares, (len(scored), 1)))
    real = work("real")
    for name, middle in (("rmse", np.mean), ("mae", np.median)):
        floor = floor_predictions(real.train, real.target, real.folds, metric(name))
        learn, scored = real.folds.part(0, 1)
        assert np.allclose(floor[0, scored], middle(real.train.target[learn]))  # type: ignore[index]


def test_sample_submissions_constant() -> None:
    assert constant_predictions((0.2, 0.3, 0.5), 4, CLASSES).shape == (1, 4, 3)
    assert np.array_equal(constant_predictions((7.5,), 2, REAL), [[7.5, 7.5]])


def test_score_so_far_counts_finished_rows() -> None:
    made = work(repeats=2)
    oof = np.full((2, 36, 3), np.nan)
    right = np.eye(3)[made.train.target]  # type: ignore[index]
    rows = made.folds.part(0, 0)[1]
    oof[0, rows] = right[rows]
    assert score_so_far(made, metric("accuracy"), oof).value == 1.0
    assert score_so_far(made, metric("accuracy"), oof).units == 2


def test_score_so_far_where_a_later_repeat_ends_first() -> None:
    """Many workers at once: nothing says that repeat 0 is ahead."""
    made = work(repeats=2)
    oof = np.full((2, 36, 3), np.nan)
    rows = made.folds.part(1, 2)[1]
    oof[1, rows] = np.eye(3)[made.train.target][rows]  # type: ignore[index]
    assert score_so_far(made, metric("accuracy"), oof).value == 1.0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("run")
    members = {"trees": tiny.TREES, "floor": {"model": "constant"}}
    data = tiny.recipe(tiny.TABLE, tiny.table_folder(folder / "data"), members)
    data["folds"] = {"kind": "stratified_group", "k": 3, "repeats": 2}
    return train(data, folder / "run")


def test_scores_hold_intervals_floor_sample_and_classes(run: Any) -> None:
    scores = run.scores
    assert set(scores["members"]) == {"trees", "floor", "ensemble"}
    for member in scores["members"].values():
        assert {"log_loss", "accuracy", "macro_f1", "per_fold"} <= set(member)
        assert np.shape(member["per_fold"]) == (2, 3)
        low, value, high = (member["log_loss"][key] for key in ("low", "value", "high"))
        assert low - 1e-9 <= value <= high + 1e-9
        assert member["log_loss"]["units"] == 6
    assert scores["floor"]["log_loss"]["value"] == pytest.approx(np.log(3), abs=1e-6)
    assert scores["members"]["floor"]["log_loss"]["value"] == pytest.approx(np.log(3), abs=1e-6)
    assert scores["sample"]["log_loss"]["value"] > 10, "the sample says one class for all"
    assert [row["class"] for row in scores["per_class"]] == list(tiny.CLASSES)
    assert [row["groups"] for row in scores["per_class"]] == [6, 6, 6]


def test_out_of_fold_table_is_in_the_order_of_the_data(run: Any) -> None:
    train_frame = pd.read_csv(run.path.parent / "data" / "train.csv")
    oof = run.oof
    assert len(oof) == 72
    for repeat, part in oof.groupby("repeat"):
        assert list(part["id"]) == list(train_frame["id"]), repeat
        assert list(part["truth"]) == list(train_frame["label"])
        assert (part.groupby("group")["fold"].nunique() == 1).all()
    members = run.predictions("trees"), run.predictions("floor")
    np.testing.assert_allclose(run.predictions(), np.mean(members, axis=0), rtol=1e-6)
    assert run.predictions().shape == (72, 3)


def test_pooled_score_is_that_of_the_table(run: Any) -> None:
    truth = run.oof["truth"].map({name: i for i, name in enumerate(tiny.CLASSES)}).to_numpy()
    p = run.predictions("trees")
    want = np.mean([metric("log_loss").score(truth[half], p[half]) for half in (slice(0, 36), slice(36, 72))])
    assert run.scores["members"]["trees"]["log_loss"]["value"] == pytest.approx(want)


def test_test_predictions_are_the_mean_over_folds(run: Any) -> None:
    folds = [np.load(file) for file in sorted(run.path.glob("members/trees/*/test.npy"))]
    assert len(folds) == 6
    np.testing.assert_allclose(run.test_predictions("trees"), np.mean(folds, axis=0), rtol=1e-5)


def test_regression_run(tmp_path: Path) -> None:
    folder = tiny.table_folder(tmp_path / "data")
    frame = pd.read_csv(folder / "train.csv")
    frame.assign(label=frame["f1"] * 2 + 100.5).to_csv(folder / "train.csv", index=False)
    pd.read_csv(folder / "sample.csv").assign(label=100.0).to_csv(folder / "sample.csv", index=False)
    members = {"ridge": {"model": "ridge"}, "conv": {"model": "lightgbm"}}
    values = tiny.recipe(
        {**tiny.TABLE, "drop": []}, folder, members, metric="rmse", folds={"kind": "group", "k": 3}
    )
    scores = train(values, tmp_path / "run").scores
    assert set(scores["members"]["ridge"]) >= {"rmse", "mae", "r2"}
    assert scores["sample"]["rmse"]["value"] > scores["floor"]["rmse"]["value"] * 0.9
