"""One training run, from recipe to scores: data → folds → jobs → out-of-fold → ensemble."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from holdfast.check.gate import Findings, after_training, before_training, known_codes, tell_found
from holdfast.data.base import DataSpec
from holdfast.data.dataset import Loaded
from holdfast.data.flow import flow_mark, with_flow_made, with_flow_to_come
from holdfast.data.form import form_of
from holdfast.data.sample import SampleForm, read_sample
from holdfast.data.unlabelled import Unlabelled, read_unlabelled
from holdfast.engine.budget import Budget, decisions, record, seconds_of, shortened, teacher_gone, without
from holdfast.engine.chosen import chosen, refuse_devices, refuse_engine
from holdfast.engine.folder import free_name, open_run, settle
from holdfast.engine.job import Job, Work, is_done
from holdfast.engine.side_by_side import side_by_side
from holdfast.engine.threads import cores
from holdfast.engine.watchdog import LIMIT, limit_of
from holdfast.ensemble.chain import BLEND, Chain, chain_of, on_test, over_repeats, told
from holdfast.errors import BadInput
from holdfast.fit.resolved import resolve, saw_unlabelled, unreached
from holdfast.fit.transfer import with_starts
from holdfast.folds.base import Splitter
from holdfast.folds.table import describe, make_folds
from holdfast.metrics.base import Metric
from holdfast.oof.scores import all_scores, facts_of, member_scores, metrics_of, notes_of, score_so_far
from holdfast.oof.table import (
    gather,
    gather_test,
    save_index,
    save_predictions,
    save_test_ids,
    saved_grids,
    truth_by_rows,
)
from holdfast.predict.pool import check_pool
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import load_user_components
from holdfast.recipe.schema import Recipe
from holdfast.store.atomic import write_json, write_whole
from holdfast.store.hashes import hash_arrays, hash_value
from holdfast.store.run import CHAIN, ENSEMBLE, FORM, Run
from holdfast.track.listen import tracked, trackers_of

Report = Callable[[dict[str, Any]], None]


class Engine(Protocol):
    """Where jobs run, and in which order."""

    def run(self, work: Work, jobs: Sequence[Job], run: Run, report: Report) -> Iterator[Job]:
        """Yield each job as it ends."""
        ...


def train(
    recipe: str | Path | dict[str, Any] | Recipe,
    output: str | Path | None = None,
    overrides: list[str] | None = None,
    engine: str | Engine = "inline",
    jobs: int | None = None,
    threads: int | None = None,
    fresh: bool = False,
    report: Report = lambda event: None,
    base: Path | None = None,
    accept: Sequence[str] | None = (),
    watchdog: str = LIMIT,
    address: str | None = None,
) -> Run:
    """Train every member of a recipe over all folds; returns the finished run.

    `output`: the run folder, by default `runs/NAME`; one begun by the same recipe is continued, one of
    another recipe refused, or left alone with `fresh`, which takes the next free name. `engine`: `inline`;
    `processes`, with so many `jobs` at a time, by default one a core, each with `threads` processor threads; `ray`,
    on the cluster at `address`, by default one of this machine's cores; or `auto`, which takes processes where folds
    side by side end sooner. A script that asks for processes must guard
    its main part by `if __name__ == "__main__":`, since each of them imports it. An engine of one's own is taken
    too. `report` is called with every event, a dict. `base`: the folder that a recipe which is no file is relative
    to. `accept`: codes of error-level findings of data and folds that may stand; None looks for none, as studies do that
    have looked once. `watchdog`: how long, as 10m, a worker process may tell nothing and use no processor time before
    it is ended and its job goes again. Raises BadInput before any work starts.
    """
    limit_of(watchdog)
    if isinstance(engine, str):
        refuse_engine(engine, address)
    accept = accept if accept is None else known_codes(accept)
    base = Path(recipe).parent if isinstance(recipe, str | Path) else base or Path.cwd()
    loaded_recipe = load_recipe(recipe, overrides, base)
    trackers = trackers_of(loaded_recipe)
    at_a_time = jobs or cores() if engine in ("processes", "ray") else jobs or 1 if engine == "auto" else 1
    path = Path(output) if output is not None else Path("runs") / loaded_recipe.name
    path = free_name(path) if fresh else path
    plan = prepare(settle(loaded_recipe, path, threads, at_a_time), base)
    refuse_devices(engine, plan.work)
    if (path / "recipe.yaml").is_file():  # what has changed there is refused before checks take their time
        open_run(path, plan.recipe, plan.work, plan.loaded, base)
    findings = None if accept is None else before_training(plan.recipe, plan.loaded, plan.work, accept, path)
    if engine == "auto" and jobs is None:
        plan, at_a_time = spread(plan, loaded_recipe, path, threads)
    run = open_run(path, plan.recipe, plan.work, plan.loaded, base)
    files = [base / file for file in plan.recipe.components]
    assert plan.recipe.threads is not None
    ready = chosen(engine, at_a_time, plan.recipe.threads, files, watchdog, address, jobs)
    with run.locked(), ready as runner, tracked(trackers, run, report) as tell:
        at_a_time = runner.jobs if isinstance(engine, str) else 1
        if findings is not None:
            findings.save(run.path)
        plan = _run_jobs(plan, run, runner, at_a_time, tell, findings)
        oof, test = _finish(plan, run, tell)
        if findings is not None:
            _look_after(plan, run, findings, oof, test, tell)
    return Run(path)


@dataclass(frozen=True)
class Plan:
    """What a run will do, checked; nothing is written yet."""

    recipe: Recipe
    metric: Metric
    loaded: Loaded
    sample: SampleForm | None
    work: Work
    chain: Chain
    notes: list[str]
    counts: str  # groups for each class and fold, as a table
    base: Path  # the folder that paths of the recipe are relative to


def prepare(recipe: Recipe, base: Path) -> Plan:
    """Read the data, make the folds, resolve the members. Raises BadInput."""
    spec, metric, splitter = recipe.data, recipe.metric, recipe.folds
    if spec is None:
        raise BadInput("data: this key is required and missing")
    assert isinstance(spec, DataSpec)
    assert isinstance(metric, Metric)
    assert isinstance(splitter, Splitter)
    loaded = spec.load(base)
    target = loaded.target
    metric.check(target)
    if target.kind == "grid":
        loaded = with_flow_to_come(loaded)
    sample = None
    if loaded.sample is not None and loaded.test is not None:
        sample = read_sample(loaded.sample, target, loaded.test.ids, spec.id, metric.of_probabilities)
    folds = make_folds(splitter, loaded.train, target, base)
    counts, said = describe(folds, loaded.train, target)
    if not recipe.kept:
        raise BadInput("members: every member is left out; take `left_out` from one")
    members = {name: resolve(recipe, name, loaded.train, target) for name in recipe.kept}
    members, begun = with_starts(members, loaded.train, folds, target)
    check_pool(recipe.predict.pool, target, loaded.train, loaded.test)
    chain = chain_of(recipe, list(members), target)
    dropped = [
        f"{name} is left out: {one.left_out or 'its teacher is left out'}"
        for name, one in recipe.members.items()
        if name not in members
    ]
    listed = list(members.values())
    notes = [*loaded.notes, *dropped, *said, *unreached(recipe, listed), *begun, *saw_unlabelled(listed)]
    if loaded.train.groups is None:
        notes.append(
            "no groups are known: folds and intervals take every sample as independent of all others"
        )
    assert recipe.threads is not None
    made_of = [loaded.train.fingerprint, loaded.hashes, hash_arrays(np.array(loaded.train.names))]
    mark = hash_value(made_of if loaded.train.flow is None else [*made_of, flow_mark()])
    code = load_user_components([base / file for file in recipe.components])
    loaded, pools = pools_of(recipe, loaded, base)
    work = Work(
        members, loaded.train, loaded.test, target, folds, recipe.seed, recipe.threads, mark, code, pools
    )
    return Plan(recipe, metric, loaded, sample, work, chain, notes, counts.to_string(), base)


def pools_of(recipe: Recipe, loaded: Loaded, base: Path) -> tuple[Loaded, dict[str, Unlabelled]]:
    """What members that learn from pseudo-labels see without labels; the data know the hashes of these files."""
    pools: dict[str, Unlabelled] = {}
    hashes = dict(loaded.hashes)
    for name in recipe.kept:
        if (asked := recipe.members[name].pseudo) is not None:
            assert isinstance(recipe.data, DataSpec)
            where = f"members.{name}.pseudo"
            pools[name] = read_unlabelled(asked, recipe.data, base, loaded.train, loaded.test, where)
            check_pool(recipe.predict.pool, loaded.target, loaded.train, pools[name].data)
            hashes |= pools[name].hashes
    return replace(loaded, hashes=hashes), pools


def spread(plan: Plan, recipe: Recipe, path: Path, threads: int | None) -> tuple[Plan, int]:
    """The plan with the threads of a job, and how many go at a time, where nobody says; `path`: the run folder."""
    at_a_time = side_by_side(plan.work)
    settled = settle(recipe, path, threads, at_a_time)
    assert settled.threads is not None
    at_a_time = min(at_a_time, max(1, cores() // settled.threads))  # threads may be given, or the begun run's
    return replace(plan, recipe=settled, work=replace(plan.work, threads=settled.threads)), at_a_time


def _with_flow(work: Work, report: Report) -> Work:
    """The work with optical flow made of all samples, where it has a place for that."""
    if work.train.flow is None:
        return work
    test = None if work.test is None else with_flow_made(work.test, work.target, report)
    return replace(work, train=with_flow_made(work.train, work.target, report), test=test)


def _run_jobs(
    plan: Plan, run: Run, runner: Engine, at_a_time: int, report: Report, findings: Findings | None
) -> Plan:
    """Train what is not finished; returns the plan as a budget leaves it."""
    everything = plan.work.jobs()
    finished = {job for job in everything if is_done(plan.work, job, run)}
    with (run.path / "events.jsonl").open("a", encoding="utf-8") as log:

        def tell(event: dict[str, Any]) -> None:
            log.write(json.dumps(event) + "\n")
            log.flush()
            report(event)

        counts = {"jobs": len(everything), "finished": len(finished), "at_a_time": at_a_time}
        tell({"event": "run", "run": str(run.path), **counts})
        for note in plan.notes:
            tell({"event": "note", "note": note})
        if findings is not None:
            tell_found(findings.before, findings.accepted, tell)
        tell(
            {
                "event": "folds",
                "unit": "samples" if plan.work.train.groups is None else "groups",
                "counts": plan.counts,
            }
        )
        plan = replace(plan, work=_with_flow(plan.work, tell))

        def carry_out(work: Work, waiting: list[Job]) -> None:
            for job in runner.run(work, waiting, run, tell) if waiting else ():
                finished.add(job)
                _tell_score(plan, run, job, finished, tell)

        if plan.recipe.budget is None:
            carry_out(plan.work, [job for job in everything if job not in finished])
            return plan
        return _within_budget(plan, run, at_a_time, finished, carry_out, tell)


def _tell_score(plan: Plan, run: Run, job: Job, finished: set[Job], tell: Report) -> None:
    mine = sorted((j for j in finished if j.member == job.member), key=lambda j: (j.repeat, j.fold))
    so_far = score_so_far(plan.work, plan.metric, gather(plan.work, run, mine))
    score = {"member": job.member, "metric": plan.metric.key, **so_far.plain()}
    if plan.work.target.kind != "grid":  # the fold alone
        score["own"] = score_so_far(plan.work, plan.metric, gather(plan.work, run, [job])).plain()
    tell({"event": "done", "job": str(job), **score})


def _within_budget(
    plan: Plan, run: Run, at_a_time: int, finished: set[Job], carry_out: Callable[[Work, list[Job]], None], tell: Report
) -> Plan:  # fmt: skip
    """Member by member in the recipe's order: one fold as a trial, then the others if they fit."""
    work, held, notes = plan.work, decisions(run.path), []
    spent = sum(run.done(job.member, job.repeat, job.fold)["seconds"] for job in finished)  # type: ignore[index]
    assert plan.recipe.budget is not None
    budget = Budget(seconds_of(plan.recipe.budget), spent)
    for name in plan.work.members:
        mine = [job for job in work.jobs() if job.member == name]
        if name not in held:
            held[name] = teacher_gone(work, name) or budget.trial(
                work, mine, run, tell, at_a_time, must=not finished
            )
            record(run, held)
        if (said := held[name].said(name)) is not None:
            notes.append(said)
            tell({"event": "note", "note": said})
        if held[name].left_out is not None:
            tell({"event": "left_out", "jobs": len(mine)})
            work = without(work, name)
            continue
        work = shortened(work, name, held[name].epochs)
        for job in mine:
            if job not in finished and is_done(work, job, run):  # the trial
                finished.add(job)
                _tell_score(plan, run, job, finished, tell)
        carry_out(work, [job for job in mine if job not in finished])
    chain = chain_of(plan.recipe, list(work.members), work.target)
    return replace(plan, work=work, chain=chain, notes=[*plan.notes, *notes])


def _finish(plan: Plan, run: Run, report: Report) -> tuple[dict[str, Any], dict[str, Any]]:
    """Put the folds together, score, and write `scores.json` last; returns out-of-fold and test predictions."""
    import joblib

    work, metrics = plan.work, metrics_of(plan.metric, plan.work.target)
    jobs = {name: [job for job in work.jobs() if job.member == name] for name in work.members}
    raw = {name: gather(work, run, mine) for name, mine in jobs.items()}
    learned, said = over_repeats(plan.chain, raw, truth_by_rows(work), work.folds.fold)
    test: dict[str, Any] = {}
    if work.test is not None:
        test = on_test(learned, {name: gather_test(work, run, mine) for name, mine in jobs.items()})
        save_test_ids(work.test.ids, run.path)
    oof = {name: said[name] for name in (*work.members, ENSEMBLE)}
    for name, predictions in oof.items():
        save_predictions(run, name, predictions, test.get(name))
    if work.target.kind == "grid":  # what is written need not be made again
        oof = {name: saved_grids(run, name, work.folds.repeats) for name in oof}
    save_index(work, run.path)
    write_json(run.path / FORM, form_of(plan.loaded).plain())
    write_whole(run.path / f"{CHAIN}.joblib", lambda file: joblib.dump(learned, file))
    constant = None if plan.sample is None else plan.sample.constant
    before = {name: raw[name] for name, steps in plan.chain.calibrate.items() if steps}
    if plan.chain.postprocess:
        before[ENSEMBLE] = said[BLEND]
    facts = facts_of(run, jobs, work)
    blended, why = told(learned)
    scores = {
        **all_scores(work, metrics, oof, constant),
        "before": {name: member_scores(work, metrics, one) for name, one in before.items()},
        "facts": {**facts, **blended},
        "notes": [*plan.notes, *notes_of(facts), *why],
    }
    write_json(run.path / "scores.json", scores)
    report({"event": "scores", **scores})
    return oof, test


def _look_after(
    plan: Plan, run: Run, findings: Findings, oof: dict[str, Any], test: dict[str, Any], report: Report
) -> None:  # fmt: skip
    """Check the members' predictions; what is found is said and kept, and stops nothing."""
    work = plan.work
    done = [run.done(job.member, job.repeat, job.fold) for job in work.jobs()]
    hashes = [facts["hash"] for facts in done if facts is not None]
    oof, test = ({name: one for name, one in made.items() if name != ENSEMBLE} for made in (oof, test))
    findings = after_training(findings, plan.recipe, plan.loaded, work, hashes, oof, test)
    findings.save(run.path)
    tell_found(findings.after, findings.accepted, report)


class _Called(ModuleType):
    """`holdfast.train` is the function until this module is imported, then Python makes it the module: both train."""

    __call__ = staticmethod(train)


sys.modules[__name__].__class__ = _Called
