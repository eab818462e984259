"""`holdfast tune` on tiny tables: the optimum, kills, two processes, pruning, and what is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
import tiny
import yaml
from optuna.trial import TrialState
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.errors import BadInput
from holdfast.recipe.load import load_recipe
from holdfast.study.tune import tune
from holdfast.study.tune_ask import Space
from holdfast.study.tune_finalists import fresh
from holdfast.study.tune_storage import open_storage
from holdfast.study.tune_trial import FoldByFold, run_trial
from holdfast.train import train

NEIGHBOURS = {"knn": {"model": {"knn": {"n_neighbors": {"search": {"int": [1, 12]}}}}}}
THREE = {
    "one": {
        "model": {"search": {"choice": ["constant", {"knn": {"n_neighbors": {"search": {"int": [1, 2]}}}}]}}
    }
}


def write(folder: Path, members: dict[str, Any], k: int = 2, each: int = 6, **over: Any) -> Path:
    folds = {"kind": "stratified_group", "k": k}
    data = tiny.table_folder(folder / "data", each=each)
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(tiny.recipe(tiny.TABLE, data, members, **{"folds": folds, **over})))
    return path


def trials_of(where: str) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name="tiny-tune", storage=open_storage(where, "tiny-tune")[0]).trials


def scored(where: str) -> dict[str, float]:
    """Value by point of the trials that were scored; fails where a point was tried twice, or one is at work."""
    held = trials_of(where)
    assert all(one.state.is_finished() for one in held)
    done = [one for one in held if one.state == TrialState.COMPLETE]
    made = {str(sorted(one.params.items())): one.value for one in done}
    assert len(made) == len(done)
    return {point: value for point, value in made.items() if value is not None}


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
    for said in ("3 scored", "winner: trial", "the search claimed", f"wrote {tmp_path}/recipe-tuned.yaml"):
        assert said in made.stdout
    assert load_recipe(tmp_path / "recipe-tuned.yaml").members["one"].model.name == "constant"
    finalists = sorted((tmp_path / "study").glob("finalist-*"))
    assert len(finalists) == 2
    drawn = [pd.read_csv(one / "folds.csv") for one in (tmp_path / "constant", *finalists)]
    assert drawn[1].equals(drawn[2])
    assert not drawn[0].equals(drawn[1])
    (tmp_path / "recipe-tuned.yaml").write_text("mine: 1\n")
    again = tune(path, tmp_path / "study", sampler="grid", finalists=2, pruner="none")
    assert again.recipe == tmp_path / "recipe-tuned-2.yaml"
    assert (tmp_path / "recipe-tuned.yaml").read_text() == "mine: 1\n"


def test_folds_that_are_never_drawn_are_said_so(tmp_path: Path) -> None:
    plain = load_recipe(tiny.recipe(tiny.TABLE, tmp_path, folds={"kind": "file", "path": "folds.csv"}))
    again, changed = fresh(plain)
    assert again.folds == plain.folds
    assert again.seed != plain.seed
    assert "never drawn" in changed


# Imports take longer than these studies: one process imports, and forks of it tune.
STARTER = """
import os, sys
import sklearn.neighbors
import holdfast.fit.estimator
from holdfast.study.tune import tune
for line in sys.stdin:
    word, *rest = line.rstrip("\\n").split("\\t")
    if word == "wait":
        print(os.waitpid(int(rest[0]), 0)[1], flush=True)
        continue
    pid = os.fork()
    if pid == 0:
        try:
            where = rest[3] if rest[3:] else None
            tune(rest[0], rest[1], trials=int(rest[2]), sampler="random", finalists=1, pruner="none", storage=where)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    print(pid, flush=True)
"""


class Starter:
    """Starts `tune` in processes of its own."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, "-c", STARTER], stdin=pipe, stdout=pipe, text=True, bufsize=1
        )

    def say(self, *words: object) -> int:
        """What the starter answers: a process's id, or how it ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\t".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_CACHE", str(tmp_path_factory.mktemp("cache")))
        made = Starter()
    yield made
    assert made.process.stdin is not None
    made.process.stdin.close()
    made.process.wait(timeout=60)


def test_killed_and_resumed_ends_as_unbroken_and_beside_another_process(
    starter: Starter, tmp_path: Path
) -> None:
    path = write(tmp_path, NEIGHBOURS)
    tune(path, tmp_path / "whole", trials=5, sampler="random", finalists=0, pruner="none")
    whole = scored(f"sqlite:///{tmp_path}/whole/study.db")
    assert len(whole) == 5
    study = tmp_path / "killed"
    killed = starter.say("tune", path, study, 5)
    deadline = time.monotonic() + 120
    while not list(study.glob("trial-*/recipe.yaml")) and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(killed, signal.SIGKILL)
    assert starter.say("wait", killed) == signal.SIGKILL
    both = [starter.say("tune", path, study, 5) for _ in range(2)]
    assert [starter.say("wait", one) for one in both] == [0, 0]
    assert scored(f"sqlite:///{study}/study.db") == whole
    assert len(list(study.glob("trial-*"))) == 5, "a trial that is put back goes on in its folder"
    assert len(list(study.glob("finalist-*"))) == 1


def jobs_of(run: Path) -> list[str]:
    """The folds that a run has trained, in their order."""
    told = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [event["job"] for event in told if event["event"] == "start"]


def test_wilcoxon_prunes_across_folds_in_an_order_of_the_trials_own(tmp_path: Path) -> None:
    members = {"one": {"model": {"search": {"choice": ["constant", {"logistic": {"C": 1.0}}]}}}}
    path = write(tmp_path, members, k=6, each=12)
    values = yaml.safe_load(path.read_text())
    first = {"members.one.model": "logistic"}
    seed = next(seed for seed in range(99) if Space(values, "grid", seed).shuffled()[0] == first)
    where = str(tmp_path / "study.journal")
    tune(path, tmp_path / "study", [f"seed={seed}"], sampler="grid", finalists=0, storage=where)
    good, bad = trials_of(where)
    assert (good.state, bad.state) == (TrialState.COMPLETE, TrialState.PRUNED)
    assert sorted(good.intermediate_values) == list(range(6))
    whole, cut = jobs_of(tmp_path / "study/trial-0000"), jobs_of(tmp_path / "study/trial-0001")
    assert len(whole) == 6
    assert len(cut) == len(bad.intermediate_values) < 6
    assert whole[: len(cut)] != cut


@pytest.mark.parametrize(("metric", "sign"), [("log_loss", 1), ("accuracy", -1)])
def test_a_fold_is_pruned_by_the_losses_of_its_epochs(metric: str, sign: int, tmp_path: Path) -> None:
    made = tiny.recipe(tiny.ARRAYS, tiny.array_folder(tmp_path / "data"), {"conv": tiny.CONV}, metric=metric)
    study = optuna.create_study(
        pruner=optuna.pruners.ThresholdPruner(upper=-9 if sign > 0 else None, lower=9 if sign < 0 else None),
        direction="minimize" if sign > 0 else "maximize",
    )
    trial, recipe = study.ask(), load_recipe(made)
    with pytest.raises(optuna.TrialPruned):
        run_trial(recipe, FoldByFold(trial, recipe, "median", 0), tmp_path / "run", tmp_path, 1)
    curve = pd.read_csv(tmp_path / "run/members/conv/fold-0/curve.csv")
    told = study.trials[0].intermediate_values
    assert list(told) == [0]
    assert sign * told[0] == pytest.approx(curve["train_loss"][0], rel=1e-5)
    assert not (tmp_path / "run/members/conv/fold-1").exists()


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
    "a time": (put("seed", value=1), {"timeout": "soon"}, "--timeout: expected a time"),
    "a storage": (put("seed", value=1), {"storage": "mysql://host/base"}, "mysql:// is not known"),
    "a file of something else": (put("seed", value=1), {"storage": "recipe.yaml"}, "is no journal"),
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
    assert len(trials_of(where)) == 1
