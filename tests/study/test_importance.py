"""Importance of a finished run: planted columns, held-out rows only, data that moved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
import yaml

from holdfast.errors import BadInput
from holdfast.fit.member import load_fitted
from holdfast.metrics.base import Metric
from holdfast.recipe.registry import parse
from holdfast.select.importance import grouped_permutation, oriented
from holdfast.store.run import Run
from holdfast.study.importance import importance
from holdfast.study.importance_result import compare
from holdfast.study.run_data import data_of
from holdfast.train import train

TREES = {"model": {"extra_trees": {"n_estimators": 40}}}
LINEAR = {"model": "logistic"}


def planted(folder: Path, told: bool = True, seed: int = 0) -> Path:
    """train.csv of 8 subjects: signal, its copy, a weaker signal, noise; or labels that no column tells. Simulated."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    n = 240
    y = rng.permutation(np.arange(n) % 2)
    signal = (y if told else 0) + 0.4 * rng.normal(size=n)
    frame = pd.DataFrame({"id": [f"s{i:03}" for i in range(n)], "subject": np.arange(n) // 30})
    frame["noise_a"] = rng.normal(size=n)
    frame["signal"] = signal
    frame["weak"] = (y if told else 0) + 0.8 * rng.normal(size=n)
    frame["copy"] = 2 - 3 * signal
    for name in "bcdefg":
        frame[f"noise_{name}"] = rng.normal(size=n)
    frame["still"] = 1.0
    frame.assign(label=np.where(y, "yes", "no")).round(6).to_csv(folder / "train.csv", index=False)
    return folder


DATA = {"kind": "table", "train": "train.csv", **tiny.COLUMNS}


def trained(folder: Path, told: bool = True, members: dict[str, Any] | None = None, **over: Any) -> Run:
    """A finished run in `folder/run`, of `folder/recipe.yaml` beside `folder/data`."""
    planted(folder / "data", told)
    values = tiny.recipe(DATA, Path("data"), members or {"trees": TREES, "linear": LINEAR}, **over)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    return train(folder / "recipe.yaml", folder / "run")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("made"), metric="accuracy")


def test_planted_columns_rank_as_they_were_planted(made: Run) -> None:
    found = importance(made.path, top=3)
    names = [found.named(c) for c in found.order]
    assert names[0] == ["signal", "copy"]
    assert names[1] == ["weak"]
    assert [found.named(c) for c in found.stable] == [["signal", "copy"], ["weak"]]
    assert len(found.clusters) == 10  # eleven columns, two of which are one cluster
    rows = {tuple(row["columns"]): row for row in found.table()}
    assert rows[("signal", "copy")]["rank_high"] == 1
    assert rows[("signal", "copy")]["share_in_top"] == 1
    assert rows[("still",)]["drop"] == 0
    assert found.metric == "accuracy"
    assert found.members == ("trees", "linear")
    assert found.drops.shape == (2, 3, 10, 5)


def test_a_metric_of_which_less_is_better_gives_the_same_first(tmp_path: Path) -> None:
    found = importance(trained(tmp_path, metric="log_loss").path, repeats=2)
    assert found.named(found.order[0]) == ["signal", "copy"]
    assert found.by_fold[:, found.order[0]].min() > 0


def test_only_rows_that_the_model_has_not_seen_count(tmp_path: Path) -> None:
    """Trees know their training rows by heart, so these claim importance for columns that tell nothing."""
    run = trained(tmp_path, told=False, members={"trees": TREES}, metric="accuracy")
    held = data_of(run)
    fitted: Any = load_fitted(run.fold_folder("trees", 0, 0))
    learnt, _ = held.folds.part(0, 0)
    X = fitted.table(fitted.pipeline.before(held.train.take(learnt).read()))
    metric = parse("metric", "accuracy")
    assert isinstance(metric, Metric)
    everything = [np.arange(X.shape[1])]
    assert held.train.target is not None
    claimed = grouped_permutation(
        oriented(metric, fitted.said), X, held.train.target[learnt], everything, 3, 0
    )
    assert claimed.min() > 0.3
    found = importance(run.path, repeats=3)
    assert np.abs(found.by_fold.mean(axis=0)).max() < 0.1
    assert not len(found.stable)


def test_equal_calls_equal_drops_and_what_is_stored(made: Run) -> None:
    one, two = (importance(made.path, repeats=2) for _ in "ab")
    assert np.array_equal(one.drops, two.drops)
    stored = json.loads((made.path / "importance.json").read_text())
    assert stored == json.loads(json.dumps(one.plain()))
    frame = pd.read_parquet(made.path / "importance.parquet")
    assert list(frame.columns) == ["member", "repeat", "fold", "cluster", "permutation", "drop"]
    assert len(frame) == one.drops.size
    mean = frame[(frame["member"] == "linear") & (frame["fold"] == 2)].groupby("cluster")["drop"].mean()
    assert np.allclose(mean, one.drops[1, 2].mean(axis=1))


def test_one_member_alone_has_files_of_its_own(made: Run) -> None:
    whole = importance(made.path, repeats=2)
    alone = importance(made.path, ["linear"], repeats=2)
    assert alone.members == ("linear",)
    assert np.array_equal(alone.drops[0], whole.drops[1])
    assert (made.path / "importance-linear.json").is_file()
    assert json.loads((made.path / "importance.json").read_text())["members"] == ["trees", "linear"]
    with pytest.raises(BadInput, match=r"no member 'tree'; did you mean 'trees'"):
        importance(made.path, ["tree"])


def test_rows_bound_what_is_permuted(made: Run) -> None:
    few, all_of_them = importance(made.path, rows=20, repeats=1), importance(made.path, rows=80, repeats=1)
    steps = few.drops * 20
    assert np.allclose(steps, steps.round())  # accuracy of twenty rows
    assert not np.allclose(all_of_them.drops * 20, (all_of_them.drops * 20).round())


def test_repeats_of_folds_are_runs_of_their_own(tmp_path: Path) -> None:
    run = trained(
        tmp_path, members={"linear": LINEAR}, folds={"kind": "stratified_group", "k": 2, "repeats": 2}
    )
    found = importance(run.path, repeats=1)
    assert found.folds == ((0, 0), (0, 1), (1, 0), (1, 1))
    assert found.by_fold.shape[0] == 4


def test_a_fold_of_one_class_is_left_out_where_its_score_is_no_number(tmp_path: Path) -> None:
    planted(tmp_path / "data")
    file = tmp_path / "data" / "train.csv"
    frame = pd.read_csv(file)
    frame.loc[frame["subject"] == 3, "label"] = "yes"
    frame.to_csv(file, index=False)
    folds = {"kind": "group", "k": 8}
    values = tiny.recipe(DATA, tmp_path / "data", {"linear": LINEAR}, metric="roc_auc", folds=folds)
    run = train(values, tmp_path / "run")
    lone = run.oof.loc[run.oof["group"] == "3", "fold"].iloc[0]
    found = importance(run.path, repeats=1)
    assert found.folds == tuple((0, fold) for fold in range(8) if fold != lone)
    assert np.isfinite(found.drops).all()


def test_two_runs_are_counted_by_the_same_clusters(made: Run, tmp_path: Path) -> None:
    other = trained(tmp_path, metric="accuracy", seed=5)
    one = importance(made.path, repeats=2, top=2)
    two = importance(other.path, repeats=2, top=2, threshold=0.99, like=one)
    assert all(np.array_equal(a, b) for a, b in zip(one.clusters, two.clusters))
    assert two.threshold == one.threshold
    pair = compare(one, two)
    assert (pair["shared"], pair["of"]) == (2, 2)
    assert pair["tau"] > 0.2
    assert compare(one, one)["tau"] == pytest.approx(1)


def test_runs_on_other_columns_are_not_compared(made: Run, tmp_path: Path) -> None:
    folder = tiny.table_folder(tmp_path / "data")
    other = train(tiny.recipe(tiny.TABLE, folder), tmp_path / "run")
    with pytest.raises(BadInput, match="different columns"):
        importance(other.path, like=importance(made.path, repeats=1))


def test_features_of_windows_are_numbered_and_networks_left_out(tmp_path: Path) -> None:
    members = {
        "conv": {**tiny.CONV, "fit": {"epochs": 1, "precision": "32"}},
        "trees": tiny.TREES,
        "other": {**tiny.TREES, "features": {"window_statistics": {"segments": 2}}},
    }
    folder = tiny.array_folder(tmp_path / "data")
    run = train(tiny.recipe(tiny.ARRAYS, folder, members), tmp_path / "run")
    found = importance(run.path, repeats=1)
    assert found.members == ("trees",)
    assert found.left_out["conv"].startswith("a network")
    assert "other columns than that of trees" in found.left_out["other"]
    assert found.columns[17] == "feature_17"
    assert sum(map(len, found.clusters)) == len(found.columns) > 50
    with pytest.raises(BadInput, match="no member is an estimator on a table"):
        importance(run.path, ["conv"])


def test_run_and_data_may_move_together(made: Run, tmp_path: Path) -> None:
    shutil.copytree(made.path.parent, tmp_path / "elsewhere")
    assert Run(tmp_path / "elsewhere" / "run").environment["recipe_folder"] == ".."
    moved = importance(tmp_path / "elsewhere" / "run", repeats=1)
    assert np.array_equal(moved.drops, importance(made.path, repeats=1).drops)


def test_moved_data_are_named_and_can_be_shown(made: Run, tmp_path: Path) -> None:
    shutil.copytree(made.path.parent, tmp_path / "elsewhere")
    run, data = tmp_path / "elsewhere" / "run", tmp_path / "moved"
    (tmp_path / "elsewhere" / "data").rename(data)
    with pytest.raises(BadInput) as caught:
        importance(run)
    assert str(tmp_path / "elsewhere" / "data" / "train.csv") in str(caught.value)
    assert "--data FOLDER" in str(caught.value)
    found = importance(run, repeats=1, data=data)
    assert np.array_equal(found.drops, importance(made.path, repeats=1).drops)


def test_changed_data_are_refused_by_name(made: Run, tmp_path: Path) -> None:
    shutil.copytree(made.path.parent, tmp_path / "elsewhere")
    file = tmp_path / "elsewhere" / "data" / "train.csv"
    file.write_text(file.read_text().replace("noise_g", "noise_h"))
    with pytest.raises(BadInput, match=r"train\.csv is not the file that .* was trained on.*--data FOLDER"):
        importance(tmp_path / "elsewhere" / "run")


def test_a_run_from_before_the_recipes_place_was_kept(made: Run, tmp_path: Path) -> None:
    shutil.copytree(made.path.parent, tmp_path / "old")
    file = tmp_path / "old" / "run" / "environment.json"
    facts = json.loads(file.read_text())
    del facts["recipe_folder"]
    file.write_text(json.dumps(facts))
    with pytest.raises(BadInput, match=r"does not say where the recipe lay.*--data FOLDER"):
        importance(tmp_path / "old" / "run")
    found = importance(tmp_path / "old" / "run", repeats=1, data=tmp_path / "old" / "data")
    assert found.members == ("trees", "linear")


def test_an_unfinished_run_is_refused(made: Run, tmp_path: Path) -> None:
    shutil.copytree(made.path.parent, tmp_path / "half")
    (tmp_path / "half" / "run" / "scores.json").unlink()
    with pytest.raises(BadInput, match="is not finished"):
        importance(tmp_path / "half" / "run")
