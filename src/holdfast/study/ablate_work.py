"""An ablation at work: which fold is trained next, what is said at each look, and who is trained no further."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.engine.inline import Inline
from holdfast.engine.job import Job
from holdfast.engine.processes import Processes
from holdfast.engine.ray_engine import OnRay
from holdfast.errors import BadInput
from holdfast.metrics.intervals import Score
from holdfast.metrics.paired import Paired, paired
from holdfast.metrics.verdict import Verdict, belief, says, verdicts
from holdfast.oof.scores import score_so_far
from holdfast.oof.table import truth_of
from holdfast.study.ablate_folds import Clock, Shelf, Side, count
from holdfast.study.ablate_looks import FEWEST, Told, judge, planned
from holdfast.study.ablate_result import ALL_FOLDS, EQUAL, FAILED, NOT_ASKED, OUT_OF_TIME, TOLD, Ablation, Row
from holdfast.study.compare import default_rope

Report = Callable[[dict[str, Any]], None]
SURE = 0.95  # belief in equivalence at which a variant is not trained further


class Turns:
    """One ablation at work: which folds are trained next, and what is said at each look."""

    def __init__(
        self, path: Path, base: Side, sides: dict[str, Side], asked: set[str], shelf: Shelf, clock: Clock,
        rope: float | None, looks: dict[str, tuple[int, ...]], skipped: dict[str, str],
        engine: Inline | Processes | OnRay, report: Report,
    ):  # fmt: skip
        self.path, self.base, self.sides, self.asked = path, base, sides, asked
        self.shelf, self.clock, self.given, self.looks = shelf, clock, rope, looks
        self.skipped, self.report = skipped, report
        self.engine = engine
        self.total, folds = len(base.places), base.plan.work.folds
        self.planned = planned(folds.k, folds.repeats)
        self.stopped: dict[str, str] = {said: NOT_ASKED for said in sides if said not in asked}
        self.why: dict[str, str] = {}
        self.held: dict[tuple[str, int], Paired] = {}
        self.scored: dict[int, Score] = {}

    def go(self) -> Ablation:
        jobs, done = count(self._open(), self.shelf)
        counts = {"jobs": jobs, "finished": done, "at_a_time": self.engine.jobs}
        self.report({"event": "run", "run": str(self.path), **counts})
        for said, why in self.skipped.items():
            self.report({"event": "note", "note": f"{said} is left alone: {why}"})
        for n in range(1, self.total + 1):
            if len(self.stopped) == len(self.sides):
                break
            if not self._round(n):
                self._look_before_the_end()
                break
            if n in self.planned or any(n in looks for looks in self.looks.values()):
                self._stop_what_is_clear(n)
            self._result().save()
        for side in (self.base, *self.sides.values()):
            side.finish()
        result = self._result()
        result.save()
        return result

    def _round(self, n: int) -> bool:
        """Have fold number `n` of the base and of each variant that is still open; False when time is out."""
        trained = -1
        while len(self.shelf.trained) > trained and (todo := self._todo(n)):  # students after their teachers
            trained = len(self.shelf.trained)
            self._train(todo)
        there = [
            self._has(side, n) for side in self._open()
        ]  # each one, not only up to the first that lacks it
        return all(there)

    def _todo(self, n: int) -> list[tuple[Side, Job]]:
        """What can be trained of fold number `n`, since all that it needs is there."""
        todo: dict[str, tuple[Side, Job]] = {}  # by hash: what is the same for several is trained once
        for side in self._open():
            for job in side.jobs(side.places[n - 1]):
                if side.finished(job) or side.fetch(job, self.shelf):
                    continue
                if all(side.finished(one) for one in side.plan.work.needs(job)):
                    todo.setdefault(side.mark(job), (side, job))
        return list(todo.values())

    def _train(self, todo: list[tuple[Side, Job]]) -> None:
        sides = {side.name: side for side in self._open()}
        works = {name: (side.plan.work, side.run) for name, side in sides.items()}
        for name, job, error in self.engine.over(works, self._while_time(todo), self.report):
            if error is None:
                sides[name].trained(job, self.shelf, self.report)
                continue
            alike = [side.name for side in sides.values() if side.mark(job) == sides[name].mark(job)]
            if self.base.name in alike or not isinstance(error, ValueError | BadInput):
                raise error
            for one in alike:
                self._fail(one, error)

    def _fail(self, said: str, error: Exception) -> None:
        if said not in self.stopped:
            self._stop(said, FAILED, f"it cannot be trained: {error}")
            self.why[said] = str(error)

    def _while_time(self, todo: list[tuple[Side, Job]]) -> Iterator[tuple[str, Job]]:
        """One job after another, as long as the next one fits into the time."""
        for side, job in todo:
            if side.name in self.stopped:  # it failed meanwhile
                continue
            if not self.clock.fits(side.cost(job) or self.base.cost(job)):
                return
            yield side.name, job

    def _has(self, side: Side, n: int) -> bool:
        """Whether fold number `n` is there, or an equal one was trained for another."""
        jobs = side.jobs(side.places[n - 1])
        return all(side.finished(job) or side.fetch(job, self.shelf) for job in jobs)

    def _look_before_the_end(self) -> None:
        """Time is out: a look now is paid out of the share of the folds that are done, like any other."""
        for said in self.asked:
            n = min(self.sides[said].folds_done, self.base.folds_done)
            if said not in self.stopped:
                if n >= FEWEST and n > max(self._looked(said), default=0):
                    self.looks[said] = (*self.looks[said], n)
                self.stopped[said] = OUT_OF_TIME

    def _looked(self, said: str) -> list[int]:
        """The looks that have been taken at a variant, with those that come due by its folds."""
        done = min(self.sides[said].folds_done, self.base.folds_done)
        return sorted(n for n in {*self.planned, *self.looks[said]} if n <= done)

    def _stop_what_is_clear(self, n: int) -> None:
        told = self._told()
        for said in self.sides:
            if said in self.stopped or n not in self._looked(said):
                continue
            found, at = self._found(said, n), told[said].at
            if at is not None and at <= n:
                word = says(found, told[said].adjusted, self.base.plan.metric.greater_is_better)
                self._stop(said, TOLD, f"{word}, {found}, after {n} of {self.total} folds")
            elif belief(found, self.base.plan.metric.greater_is_better, self._rope(n)[0]).equivalent >= SURE:
                self._stop(
                    said, EQUAL, f"no difference that matters, {found}, after {n} of {self.total} folds"
                )

    def _stop(self, said: str, why: str, note: str) -> None:
        before = self._waiting()
        self.stopped[said] = why
        self.report({"event": "note", "note": f"{said}: {note}"})
        self.report({"event": "left_out", "jobs": before - self._waiting()})

    def _open(self) -> list[Side]:
        """The base and the variants that are still trained."""
        return [self.base, *(side for said, side in self.sides.items() if said not in self.stopped)]

    def _waiting(self) -> int:
        jobs, done = count(self._open(), self.shelf)
        return jobs - done

    def _told(self) -> dict[str, Told]:
        """What all looks so far say, again from the first."""
        seen = {said: {n: self._found(said, n) for n in self._looked(said)} for said in self.sides}
        return judge(seen, self.total)

    def _found(self, said: str, n: int) -> Paired:
        """A variant against the base on the first `n` folds."""
        if (said, n) not in self.held:
            work, metric = self.base.plan.work, self.base.plan.metric
            sides = self.sides[said].predictions(n), self.base.predictions(n)
            self.held[said, n] = paired(metric, truth_of(work), *sides, work.folds.fold)
        return self.held[said, n]

    def _score(self, n: int) -> Score:
        if n not in self.scored:
            plan = self.base.plan
            self.scored[n] = score_so_far(plan.work, plan.metric, self.base.predictions(n))
        return self.scored[n]

    def _rope(self, n: int) -> tuple[float, str]:
        if self.given is not None:
            return self.given, "as asked for"
        score = self._score(n)
        return default_rope(score.low, score.high)

    def _says(self, found: dict[str, Paired], told: dict[str, Told]) -> dict[str, Verdict]:
        adjusted, n = np.array([told[said].adjusted for said in found]), max(2, self.base.folds_done)
        folds, greater = self.base.plan.work.folds, self.base.plan.metric.greater_is_better
        made = verdicts(list(found.values()), greater, self._rope(n)[0], folds.k, adjusted)
        return dict(zip(found, made, strict=True))

    def _result(self) -> Ablation:
        metric, n, told = self.base.plan.metric, self.base.folds_done, self._told()
        done = {said: min(n, side.folds_done) for said, side in self.sides.items()}
        found = {said: self._found(said, told[said].at or m) for said, m in done.items() if m >= 2}
        says = self._says(found, told) if found else {}
        rope, how = self._rope(n) if n >= 2 else (self.given or 0.0, "not known yet")
        rows = [
            Row(
                said, side.run.path.name, done[said], tuple(self._looked(said)), self._why(said, done[said], told),
                found.get(said), says.get(said), self.why.get(said, ""),
            )
            for said, side in self.sides.items()
        ]  # fmt: skip
        value = self._score(n).value if n >= 2 else None
        return Ablation(
            self.path, metric.key, metric.greater_is_better, value, n, self.total, rope, how, tuple(rows),
            self.skipped, tuple(self.shelf.trained), tuple(self.shelf.reused), self.shelf.seconds,
        )  # fmt: skip

    def _why(self, said: str, done: int, told: dict[str, Told]) -> str:
        """Why no more folds were trained; empty where they are still to come."""
        if done == self.total:
            return ALL_FOLDS
        return TOLD if told[said].at is not None else self.stopped.get(said, "")
