"""Tuning: the searches of a recipe, tried by Optuna; the best scored again on fresh folds.

runs/motion-tune/
  study.db  study.db.workers/     (by default; --storage names another)
  trial-0000/ …                   each a run, with the folds that were trained before it was pruned
  finalist-0007/ …                a run on fresh folds
  findings.json                   what checks of data and folds said
  tune.json                       trials, finalists, winner
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from holdfast.check.gate import before_training, known_codes, tell_found
from holdfast.engine.budget import seconds_of
from holdfast.engine.threads import cores
from holdfast.engine.watchdog import LIMIT, limit_of
from holdfast.errors import BadInput, JobFailed
from holdfast.recipe.load import load_recipe, read_source
from holdfast.recipe.schema import BUDGET, Recipe
from holdfast.recipe.search import size
from holdfast.store.atomic import write_json
from holdfast.store.hashes import hash_value

try:
    import optuna
except ModuleNotFoundError:  # pragma: no cover
    raise BadInput(
        "holdfast tune needs optuna, which is not installed; install it in Holdfast's folder:"
        ' pip install -c constraints.txt -e ".[tune]"'
    ) from None

from optuna.trial import TrialState

from holdfast.study.tune_ask import ERROR, MOST_POINTS, SAME_AS, Asked, Space, next_trial, place_of, put_back
from holdfast.study.tune_checks import check_pruner, check_sampler, check_searches, first_recipe
from holdfast.study.tune_finalists import FRESH, SAME, best_trials, drawn_anew, fresh_seed, score_again
from holdfast.study.tune_result import Tuned, write_recipe
from holdfast.study.tune_samplers import OF_EPOCHS, check_names, make_pruner
from holdfast.study.tune_storage import Locks, open_storage
from holdfast.study.tune_trial import FoldByFold, run_trial
from holdfast.train import prepare

Report = Callable[[dict[str, Any]], None]
MOST_FAILURES = 3  # of the first trials: then something else is wrong


@dataclass(frozen=True)
class Task:
    """What every process that works on a study knows."""

    values: dict[str, Any]
    base: Path
    folder: Path
    storage: str
    study: str
    sampler: str
    pruner: str
    trials: int
    ends: float | None  # by time.time(); no trial begins after it
    threads: int
    metric: str
    greater_is_better: bool
    mark: str  # hash of recipe, data and folds

    @property
    def seed(self) -> int:
        return int(self.values.get("seed") or 0)

    def recipe(self, values: dict[str, Any]) -> Recipe:
        return load_recipe(values, base=self.base)


def tune(
    recipe: str | Path,
    output: str | Path | None = None,
    overrides: list[str] | None = None,
    trials: int = 20,
    timeout: str | None = None,
    sampler: str = "tpe",
    pruner: str = "wilcoxon",
    storage: str | None = None,
    jobs: int = 1,
    finalists: int = 3,
    threads: int | None = None,
    report: Report = lambda event: None,
    accept: Sequence[str] = (),
    watchdog: str = LIMIT,
) -> Tuned:
    """Try the searches of a recipe until its study has `trials` of them, then score the best on fresh folds.

    Data and folds are checked once, not in each trial; `accept`: codes of errors that may stand.
    The same call again continues the study; two processes may work on one. `watchdog`: how long, as 10m, one of
    several `jobs` may use no processor time before it is ended and its trial goes again. Raises BadInput before any work.
    """
    limit = limit_of(watchdog)
    check_names(sampler, pruner)
    accept = known_codes(accept)
    source, path = read_source(Path(recipe), overrides), Path(recipe)
    listed = check_searches(source)
    check_sampler(sampler, source, listed)
    check_pruner(pruner, listed)
    if sampler == "grid" and (count := size(source.values, grid=True) or 0) > MOST_POINTS:
        raise BadInput(
            f"--sampler grid: {count:,} points, and at most {MOST_POINTS:,} are listed; take random"
        )
    first = first_recipe(source, path.parent, pruner)
    name = f"{first.name}-tune"
    folder = Path("runs") / name if output is None else Path(output)
    threads = threads or first.threads or max(1, cores() // jobs)
    plan = prepare(first.model_copy(update={"threads": threads}), path.parent)
    task = Task(
        values=source.values, base=path.parent, folder=folder,
        storage=storage or f"sqlite:///{folder / 'study.db'}", study=name, sampler=sampler, pruner=pruner,
        trials=trials, ends=None if timeout is None else time.time() + _seconds(timeout), threads=threads,
        metric=plan.metric.key, greater_is_better=plan.metric.greater_is_better,
        mark=hash_value([_wherever(source.values), plan.work.data_mark, plan.work.folds.hash]),
    )  # fmt: skip
    findings = before_training(plan.recipe, plan.loaded, plan.work, accept, folder)
    del plan
    study, locks = open_study(task)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("trial-*")) and not study.get_trials(deepcopy=False):
        raise BadInput(f"{folder} holds trials of another study; name another folder with -o")
    findings.save(folder)
    tell_found(findings.before, findings.accepted, report)
    if jobs > 1:
        from holdfast.study.tune_processes import side_by_side

        side_by_side(task, jobs, report, limit)
    else:
        work_off(task, study, locks, report)
    return _finish(task, study, locks, finalists, path, report)


def _wherever(values: dict[str, Any]) -> dict[str, Any]:
    """The recipe's values without the folder of its data, which machines may have in different places."""
    data = values.get("data")
    return {**values, "data": {**data, "folder": None}} if isinstance(data, dict) else values


def _seconds(timeout: str) -> float:
    if not re.match(BUDGET, timeout):
        raise BadInput(f"--timeout: expected a time, as 90s, 30m or 2h, got {timeout!r}")
    return seconds_of(timeout)


def open_study(task: Task) -> tuple[optuna.Study, Locks]:
    """The study in its storage, begun or continued. Raises BadInput where another recipe began it."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # events say it
    storage, locks = open_storage(task.storage, task.study)
    with locks.asking():
        study = optuna.create_study(
            storage=storage, study_name=task.study, load_if_exists=True, pruner=make_pruner(task.pruner),
            direction="maximize" if task.greater_is_better else "minimize",
        )  # fmt: skip
        _agree(study, "mark", task.mark, "another recipe, or other data")
        if task.pruner != "none":
            compared = "losses of epochs" if task.pruner in OF_EPOCHS else "scores of folds"
            _agree(study, "compared", compared, "a --pruner that compares something else")
    return study, locks


def _agree(study: optuna.Study, name: str, value: str, otherwise: str) -> None:
    """Trials of one study must be comparable: whoever comes first decides."""
    held = study.user_attrs.get(name)
    if held is None:
        study.set_user_attr(name, value)
    elif held != value:
        raise BadInput(
            f"the study {study.study_name} in this storage was begun with {otherwise}; its trials cannot be compared"
            " with new ones: give the recipe another name, or begin anew with another -o (and --storage, where named)"
        )


def work_off(task: Task, study: optuna.Study, locks: Locks, report: Report) -> None:
    """Try point after point, until the study has its trials, or time is up."""
    space = Space(task.values, task.sampler, task.seed)
    while task.ends is None or time.time() < task.ends:
        with locks.at_work() as worker:  # anew for each trial: a connection may be lost in a long one
            asked = next_trial(study, locks, worker, space, task.trials)
            if asked is None:
                return
            report({"event": "trying", "number": asked.place})
            _try(task, study, asked)
        _tell(study, asked, report)
        _stop_where_all_fail(study)


def _try(task: Task, study: optuna.Study, asked: Asked) -> None:
    """Run a trial and tell the study. What a recipe cannot do is a failure of the trial, not of the study."""
    trial, folder = asked.trial, task.folder / f"trial-{asked.place:04}"
    try:
        recipe = task.recipe(asked.values)
        engine = FoldByFold(trial, recipe, task.pruner, asked.place)
        value = run_trial(recipe, engine, folder, task.base, task.threads)
        if math.isnan(value):
            raise ArithmeticError("the score is not a number")
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)
    except (ValueError, ArithmeticError, RuntimeError) as error:  # BadInput and JobFailed are among them
        trial.set_user_attr(ERROR, f"{type(error).__name__}: {error}"[:2000])
        study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
    else:
        study.tell(trial, value, skip_if_finished=True)


def _tell(study: optuna.Study, asked: Asked, report: Report) -> None:
    one = study.get_trials(deepcopy=False)[asked.trial.number]
    scored = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    best = study.best_trial if scored else None
    report(
        {
            "event": "trial", "number": place_of(one), "params": one.params, "state": one.state.name.lower(),
            "value": one.value, "error": one.user_attrs.get(ERROR),
            "best": None if best is None else best.value, "best_number": None if best is None else place_of(best),
        }
    )  # fmt: skip


def _stop_where_all_fail(study: optuna.Study) -> None:
    held = study.get_trials(deepcopy=False)
    failed = [one for one in held if ERROR in one.user_attrs]
    if len(failed) >= MOST_FAILURES and not any(one.state == TrialState.COMPLETE for one in held):
        raise JobFailed(
            f"the first {len(failed)} trials failed, the last with: {failed[-1].user_attrs[ERROR]}"
        )


def _finish(task: Task, study: optuna.Study, locks: Locks, count: int, path: Path, report: Report) -> Tuned:
    """Score the finalists, unless trials are still at work elsewhere, and write what was found."""
    with locks.asking():
        put_back(study, locks)
    held = [one for one in study.get_trials(deepcopy=False) if SAME_AS not in one.user_attrs]
    space = Space(task.values, task.sampler, task.seed)
    tuned = Tuned(task.folder, task.metric, held, [])
    scored = [one for one in held if one.state == TrialState.COMPLETE]
    if scored and not tuned.counts["at work"]:
        best = best_trials(scored, task.greater_is_better, max(count, 1))
        recipes = [task.recipe(space.at(one.params)) for one in best[:count]]
        seed = fresh_seed(recipes[0], task.base) if recipes else None
        anew = [drawn_anew(one, seed) for one in recipes]
        found = score_again(best, anew, task.folder, task.threads, task.base, report)
        winner = (found[0].number, found[0].params) if found else (place_of(best[0]), best[0].params)
        values = {**space.at(winner[1]), "name": f"{task.study.removesuffix('-tune')}-tuned"}
        written = write_recipe(path, values, winner[0])
        tuned = replace(tuned, finalists=found, again=SAME if seed is None else FRESH, recipe=written)
    write_json(task.folder / "tune.json", tuned.plain())
    return tuned
