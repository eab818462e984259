"""Members of several finished runs combined: scored cross-fitted on their common folds, kept as a run folder.

runs/blend/
  recipe.yaml (which members of which runs; nothing to train)  environment.json  folds.csv  folds.json
  oof.parquet  oof-a-conv.npy …  test.parquet  test-a-conv.npy …  sample.csv  scores.json
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from holdfast.engine.environment import versions
from holdfast.ensemble.base import Ensemble
from holdfast.ensemble.chain import Chain, FittedChain, over_repeats, suited, told, usual
from holdfast.errors import BadInput
from holdfast.folds.table import save_folds
from holdfast.metrics.paired import paired
from holdfast.metrics.verdict import verdicts
from holdfast.oof.scores import all_scores, metrics_of
from holdfast.oof.table import save_index, save_predictions, save_test_ids
from holdfast.recipe.registry import parse
from holdfast.store.atomic import write_json, write_text
from holdfast.store.run import ENSEMBLE, Run, as_yaml
from holdfast.study.compare import default_rope
from holdfast.study.team import Team, team_of


def blend(paths: Sequence[str | Path], output: str | Path, ensemble: Any = None) -> Run:
    """Combine all members of finished runs; returns the run folder `output`.

    `ensemble`: a recipe's entry; None: the mean of the members not shown to be worse than the best, or weights where
    these are shown to help. Members are matched by id; what calibrates them, and the ensemble, is learned
    again, cross-fitted. Raises BadInput, with nothing written, where the runs differ in what they share.
    """
    path = Path(output)
    if path.exists():
        raise BadInput(f"-o: {path} exists already; name another folder")
    if not paths:
        raise BadInput("blend: expected a finished run or more")
    team = team_of(paths)
    target = team.work.target
    named = usual(target) if ensemble is None else _parsed(ensemble)
    chain = Chain(
        {name: mate.calibrate for name, mate in team.mates.items()},
        suited(named, team.metric, target), (), target,
    )  # fmt: skip
    raw = {name: mate.oof(len(team.fold)) for name, mate in team.mates.items()}
    truth = team.work.train.target
    assert truth is not None
    learned, said = over_repeats(chain, raw, truth, team.fold)
    oof = {name: said[name] for name in (*team.mates, ENSEMBLE)}
    scores = _scores(team, oof, learned)
    making = path.with_name(f"{path.name}.part")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    _save(team, chain.ensemble, oof, _on_test(team, learned), making, path)
    write_json(making / "scores.json", scores)
    os.replace(making, path)
    return Run(path)


def _parsed(entry: Any) -> Ensemble:
    try:
        return cast("Ensemble", parse("ensemble", entry))
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(f"--ensemble: {error}") from None


def _on_test(team: Team, learned: list[FittedChain]) -> dict[str, np.ndarray]:
    """Test predictions by name, the mean over repeats; empty where a run has none."""
    if team.without_test:
        return {}
    means = {name: mate.test() for name, mate in team.mates.items()}
    views = [one.predict(means) for one in learned]
    return {name: np.mean([view[name] for view in views], axis=0) for name in (*team.mates, ENSEMBLE)}


def _scores(team: Team, oof: dict[str, np.ndarray], learned: list[FittedChain]) -> dict[str, Any]:
    """As a trained run's, with the ensemble's paired comparison with the best member."""
    scores = all_scores(team.work, metrics_of(team.metric, team.work.target), oof, None)
    if "sample" in team.runs[0].scores:
        scores["sample"] = team.runs[0].scores["sample"]
    facts, notes = told(learned)
    compared, said = _beside_the_best(team, oof, scores["members"])
    facts.setdefault(ENSEMBLE, {})["beside_the_best_member"] = compared
    if team.without_test:
        notes.append(f"no test predictions: {team.without_test[0].path} has none")
    notes += [f"{run.path}: {note}" for run in team.runs for note in run.scores["notes"]]
    return {**scores, "before": {}, "facts": facts, "notes": [said, *notes]}


def _beside_the_best(
    team: Team, oof: dict[str, np.ndarray], scored: dict[str, dict[str, Any]]
) -> tuple[dict[str, Any], str]:
    """The ensemble less the member of the best score, paired over the folds; and the same in one line."""
    metric, truth = team.metric, team.work.train.target
    assert truth is not None
    values = {name: scored[name][metric.key]["value"] for name in team.mates}
    best = (max if metric.greater_is_better else min)(values, key=values.__getitem__)
    found = paired(metric, truth, oof[ENSEMBLE], oof[best], team.fold)
    interval = scored[best][metric.key]
    rope, _ = default_rope(interval["low"], interval["high"])
    (verdict,) = verdicts([found], metric.greater_is_better, rope, team.work.folds.k)
    kept = {"best": best, **found.plain(), **verdict.plain()}
    return kept, (
        f"ensemble less {best}, the best member by these scores: {metric.key} {found},"
        f" p {found.p:.2g}: {verdict.says}"
    )


def _save(
    team: Team, ensemble: Ensemble, oof: dict[str, np.ndarray], test: dict[str, np.ndarray], making: Path, path: Path
) -> None:  # fmt: skip
    """All but the scores, in the folder `making`, which will be `path`."""
    first = team.runs[0]
    there = (first.path / first.environment.get("recipe_folder", ".")).resolve()
    facts = {
        "versions": versions(),
        "seeds": first.environment["seeds"],
        "data": first.environment["data"],
        "folds": team.work.folds.hash,
        "components": first.environment["components"],
        "recipe_folder": os.path.relpath(there, path.resolve()),
        "runs": [os.path.relpath(run.path.resolve(), path.resolve()) for run in team.runs],
    }
    members = {
        name: {"run": os.path.relpath(mate.run.path.resolve(), path.resolve()), "member": mate.member}
        for name, mate in team.mates.items()
    }
    kept = {key: first.recipe.get(key) for key in ("seed", "components", "data", "metric", "folds")}
    recipe = {"name": path.name, **kept, "members": members, "ensemble": ensemble.entry()}
    write_json(making / "environment.json", facts)
    save_folds(team.work.folds, team.work.train, making)
    for sample in first.path.glob("sample.*"):
        shutil.copy(sample, making)
    write_text(making / "recipe.yaml", as_yaml(recipe))
    run = Run(making)
    for name, predictions in oof.items():
        save_predictions(run, name, predictions, test.get(name))
    save_index(team.work, making)
    if test:
        save_test_ids(first.test_ids, making)
