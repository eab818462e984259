"""Finished runs compared: known answers, what is refused, and what the command prints."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tiny import FRAMES, TABLE, TREES, frames_folder, recipe, table_folder
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.errors import BadInput
from holdfast.metrics.classes import LogLoss
from holdfast.metrics.paired import paired
from holdfast.store.run import Run
from holdfast.study.compare import compare
from holdfast.train import train

LINEAR = {"model": "logistic"}
MEMBERS = {"trees": TREES, "linear": LINEAR}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Trees and a linear model, and trees of another seed, on the same folds."""
    folder = tmp_path_factory.mktemp("compare")
    plain = recipe(TABLE, table_folder(folder / "data"), MEMBERS)
    return train(plain, folder / "a").path, train({**plain, "seed": 1}, folder / "b").path


def copy_of(run: Path, folder: Path) -> Path:
    return Path(shutil.copytree(run, folder))


def changed(run: Path, folder: Path, column: str, value: Any) -> Path:
    """A copy whose third row has another value."""
    made = copy_of(run, folder)
    index = pd.read_parquet(made / "oof.parquet")
    index.loc[2, column] = value
    index.to_parquet(made / "oof.parquet", index=False)
    return made


def test_difference_is_that_of_the_runs_own_predictions(runs: tuple[Path, Path]) -> None:
    got = compare(runs)
    first, second = (Run(path) for path in runs)
    truth = pd.Categorical(first.oof["truth"]).codes
    one, two = (run.predictions()[None] for run in (second, first))
    want = paired(LogLoss(), truth, one, two, first.oof["fold"].to_numpy()[None])
    assert got.found == (want,)
    values = [run.scores["members"]["ensemble"]["log_loss"]["value"] for run in (first, second)]
    assert got.values == tuple(values)
    assert want.difference == pytest.approx(values[1] - values[0])
    interval = first.scores["members"]["ensemble"]["log_loss"]
    assert got.rope == pytest.approx(0.1 * (interval["high"] - interval["low"]))
    assert compare(runs, rope=0.5).says[0].belief.equivalent > got.says[0].belief.equivalent


def test_a_run_against_itself_cannot_tell_and_rows_are_matched_by_id(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    turned = copy_of(runs[0], tmp_path / "turned")
    index = pd.read_parquet(turned / "oof.parquet")
    index[::-1].to_parquet(turned / "oof.parquet", index=False)
    np.save(turned / "oof-trees.npy", np.load(turned / "oof-trees.npy")[::-1])
    (found,), (says,) = (got := compare([runs[0], turned], "trees")).found, got.says
    assert (found.difference, found.p, says.says, says.repeats_more) == (0.0, 1.0, "can't tell", math.inf)


def test_a_planted_gain_helps_and_the_others_are_adjusted(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Simulated: predictions moved towards the truth, or away from it, by as much in each row."""
    paths = [runs[0]]
    truth = pd.Categorical(Run(runs[0]).oof["truth"]).codes
    for name, share in (("better", 0.6), ("worse", -0.2), ("same", 0.0)):
        paths.append(copy_of(runs[0], tmp_path / name))
        said = np.full((len(truth), 3), 1 / 3) * 0.7 + 0.3 * np.eye(3)[truth] * (1 + share) / 1.6
        np.save(paths[-1] / "oof-linear.npy", said / said.sum(axis=1, keepdims=True))
    base = copy_of(paths[-1], tmp_path / "base")
    rng = np.random.default_rng(0)  # a little of each row's own, so that folds have a spread
    noisy = np.load(base / "oof-linear.npy") + rng.uniform(0, 0.01, (len(truth), 3))
    np.save(base / "oof-linear.npy", noisy / noisy.sum(axis=1, keepdims=True))
    got = compare([base, *paths[1:]], "linear", rope=0.02)
    assert [one.says for one in got.says[:2]] == ["helps", "hurts"]
    assert got.found[0].difference < 0 < got.found[1].difference  # the lower log loss is the better one
    assert got.says[0].adjusted > got.found[0].p
    assert got.says[2].belief.equivalent > 0.9


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("truth", "sit", "other truth: id"),
        ("fold", 7, "other folds: id"),
        ("id", "nobody", "other ids"),
    ],
)
def test_what_cannot_be_paired_is_refused_by_name(
    runs: tuple[Path, Path], tmp_path: Path, column: str, value: Any, said: str
) -> None:
    index = pd.read_parquet(runs[0] / "oof.parquet")
    assert index.loc[2, column] != value
    other = changed(runs[1], tmp_path / "other", column, value)
    with pytest.raises(BadInput, match=said) as caught:
        compare([runs[0], other])
    assert str(other) in str(caught.value)
    assert ("nobody" if column == "id" else str(index.loc[2, "id"])) in str(caught.value) or column == "id"


def test_other_metrics_members_and_a_single_run_are_refused(runs: tuple[Path, Path], tmp_path: Path) -> None:
    other = copy_of(runs[1], tmp_path / "other")
    text = (other / "recipe.yaml").read_text()
    (other / "recipe.yaml").write_text(text.replace("log_loss", "accuracy"))
    with pytest.raises(BadInput, match="other metrics"):
        compare([runs[0], other])
    with pytest.raises(BadInput, match="no member 'tree'; did you mean 'trees'"):
        compare(runs, "tree")
    with pytest.raises(BadInput, match="two runs"):
        compare(runs[:1])
    begun = copy_of(runs[1], tmp_path / "begun")
    (begun / "scores.json").unlink()
    with pytest.raises(BadInput, match="not finished"):
        compare([runs[0], begun])


def test_the_command_prints_a_table_and_writes_json(runs: tuple[Path, Path], tmp_path: Path) -> None:
    file = tmp_path / "compared.json"
    made = CliRunner().invoke(app, ["compare", *map(str, runs), "--member", "linear", "--json", str(file)])
    assert made.exit_code == 0, made.output
    assert "linear, log_loss (lower is better)" in made.stdout
    (one,) = json.loads(file.read_text())["compared"]
    assert one["run"] == str(runs[1])
    assert one["verdict"] in made.stdout
    assert f"{one['difference']:+.4f}" in made.stdout
    refused = CliRunner().invoke(app, ["compare", str(runs[0])])
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: compare: expected two runs")


def test_grids_are_compared_by_what_rows_add(tmp_path: Path) -> None:
    plain = recipe(
        FRAMES, frames_folder(tmp_path / "data", each=2), {"last": {"model": "persistence"}}, metric="mae",
        folds={"kind": "group", "k": 3},
    )  # fmt: skip
    first = train(plain, tmp_path / "a").path
    other = copy_of(first, tmp_path / "b")
    said = np.load(other / "oof-ensemble.npy") + np.float32(5.0)
    np.save(other / "oof-ensemble.npy", said)
    got = compare([first, other])
    assert got.says[0].says == "hurts"
    assert got.found[0].difference == pytest.approx(5, rel=0.2)  # mm/h, less where the forecast was too dry
    assert len(got.found[0].per_fold) == 3
