"""Members of several runs combined: known answers, what is refused, and what reads the new folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tiny import TABLE, TREES, recipe, table_folder
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.errors import BadInput
from holdfast.metrics.classes import LogLoss
from holdfast.recipe.load import load_recipe
from holdfast.store.run import Run
from holdfast.study.blend import blend
from holdfast.train import train

LINEAR = {"model": "logistic"}
Runs = dict[str, Path]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Two runs on the same folds, the first calibrated, the second with a useless member."""
    folder = tmp_path_factory.mktemp("blend")
    data = table_folder(folder / "data")
    wanted: dict[str, dict[str, Any]] = {
        "a": recipe(TABLE, data, {"trees": TREES, "linear": LINEAR}, predict={"calibrate": ["temperature"]}, seed=1),
        "b": recipe(TABLE, data, {"trees": TREES, "useless": {"model": "constant"}}),
    }  # fmt: skip
    return {name: train(values, folder / name).path for name, values in wanted.items()}


def test_a_run_alone_under_its_own_ensemble_stays_as_it_is(runs: Runs, tmp_path: Path) -> None:
    """Calibration is learned again, from what the folds' models said: the same, bit by bit."""
    for name in "ab":
        made, run = blend([runs[name]], tmp_path / name), Run(runs[name])
        for member in (*run.recipe["members"], "ensemble"):
            np.testing.assert_array_equal(made.predictions(member), run.predictions(member))
            np.testing.assert_allclose(made.test_predictions(member), run.test_predictions(member), rtol=1e-6)
            assert made.scores["members"][member] == run.scores["members"][member]
        assert made.scores["floor"] == run.scores["floor"]
        assert made.scores["per_class"] == run.scores["per_class"]


def test_two_runs_mean_is_that_of_their_members(runs: Runs, tmp_path: Path) -> None:
    made = blend([runs["a"], runs["b"]], tmp_path / "both", "mean")
    parts = [
        Run(runs[name]).predictions(member) for name in "ab" for member in Run(runs[name]).recipe["members"]
    ]
    np.testing.assert_allclose(made.predictions(), np.mean(parts, axis=0), rtol=1e-6)
    assert list(made.scores["members"]) == ["a-trees", "a-linear", "b-trees", "b-useless", "ensemble"]
    truth = pd.Categorical(made.oof["truth"]).codes
    assert made.scores["members"]["ensemble"]["log_loss"]["value"] == LogLoss().score(
        truth, made.predictions()
    )
    assert any(note.startswith("ensemble less ") for note in made.scores["notes"])
    assert made.scores["facts"]["ensemble"]["beside_the_best_member"]["best"] in made.scores["members"]


def test_a_useless_member_gets_no_weight(runs: Runs, tmp_path: Path) -> None:
    made = blend([runs["a"], runs["b"]], tmp_path / "chosen", "caruana")
    weights = made.scores["facts"]["ensemble"]["repeat-0"]["weights"]
    assert weights["b-useless"] == 0
    assert sum(weights.values()) == pytest.approx(1, abs=1e-3)
    mixed = sum(weight * made.test_predictions(name) for name, weight in weights.items())
    np.testing.assert_allclose(made.test_predictions(), mixed, atol=1e-3)


def test_rows_are_matched_by_id(runs: Runs, tmp_path: Path) -> None:
    turned = Path(shutil.copytree(runs["b"], tmp_path / "b"))
    for table in ("oof", "test"):
        index = pd.read_parquet(turned / f"{table}.parquet")
        index[::-1].to_parquet(turned / f"{table}.parquet", index=False)
        for file in turned.glob(f"{table}-*.npy"):
            np.save(file, np.load(file)[::-1])
    made = blend([runs["a"], turned], tmp_path / "turned", "weighted_mean")
    want = blend([runs["a"], runs["b"]], tmp_path / "straight", "weighted_mean")
    np.testing.assert_allclose(made.predictions(), want.predictions(), atol=1e-6)
    np.testing.assert_allclose(made.test_predictions(), want.test_predictions(), atol=1e-6)


def lie(run: Path, table: str, column: str, value: Any) -> None:
    frame = pd.read_parquet(run / f"{table}.parquet")
    frame.loc[2, column] = value
    frame.to_parquet(run / f"{table}.parquet", index=False)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (lambda run: lie(run, "oof", "truth", "sit"), r"other truth: id 's002' has walk and sit"),
        (lambda run: lie(run, "oof", "fold", 9), r"other folds: id 's002'"),
        (lambda run: lie(run, "oof", "id", "nobody"), r"other ids: .* is in one of them only"),
        (lambda run: lie(run, "test", "id", "nobody"), r"other test ids: 'nobody' is in one of them only"),
        (lambda run: (run / "scores.json").unlink(), r"is not finished"),
    ],
)
def test_what_differs_is_named_and_nothing_written(
    runs: Runs, tmp_path: Path, fault: Callable[[Path], Any], said: str
) -> None:
    wrong = Path(shutil.copytree(runs["b"], tmp_path / "wrong"))
    fault(wrong)
    with pytest.raises(BadInput, match=said):
        blend([runs["a"], wrong], tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["wrong"]


def test_other_refusals(runs: Runs, tmp_path: Path) -> None:
    a, b = runs["a"], runs["b"]
    for paths, output, ensemble, said in (
        ([a, b, a], "new", "mean", r"named twice"),
        ([a, b], "there", "mean", r"exists already"),
        ([a, b], "new", "carana", r"--ensemble: .*did you mean 'caruana'"),
    ):
        (tmp_path / "there").mkdir(exist_ok=True)
        with pytest.raises(BadInput, match=said):
            blend(paths, tmp_path / output, ensemble)
    gone = Path(shutil.copytree(a, tmp_path / "gone"))
    shutil.rmtree(gone / "members")
    with pytest.raises(BadInput, match=r"oof\.npy is not there: .* is calibrated"):
        blend([gone, b], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_commands_read_the_blend(runs: Runs, tmp_path: Path) -> None:
    made, file = tmp_path / "both", tmp_path / "submission.csv"
    cli = CliRunner()
    for command, said in (
        (["blend", runs["a"], runs["b"], "-o", made, "--ensemble", "{tested_mean: {blend: caruana}}"], "ensemble less"),
        (["show", made], "note: ensemble tested_mean: the mean of"),
        (["submit", made, "-o", file], "wrote"),
        (["compare", runs["a"], made], "verdict"),
        (["blend", made, runs["b"], "-o", tmp_path / "again"], "both-a-trees"),
    ):  # fmt: skip
        result = cli.invoke(app, [str(part) for part in command])
        assert result.exit_code == 0, result.output
        assert said in result.output
    assert list(pd.read_csv(file)) == ["id", "label"]
    refused = cli.invoke(app, ["blend", str(runs["a"]), str(tmp_path), "-o", str(tmp_path / "no")])
    assert refused.exit_code == 2
    assert "is no run folder" in refused.output


def test_a_blend_cannot_be_trained(runs: Runs, tmp_path: Path) -> None:
    made = blend([runs["b"]], tmp_path / "made", "hard_vote")
    with pytest.raises(BadInput, match=r"members\.trees"):
        load_recipe(made.path / "recipe.yaml")
