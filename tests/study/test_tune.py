"""`holdfast tune` on tiny tables: the optimum, what fails, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tiny
import yaml
from optuna.trial import TrialState
from tuning import scored, trials_of, write
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.errors import BadInput, JobFailed
from holdfast.recipe.load import load_recipe
from holdfast.study.tune import tune
from holdfast.train import train

NEIGHBOURS = {"knn": {"model": {"knn": {"n_neighbors": {"search": {"int": [1, 12]}}}}}}
THREE = {
    "one": {
        "model": {"search": {"choice": ["constant", {"knn": {"n_neighbors": {"search": {"int": [1, 2]}}}}]}}
    }
}


def test_grid_finds_the_optimum_and_fresh_folds_take_its_luck_off(tmp_path: Path) -> None:
    path = write(tmp_path, THREE)
    known = {}
    for label, model in (
        ("constant", "constant"),
        ("1", {"knn": {"n_neighbors": 1}}),
        ("2", {"knn": {"n_neighbors": 2}}),
    ):
        values = {**yaml.safe_load(path.read_text()), "members": {"one": {"model": model}}}
        known[label] = train(values, tmp_path / label).scores["members"]["ensemble"]["log_loss"]["value"]
    arguments = [
        "tune", str(path), "-o", str(tmp_path / "study"), "--sampler", "grid", "--finalists", "2", "--pruner", "none",
    ]  # fmt: skip
    made = CliRunner().invoke(app, arguments)
    assert made.exit_code == 0, made.stderr
    values = scored(f"sqlite:///{tmp_path}/study/study.db")
    assert sorted(values.values()) == pytest.approx(sorted(known.values()))
    assert min(known, key=lambda label: known[label]) == "constant"
    for said in ("3 scored", "winner: trial", f"wrote {tmp_path}/recipe-tuned.yaml"):
        assert said in made.stdout
    assert load_recipe(tmp_path / "recipe-tuned.yaml").members["one"].model.name == "constant"
    finalists = sorted((tmp_path / "study").glob("finalist-*"))
    assert len(finalists) == 2
    drawn = [pd.read_csv(one / "folds.csv") for one in (tmp_path / "constant", *finalists)]
    assert drawn[1].equals(drawn[2])
    assert not drawn[0].equals(drawn[1])
    again = [json.loads((one / "scores.json").read_text()) for one in finalists]
    after = [one["members"]["ensemble"]["log_loss"]["value"] for one in again]
    before = sorted(values.values())[:2]
    told = json.loads((tmp_path / "study/tune.json").read_text())
    assert [one["after"]["value"] for one in told["finalists"]] == sorted(after)
    assert sorted(one["before"] for one in told["finalists"]) == before
    said = f"the search claimed {told['finalists'][0]['before']:.4f}, fresh folds say {min(after):.4f}"
    assert said in made.stdout
    (tmp_path / "recipe-tuned.yaml").write_text("mine: 1\n")
    once_more = tune(path, tmp_path / "study", sampler="grid", finalists=2, pruner="none")
    assert once_more.recipe == tmp_path / "recipe-tuned-2.yaml"
    assert (tmp_path / "recipe-tuned.yaml").read_text() == "mine: 1\n"


def test_a_trial_that_cannot_be_trained_fails_alone(tmp_path: Path) -> None:
    """Class weights do not suit knn, which only the data show: that point fails, the others are scored."""
    members = {"one": {"model": {"search": {"choice": ["constant", "gaussian_process_of_nothing"]}}}}
    with pytest.raises(BadInput, match=r"with 'gaussian_process_of_nothing': .*no model component is named"):
        tune(write(tmp_path, members), tmp_path / "study")
    balance = {"search": {"choice": [[], ["oversample"], ["class_weights"]]}}
    path = write(tmp_path, {"one": {"model": "knn", "balance": balance}})
    where = str(tmp_path / "study.journal")
    found = tune(path, tmp_path / "study", sampler="grid", finalists=0, pruner="none", storage=where)
    assert found.counts == {"scored": 2, "pruned": 0, "at work": 0, "failed": 1}
    (failed,) = [one for one in trials_of(where) if one.state == TrialState.FAIL]
    assert "which knn cannot" in failed.user_attrs["error"]


NOWHERE = """
from holdfast.metrics.base import Metric
from holdfast.recipe.registry import component


@component("nowhere")
class Nowhere(Metric):
    \"\"\"A metric that is no number.\"\"\"

    targets = frozenset({"classes"})

    def parts(self, truth, prediction):
        return prediction

    def combine(self, sums):
        return sums[..., 0] * float("nan")
"""


def test_a_score_that_is_no_number_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "nowhere.py").write_text(NOWHERE)
    path = write(tmp_path, THREE, metric="nowhere", components=["nowhere.py"])
    with pytest.raises(JobFailed, match=r"first 3 trials failed, .*: the score is not a number"):
        tune(path, tmp_path / "study", pruner="none", storage=str(tmp_path / "study.journal"))


def put(*path: str, value: Any) -> dict[str, Any]:
    """Plain values of a recipe with another one somewhere."""
    members = {"knn": {"model": {"knn": {"n_neighbors": {"search": {"int": [1, 3]}}}}}}
    values: dict[str, Any] = tiny.recipe(tiny.TABLE, Path("data"), members)
    here = values
    for key in path[:-1]:
        here = here.setdefault(key, {})
    here[path[-1]] = value
    return values


NO_SEARCH = {"trees": tiny.TREES}
LOSS = {"search": {"choice": ["cross_entropy", "focal"]}}
MIXED = {"search": {"choice": ["knn", "conv_residual"]}}
TWICE = {"search": {"choice": [{"knn": {"n_neighbors": {"search": {"int": [a, 9]}}}} for a in (1, 2)]}}
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no search": (put("members", value=NO_SEARCH), {}, "nothing to tune"),
    "a search of the folds": (put("folds", "k", value={"search": {"int": [2, 3]}}), {}, "no search may stand in folds"),
    "a search of the data": (put("data", "id", value={"search": {"choice": ["a", "b"]}}), {}, "may stand in data"),
    "an unknown search": (put("fit", "lr", value={"search": {"lgo": [1, 2]}}), {}, "did you mean 'log'"),
    "a value out of bounds": (put("fit", "lr", value={"search": {"uniform": [-1, 2]}}), {}, "fit.lr: with -1"),
    "two of one name": (put("members", "a", "model", value=TWICE), {}, "one name must"),
    "a budget": (put("budget", value="10m"), {}, "--timeout limits"),
    "a sampler": (put("seed", value=1), {"sampler": "tep"}, "did you mean 'tpe'"),
    "a pruner": (put("seed", value=1), {"pruner": "wilcox"}, "did you mean 'wilcoxon'"),
    "losses that differ": (
        put("members", "conv", value={**tiny.CONV, "loss": LOSS}), {"pruner": "median"}, "searches the loss itself",
    ),
    "epochs that differ": (
        put("fit", "epochs", value={"search": {"int": [2, 3]}}), {"pruner": "hyperband"}, "searches how many there are",
    ),
    "networks beside others": (put("members", "a", "model", value=MIXED), {"pruner": "median"}, "models without epochs"),
    "a single number": (put("seed", value=1), {"sampler": "cmaes"}, "two searches of numbers"),
    "a time": (put("seed", value=1), {"timeout": "soon"}, "--timeout: expected a time"),
    "a storage": (put("seed", value=1), {"storage": "mysql://host/base"}, "mysql:// is not known"),
    "a file of something else": (put("seed", value=1), {"storage": "recipe.yaml"}, "is no journal"),
    "no database": (put("seed", value=1), {"storage": "sqlite:///recipe.yaml"}, "is no SQLite database"),
    "no folder": (put("seed", value=1), {"storage": "recipe.yaml/study.db"}, "--storage: recipe.yaml/study.db: "),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_before_any_work(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, arguments, said = REFUSED[case]
    monkeypatch.chdir(tmp_path)
    tiny.table_folder(tmp_path / "data")
    Path("recipe.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(BadInput) as caught:
        tune("recipe.yaml", "study", **arguments)
    assert said in str(caught.value)
    assert not list(Path("study").glob("trial-*"))


def test_a_study_of_another_recipe_is_left_alone(tmp_path: Path) -> None:
    path, where = write(tmp_path, NEIGHBOURS), str(tmp_path / "study.journal")
    tune(path, tmp_path / "study", trials=1, finalists=0, storage=where)
    with pytest.raises(BadInput, match="begun with another recipe"):
        tune(path, tmp_path / "study", ["folds.k=3"], trials=2, finalists=0, storage=where)
    with pytest.raises(BadInput, match="begun with a --pruner that compares something else"):
        tune(path, tmp_path / "study", trials=2, pruner="median", storage=where)
    with pytest.raises(BadInput, match="holds trials of another study; name another folder"):
        tune(path, tmp_path / "study", trials=2, storage=str(tmp_path / "other.journal"))
    assert len(trials_of(where)) == 1


def test_the_data_may_lie_elsewhere_on_another_machine(tmp_path: Path) -> None:
    path, where = write(tmp_path, NEIGHBOURS), str(tmp_path / "study.journal")
    tune(path, tmp_path / "here", trials=1, finalists=0, storage=where)
    (tmp_path / "data").rename(tmp_path / "moved")
    there = [f"data.folder={tmp_path / 'moved'}"]
    tune(path, tmp_path / "there", there, trials=2, finalists=0, storage=where)
    assert len(scored(where)) == 2
