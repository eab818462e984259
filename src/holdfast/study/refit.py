"""Members of a finished run trained once more, on all rows, for deployment.

    runs/motion-refit/
      recipe.yaml (marked `refit`)  refit.json  environment.json
      members/conv/all/  model.joblib  weights.safetensors  curve.csv  state.json  test.npy  done.json
      chain.joblib (calibration, ensemble and postprocessing, learned from all out-of-fold rows of the run)
      test.parquet  test-conv.npy …  sample.csv  scores.json (the run's out-of-fold scores: the only claim)

`recipe.yaml` and `scores.json` come last, so that a refit in work is no run.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.data.form import form_of
from holdfast.engine.environment import versions
from holdfast.engine.inline import Inline
from holdfast.engine.job import Job, Work
from holdfast.ensemble.chain import Chain, FittedChain, chain_of, on_test, over_repeats, told
from holdfast.errors import BadInput
from holdfast.folds.table import Folds
from holdfast.oof.scores import all_scores, metrics_of
from holdfast.oof.table import gather, gather_test, save_test, save_test_ids, truth_by_rows
from holdfast.recipe.strict import nearest
from holdfast.store.atomic import write_json, write_text, write_whole
from holdfast.store.run import CHAIN, ENSEMBLE, FORM, REFIT, Run, RunFolder, as_yaml
from holdfast.study.run_data import recipe_of
from holdfast.train import Plan, _with_flow, prepare

Report = Callable[[dict[str, Any]], None]


class AllRows(Folds):
    """One fold that trains on every row and scores none."""

    @classmethod
    def of(cls, n: int) -> AllRows:
        return cls(np.zeros((1, n), dtype=np.int64), ((np.empty(0, dtype=np.int64),),), {"kind": "all_rows"})

    def part(self, repeat: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
        return np.arange(self.fold.shape[1]), np.empty(0, dtype=np.int64)


class RefitFolder(RunFolder):
    """A folder of members that are trained on all rows."""

    def fold_folder(self, member: str, repeat: int, fold: int) -> Path:
        return self.path / "members" / member / "all"


@dataclass(frozen=True)
class Claim:
    """What the run's out-of-fold rows say of the chosen members together, and the chains that they taught."""

    learned: list[FittedChain]
    scores: dict[str, Any]


def refit(
    path: str | Path,
    members: Sequence[str] | None = None,
    output: str | Path | None = None,
    data: Path | None = None,
    report: Report = lambda event: None,
) -> Run:
    """Train members of a finished run (by default all) on all rows; returns the folder, by default `PATH-refit`.

    Seeds are those of fold 0, a network that watches an inner split does so. The ensemble and what calibrates is
    learned from the run's out-of-fold rows of these members, and their cross-fitted score is the only claim. Called
    again it goes on where it stopped. `data`: where the data lie now. Raises BadInput before any work starts.
    """
    run = Run(path)
    chosen = _chosen(run, members)
    plan = plan_of(run, data)
    out = Path(output) if output is not None else run.path.with_name(f"{run.path.resolve().name}-refit")
    kept = {name: plan.work.members[name] for name in plan.work.members if name in chosen}
    work = replace(plan.work, members=kept, folds=AllRows.of(len(plan.work.train)))
    _begin(
        out, {"run": str(run.path.resolve()), "marks": {job.member: work.hash(job) for job in work.jobs()}}
    )
    with RunFolder(out).locked():
        _train(work, out, report)
        _finish(run, plan, work, claim_of(run, plan, list(kept)), out)
    return Run(out)


def _chosen(run: Run, members: Sequence[str] | None) -> list[str]:
    """Raises BadInput for what is no finished run of its own, and for unknown members."""
    if "refit" in run.scores:  # raises where it is not finished
        raise BadInput(f"{run.path} is a refit itself; name the run that it was made from")
    if "runs" in run.environment:
        raise BadInput(f"{run.path} is a blend of other runs, which can be refitted themselves")
    there = [name for name in run.scores["members"] if name != ENSEMBLE]
    for name in members or ():
        if name not in there:
            raise BadInput(f"--members: {run.path} has no member {name!r}; {nearest(name, there)}")
    chosen = list(members or there)
    for name in chosen:
        teachers = (run.recipe["members"][name].get("pseudo") or {}).get("teachers", [])
        if gone := [teacher for teacher in teachers if teacher not in chosen]:
            raise BadInput(f"--members: {name} learns from pseudo-labels of {gone[0]}; name that member too")
    return chosen


def plan_of(run: Run, data: Path | None) -> Plan:
    """The run's own plan again. Raises BadInput where it would now be another one."""
    plan = prepare(*recipe_of(run, data))
    for job in plan.work.jobs():
        done = run.done(job.member, job.repeat, job.fold)
        if done is None or done["hash"] != plan.work.hash(job):
            raise BadInput(
                f"{run.path}: {job} is not as its recipe, data and folds would make it now; what it says could not"
                " be claimed of a refit. Train it again with this version, or put its members/ back"
            )
    return plan


def _begin(out: Path, made_from: dict[str, Any]) -> None:
    """Write what the refit is of. Raises BadInput where the folder is taken."""
    file = out / REFIT
    if (out / "scores.json").is_file():
        raise BadInput(f"{out} exists and is finished; name another folder with -o")
    if not file.is_file():
        if out.exists() and any(out.iterdir()):
            raise BadInput(f"{out} exists and is no refit; name another folder with -o")
        out.mkdir(parents=True, exist_ok=True)
        write_json(file, made_from)
    elif json.loads(file.read_text(encoding="utf-8")) != made_from:
        raise BadInput(f"{out} was begun of another run, or of other members; name another folder with -o")


def _train(work: Work, out: Path, report: Report) -> None:
    folder = RefitFolder(out)

    def finished(job: Job) -> bool:
        facts = folder.done(job.member, job.repeat, job.fold)
        return facts is not None and facts["hash"] == work.hash(job)

    waiting = [job for job in work.jobs() if not finished(job)]
    counts = {"jobs": len(work.jobs()), "finished": len(work.jobs()) - len(waiting), "at_a_time": 1}
    report({"event": "run", "run": str(out), **counts})
    work = _with_flow(work, report) if waiting else work
    for job in Inline().run(work, waiting, folder, report):
        report({"event": "done", "job": str(job), "member": job.member})


def claim_of(run: Run, plan: Plan, members: list[str]) -> Claim:
    work = replace(plan.work, members={name: plan.work.members[name] for name in members})
    chain: Chain = chain_of(plan.recipe, members, work.target)
    jobs = {name: [job for job in work.jobs() if job.member == name] for name in members}
    raw = {name: gather(work, run, mine) for name, mine in jobs.items()}
    learned, said = over_repeats(chain, raw, truth_by_rows(work), work.folds.fold)
    constant = None if plan.sample is None else plan.sample.constant
    oof = {name: said[name] for name in (*members, ENSEMBLE)}
    facts, why = told(learned)
    scores = all_scores(work, metrics_of(plan.metric, work.target), oof, constant)
    return Claim(learned, {**scores, "facts": facts, "notes": [*plan.notes, *why]})


def _finish(run: Run, plan: Plan, work: Work, claim: Claim, out: Path) -> None:
    """Test predictions by what the out-of-fold rows taught, and the files that make the folder a run."""
    import joblib

    write_whole(out / f"{CHAIN}.joblib", lambda file: joblib.dump(claim.learned, file))
    write_json(out / FORM, form_of(plan.loaded).plain())
    if work.test is not None:
        folder = RefitFolder(out)
        made = {name: gather_test(work, folder, [Job(name, 0, 0)]) for name in work.members}
        said = on_test(claim.learned, made)
        for name in (*work.members, ENSEMBLE):
            save_test(out, name, said[name])
        save_test_ids(work.test.ids, out)
    for sample in run.path.glob("sample.*"):
        shutil.copy(sample, out)
    made = {"run": str(run.path), "members": list(work.members), "rows": len(work.train)}
    there = (run.path / run.environment.get("recipe_folder", ".")).resolve()
    facts = {
        **run.environment,
        "versions": versions(),
        "recipe_folder": os.path.relpath(there, out.resolve()),
    }
    write_json(out / "environment.json", facts)
    write_text(out / "recipe.yaml", as_yaml({**run.recipe, "refit": made}))
    write_json(out / "scores.json", {**claim.scores, "refit": made})
