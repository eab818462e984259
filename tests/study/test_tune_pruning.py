"""What is pruned and what is not: trials with a known answer, with each pruner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
import tiny
import yaml
from optuna.trial import TrialState
from tuning import trials_of, write

from holdfast.recipe.load import load_recipe
from holdfast.study.tune import tune
from holdfast.study.tune_ask import Space
from holdfast.study.tune_samplers import make_pruner
from holdfast.study.tune_trial import FoldByFold, run_trial

COMPLETE, PRUNED = TrialState.COMPLETE, TrialState.PRUNED


def jobs_of(run: Path) -> list[str]:
    """The folds that a run has trained, in their order."""
    told = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [event["job"] for event in told if event["event"] == "start"]


def test_wilcoxon_prunes_the_hopeless_across_folds_in_an_order_of_the_trials_own(tmp_path: Path) -> None:
    models = [{"logistic": {"C": 0.002}}, "constant", {"logistic": {"C": 1.0}}]  # fair, hopeless, good
    members = {"one": {"model": {"search": {"choice": models}}}}
    path = write(tmp_path, members, k=6, each=12)
    values = yaml.safe_load(path.read_text())
    labels = [one if isinstance(one, str) else json.dumps(one) for one in models]
    wanted = [{"members.one.model": label} for label in labels]
    seed = next(seed for seed in range(99) if Space(values, "grid", seed).shuffled() == wanted)
    where = str(tmp_path / "study.journal")
    tune(path, tmp_path / "study", [f"seed={seed}"], sampler="grid", finalists=0, storage=where)
    fair, hopeless, good = trials_of(where)
    assert (fair.state, hopeless.state, good.state) == (COMPLETE, PRUNED, COMPLETE)
    assert good.value is not None
    assert fair.value is not None
    assert good.value < fair.value
    assert sorted(fair.intermediate_values) == sorted(good.intermediate_values) == list(range(6))
    whole, cut = jobs_of(tmp_path / "study/trial-0000"), jobs_of(tmp_path / "study/trial-0001")
    assert len(whole) == 6
    assert len(cut) == len(hopeless.intermediate_values) < 6
    assert whole[: len(cut)] != cut


def networks(folder: Path, lr: float = 0.01, metric: str = "log_loss") -> dict[str, Any]:
    fit = {"epochs": 3, "batch_size": 8, "precision": "32", "lr": lr}
    members = {"conv": {**tiny.CONV, "augment": [], "fit": fit}}
    return tiny.recipe(tiny.ARRAYS, folder, members, metric=metric)


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_the_hopeless_is_pruned_by_the_losses_of_its_epochs_and_the_good_is_not(
    pruner: str, tmp_path: Path
) -> None:
    data = tiny.array_folder(tmp_path / "data")
    # Hyperband spares some trials, by the study's name and their number; with this name none of the first eight
    study = optuna.create_study(study_name="cf", pruner=make_pruner(pruner))

    def train_with(lr: float, name: str) -> TrialState:
        trial, recipe = study.ask(), load_recipe(networks(data, lr))
        try:
            engine = FoldByFold(trial, recipe, pruner, 0)
            study.tell(trial, run_trial(recipe, engine, tmp_path / name, tmp_path, 1))
        except optuna.TrialPruned:
            study.tell(trial, state=PRUNED)
        return study.trials[trial.number].state

    assert train_with(0.01, "first") == COMPLETE
    curve = study.trials[0].intermediate_values
    assert sorted(curve) == list(range(9)), "three epochs in each of three folds"
    for worse in range(1, 6):
        trial, kept = study.ask(), True
        for step, loss in curve.items():
            trial.report(loss + 0.001 * worse, step)
            kept = kept and not trial.should_prune()
        study.tell(trial, None if not kept else 1.0, state=COMPLETE if kept else PRUNED)
    assert train_with(1e-9, "hopeless") == PRUNED
    assert not (tmp_path / "hopeless/members/conv/fold-1").exists(), "within its first fold"
    assert train_with(0.01, "good") == COMPLETE


@pytest.mark.parametrize(("metric", "sign"), [("log_loss", 1), ("accuracy", -1)])
def test_the_pruner_is_told_the_loss_of_each_epoch_in_the_direction_of_the_metric(
    metric: str, sign: int, tmp_path: Path
) -> None:
    study = optuna.create_study(
        pruner=optuna.pruners.ThresholdPruner(upper=-9 if sign > 0 else None, lower=9 if sign < 0 else None),
        direction="minimize" if sign > 0 else "maximize",
    )
    recipe = load_recipe(networks(tiny.array_folder(tmp_path / "data"), metric=metric))
    trial = study.ask()
    with pytest.raises(optuna.TrialPruned):
        run_trial(recipe, FoldByFold(trial, recipe, "median", 0), tmp_path / "run", tmp_path, 1)
    curve = pd.read_csv(tmp_path / "run/members/conv/fold-0/curve.csv")
    told = study.trials[0].intermediate_values
    assert list(told) == [0]
    assert sign * told[0] == pytest.approx(curve["train_loss"][0], rel=1e-5)
    assert not (tmp_path / "run/members/conv/fold-1").exists()
