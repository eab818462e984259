"""What the common habits would have claimed of a recipe, each beside the honest figure.

    runs/motion-habits/
      begun.json (the recipe, the data and the folds)  results.json (marked `habits`)
      honest/                          an ordinary run, where runs/motion is not there or not finished
      random_folds/members/conv/fold-0/  oof.npy state.json done.json (marked)  …      one folder a habit, no run folder

A member that a habit does not touch is taken from the honest run; nothing that a habit made is kept as a model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.engine.folder import settle
from holdfast.engine.inline import Inline
from holdfast.engine.job import Job, Work, is_done
from holdfast.engine.processes import Processes
from holdfast.engine.side_by_side import side_by_side
from holdfast.engine.threads import cores
from holdfast.ensemble.chain import cross_fitted
from holdfast.errors import BadInput
from holdfast.metrics.intervals import Score
from holdfast.oof.scores import score_so_far
from holdfast.oof.table import gather, truth_of
from holdfast.recipe.load import load_recipe
from holdfast.recipe.schema import Recipe
from holdfast.recipe.strict import nearest
from holdfast.store.atomic import write_json
from holdfast.store.run import ENSEMBLE, Run, RunFolder
from holdfast.study import habits_blend
from holdfast.study.habits_kinds import HABITS, Habit
from holdfast.study.habits_work import HabitFolder, HabitWork
from holdfast.train import Plan, prepare, train

Report = Callable[[dict[str, Any]], None]
FILE, BEGUN, HONEST = "results.json", "begun.json", "honest"
NO_CHANGE = "changes no prediction here"
NAMES = (*(habit.name for habit in HABITS), habits_blend.NAME)


@dataclass(frozen=True)
class Row:
    """One habit. `claims`: None where it can do nothing, and `note` says why; `honest`: the figure beside it."""

    habit: str
    says: str
    acts_on: tuple[str, ...]
    claims: float | None
    honest: Score
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """Plain values, to keep."""
        held = {"habit": self.habit, "says": self.says, "acts_on": list(self.acts_on), "claims": self.claims}
        difference = None if self.claims is None else self.claims - self.honest.value
        return {**held, "honest": self.honest.plain(), "difference": difference, "note": self.note}


@dataclass(frozen=True)
class Table:
    """All that were asked for. `who`: the ensemble, or the member that was named."""

    path: Path
    run: Path
    metric: str
    greater_is_better: bool
    who: str
    members: tuple[str, ...]
    rows: tuple[Row, ...]

    def plain(self) -> dict[str, Any]:
        """Plain values, to keep: marked, since the claims are no scores."""
        return {
            "habits": [row.habit for row in self.rows],
            "metric": self.metric,
            "greater_is_better": self.greater_is_better,
            "honest_run": str(self.run),
            "of": self.who,
            "members": list(self.members),
            "rows": [row.plain() for row in self.rows],
        }


def study_habits(
    recipe: str | Path | dict[str, Any] | Recipe,
    only: Sequence[str] = NAMES,
    member: str | None = None,
    output: str | Path | None = None,
    overrides: list[str] | None = None,
    threads: int | None = None,
    jobs: int | None = None,
    report: Report = lambda event: None,
) -> Table:
    """Train a recipe as it is and with each habit, and tell what each would have claimed.

    `only`: the habits by name; `member`: this member's figure, not the ensemble's. The honest run is `runs/NAME`
    where it is finished with this very recipe. Called again it goes on where it stopped. Raises BadInput before any
    work starts.
    """
    for name in only:
        if name not in NAMES:
            raise BadInput(f"--only: no habit is named {name!r}; {nearest(name, NAMES)}")
    base = Path(recipe).parent if isinstance(recipe, str | Path) else Path.cwd()
    given = _of_one(load_recipe(recipe, overrides, base), member)
    path = Path(output or Path("runs") / f"{given.name}-habits{f'-{member}' if member else ''}")
    plan, honest = _plan(given, base, path, threads, jobs)
    asked = [habit for habit in HABITS if habit.name in only]
    for habit in asked:
        habit.refuse(plan.work.members.values())
    _begin(path, plan)
    with RunFolder(path).locked():
        if honest is None:
            honest = train(
                given.untracked(), path / HONEST, engine="auto", jobs=jobs, threads=threads, report=report, base=base,
                accept=None,
            )  # fmt: skip
            plan = prepare(settle(given, honest.path, threads, jobs or 1), base)
        table = _Study(
            plan, honest, path, asked, member or ENSEMBLE, _engine(plan, base, jobs), report
        ).table(habits_blend.NAME in only)
        write_json(path / FILE, table.plain())
    return table


def _of_one(recipe: Recipe, member: str | None) -> Recipe:
    """The recipe with one member alone, where one is named."""
    if member is None:
        return recipe
    if member not in recipe.members:
        raise BadInput(f"--member: no member is named {member!r}; {nearest(member, recipe.members)}")
    return recipe.model_copy(update={"members": {member: recipe.members[member]}})


def _plan(
    recipe: Recipe, base: Path, path: Path, threads: int | None, jobs: int | None
) -> tuple[Plan, Run | None]:
    """What is trained honestly, and the run that has done so, where there is one."""
    for there in (Path("runs") / recipe.name, path / HONEST):
        if (there / "recipe.yaml").is_file():
            plan, run = prepare(settle(recipe, there, threads, 1), base), Run(there)
            if all(is_done(plan.work, job, run) for job in plan.work.jobs()):
                return _served(plan), run
    return _served(prepare(settle(recipe, path / HONEST, threads, jobs or 1), base)), None


def _served(plan: Plan) -> Plan:
    if plan.work.target.kind == "grid":
        raise BadInput(
            "study habits: radar grids are not served; benchmarks/frames_split.py tells what random windows claim"
        )
    for name in plan.work.pools:
        raise BadInput(f"study habits: members.{name}.pseudo: measured without pseudo-labels; leave it out")
    for name, member in plan.work.members.items():
        if member.seeds > 1:
            raise BadInput(f"study habits: members.{name}.seeds: measured with one seed; leave it out")
    return plan


def _begin(path: Path, plan: Plan) -> None:
    """Write what the study is of. Raises BadInput where the folder is another one's."""
    recipe = {key: one for key, one in plan.recipe.written().items() if key != "track"} | {"threads": None}
    marks = {"recipe": recipe, "data": plan.work.data_mark, "folds": plan.work.folds.hash}
    file = path / BEGUN
    if not file.is_file():
        if path.exists() and any(path.iterdir()):
            raise BadInput(f"{path} exists and is no study of habits; name another with -o")
        path.mkdir(parents=True, exist_ok=True)
        write_json(file, marks)
    elif json.loads(file.read_text(encoding="utf-8")) != json.loads(json.dumps(marks)):
        raise BadInput(f"{path} was begun with another recipe, other data or folds; name another with -o")


def _engine(plan: Plan, base: Path, jobs: int | None) -> tuple[Inline | Processes, int]:
    """Where folds are trained, and how many at a time."""
    assert plan.recipe.threads is not None
    at_a_time = jobs or min(side_by_side(plan.work), max(1, cores() // plan.recipe.threads))
    if at_a_time == 1:
        return Inline(), 1
    return Processes(at_a_time, [base / file for file in plan.recipe.components]), at_a_time


class _Study:
    """A study at work."""

    def __init__(
        self, plan: Plan, honest: Run, path: Path, habits: Sequence[Habit], who: str,
        engine: tuple[Inline | Processes, int], report: Report,
    ):  # fmt: skip
        self.plan, self.honest, self.path, self.habits, self.who = plan, honest, path, habits, who
        (self.engine, self.at_a_time), self.report = engine, report
        self.raw = {name: self._gather(plan.work, honest, name) for name in plan.work.members}
        self.score = self._scored(self._said(plan.work, self.raw))

    def table(self, blend: bool) -> Table:
        """Train what is not finished, habit by habit, and put the claims beside the honest figure."""
        works = {habit: habit.work(self.plan.work, self.honest) for habit in self.habits}
        folders = {habit: HabitFolder(self.path / habit.name) for habit in self.habits}
        every = {habit: work.jobs() for habit, work in works.items()}
        waiting = {
            habit: [job for job in jobs if not folders[habit].has(works[habit], job)]
            for habit, jobs in every.items()
        }
        total, left = (sum(map(len, jobs.values())) for jobs in (every, waiting))
        counts = {"jobs": total, "finished": total - left, "at_a_time": self.at_a_time}
        self.report({"event": "run", "run": str(self.path), **counts})
        for habit, jobs in waiting.items():
            self._train(works[habit], jobs, folders[habit])
        rows = [self._row(habit, works[habit], folders[habit]) for habit in self.habits]
        if blend:
            rows.append(self._blend())
        metric = self.plan.metric
        return Table(
            self.path, self.honest.path, metric.key, metric.greater_is_better, self.who, tuple(self.raw), tuple(rows)
        )  # fmt: skip

    def _train(self, work: HabitWork, jobs: list[Job], folder: HabitFolder) -> None:
        def tell(event: dict[str, Any]) -> None:
            self.report({**event, "job": f"{work.mark}: {event['job']}"})

        for job in self.engine.run(work, jobs, folder, tell) if jobs else ():
            mine = [one for one in work.jobs() if one.member == job.member and folder.has(work, one)]
            score = score_so_far(work, self.plan.metric, gather(work, folder, mine)).plain()
            tell({"event": "done", "job": str(job), "metric": self.plan.metric.key, **score})

    def _row(self, habit: Habit, work: HabitWork, folder: HabitFolder) -> Row:
        acts_on = tuple(work.members)
        made = {name: self._gather(work, folder, name) for name in acts_on}
        same = [name for name, one in made.items() if np.array_equal(one, self.raw[name])]
        if len(same) == len(acts_on):
            note = NO_CHANGE if acts_on else f"nothing here can do that: {habit.nothing}"
            return Row(habit.name, habit.says, (), None, self.score, note)
        said = self._said(work, {**self.raw, **made})
        value = float(np.mean([self.plan.metric.score(truth_of(work), one) for one in said]))
        return Row(
            habit.name, habit.says, tuple(name for name in acts_on if name not in same), value, self.score
        )

    def _blend(self) -> Row:
        found = habits_blend.blend_on_same_rows(self.plan, self.raw, self.who)
        name, says = habits_blend.NAME, habits_blend.SAYS
        if found is None:
            note = f"nothing here can do that: {habits_blend.NOTHING}"
            return Row(name, says, (), None, self.score, note)
        return Row(name, says, tuple(self.raw), found.claims, self._scored(found.honest), found.note)

    def _gather(self, work: Work, folder: RunFolder, member: str) -> np.ndarray:
        return np.asarray(gather(work, folder, [job for job in work.jobs() if job.member == member]))

    def _said(self, work: Work, raw: Mapping[str, np.ndarray]) -> np.ndarray:
        """What is scored, `(repeats, n, …)`: the chain over the members, cross-fitted on the work's folds."""
        truth = truth_of(work)
        return np.stack(
            [
                cross_fitted(self.plan.chain, {name: one[r] for name, one in raw.items()}, truth, fold)[
                    self.who
                ]
                for r, fold in enumerate(work.folds.fold)
            ]
        )

    def _scored(self, said: np.ndarray) -> Score:
        return score_so_far(self.plan.work, self.plan.metric, said)
