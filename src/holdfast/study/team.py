"""Members of several finished runs, matched by id: what a blend of runs is made from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.engine.job import Work
from holdfast.errors import BadInput
from holdfast.folds.table import Folds
from holdfast.metrics.base import Metric
from holdfast.predict.base import Postprocess
from holdfast.recipe.registry import parse
from holdfast.recipe.target import TargetSpec
from holdfast.store.hashes import hash_arrays
from holdfast.store.run import ENSEMBLE, Run
from holdfast.study.compare import metric_of, order_of, repeats_of, truth_of


@dataclass(frozen=True)
class Teammate:
    """A member of a run, with the rows of its run's tables in the first run's order."""

    run: Run
    member: str
    order: np.ndarray
    test_order: np.ndarray | None
    calibrate: tuple[Postprocess, ...]

    def oof(self, repeats: int) -> np.ndarray:
        """Out-of-fold predictions `(repeats, n, …)`, before calibration."""
        made = self._from_folds() if self.calibrate else self.run.predictions(self.member)
        return made[self.order].reshape(repeats, -1, *made.shape[1:])

    def test(self) -> np.ndarray:
        """Test predictions `(n, …)`, before calibration: the mean over folds and repeats."""
        assert self.test_order is not None
        if not self.calibrate:
            return self.run.test_predictions(self.member)[self.test_order]
        folds = [self._of_fold(r, k, "test") for r, k in self._folds()]
        mean = np.asarray(np.mean(folds, axis=0, dtype=np.float64), dtype=np.float32)  # as a run's own
        return mean[self.test_order]

    def _folds(self) -> list[tuple[int, int]]:
        pairs = self.run.oof[["repeat", "fold"]].drop_duplicates()
        return [(int(r), int(k)) for r, k in pairs.itertuples(index=False)]

    def _from_folds(self) -> np.ndarray:
        """What the folds' models said, a row for each row of the run's table."""
        index = self.run.oof
        held: np.ndarray | None = None
        for r, k in self._folds():
            made = self._of_fold(r, k, "oof")
            held = np.empty((len(index), *made.shape[1:]), made.dtype) if held is None else held
            held[((index["repeat"] == r) & (index["fold"] == k)).to_numpy()] = made
        assert held is not None
        return held

    def _of_fold(self, repeat: int, fold: int, part: str) -> np.ndarray:
        file = self.run.fold_folder(self.member, repeat, fold) / f"{part}.npy"
        if not file.is_file():
            raise BadInput(
                f"{file} is not there: {self.member} is calibrated, and a blend starts from what its folds said"
                " before; put the run's members/ back"
            )
        return np.load(file)


@dataclass(frozen=True)
class Team:
    """Teammates by the names that the blend gives them, and what all of them share."""

    runs: tuple[Run, ...]
    mates: dict[str, Teammate]
    metric: Metric
    work: Work  # its data have no inputs: ids, truth and groups alone
    without_test: tuple[Run, ...]

    @property
    def fold(self) -> np.ndarray:
        """`(repeats, n)`: the fold that scores each row."""
        return self.work.folds.fold


def team_of(paths: Sequence[str | Path]) -> Team:
    """Match the members of finished runs. Raises BadInput where metric, target, ids, truth or folds differ."""
    runs = [Run(path) for path in paths]
    places = [run.path.resolve() for run in runs]
    if twice := [run for i, run in enumerate(runs) if places[i] in places[:i]]:
        raise BadInput(f"blend: {twice[0].path} is named twice")
    first = runs[0]
    target = TargetSpec.model_validate(first.scores["target"])
    if target.kind == "grid":
        raise BadInput(
            f"blend: {first.path} predicts grids, which only the ensemble of their own run combines"
        )
    metric, *_ = [metric_of(run) for run in runs]  # each run's own components are loaded with it
    orders = [order_of(first, run) for run in runs]
    without = tuple(run for run in runs if not (run.path / f"test-{ENSEMBLE}.npy").is_file())
    tests = [None if without else _test_order(first, run) for run in runs]
    mates: dict[str, Teammate] = {}
    for run, order, test in zip(runs, orders, tests, strict=True):
        for member in run.scores["members"]:
            if member != ENSEMBLE:
                name = free_name(member if len(runs) == 1 else f"{run.path.resolve().name}-{member}", mates)
                mates[name] = Teammate(run, member, order, test, _calibration(run, member))
    return Team(tuple(runs), mates, metric, _work(first, target), without)


def free_name(wanted: str, taken: dict[str, Teammate]) -> str:
    """The name as a recipe may hold it, or with the first of -2, -3, … that is free.

    >>> free_name("my run-conv", {"my-run-conv": ...})
    'my-run-conv-2'
    """
    plain = re.sub(r"[^\w-]", "-", wanted)
    numbered = (plain if i == 1 else f"{plain}-{i}" for i in range(1, len(taken) + 2))
    return next(name for name in numbered if name not in taken)


def _calibration(run: Run, member: str) -> tuple[Postprocess, ...]:
    """What calibrates a member of a run: its own steps, or those of the recipe; a blend's have theirs behind them."""
    own = run.recipe["members"][member].get("predict", {}).get("calibrate")
    entries = run.recipe.get("predict", {}).get("calibrate", []) if own is None else own
    return tuple(parse("postprocess", entry) for entry in entries)  # type: ignore[misc]


def _test_order(first: Run, other: Run) -> np.ndarray:
    wanted, there = first.test_ids, {name: row for row, name in enumerate(other.test_ids)}
    lacking = sorted(str(name) for name in set(wanted).symmetric_difference(there))
    if lacking:
        raise BadInput(
            f"{first.path} and {other.path} have other test ids: {lacking[0]!r} is in one of them only"
            f" ({len(lacking)} such ids)"
        )
    return np.array([there[name] for name in wanted], dtype=np.int64)


def _work(first: Run, target: TargetSpec) -> Work:
    """Truth, groups and folds of the first run's table, as scores are made from them."""
    repeats = repeats_of(first)
    fold = first.oof["fold"].to_numpy().reshape(repeats, -1)
    rows = first.oof.iloc[: fold.shape[1]]
    groups = None if rows["group"].isna().all() else rows["group"].to_numpy(dtype=str)
    truth = truth_of(rows["truth"], target)
    data = Dataset("table", rows["id"].to_numpy(dtype=str), np.empty((len(rows), 0)), (), truth, groups)
    none = tuple(tuple(np.empty(0, dtype=np.int64) for _ in range(fold.max() + 1)) for _ in range(repeats))
    folds = Folds(fold, none, {"kind": "of_runs", "seed": first.environment["seeds"]["folds"]})
    seed = int(first.recipe["seed"])
    return Work({}, data, None, target, folds, seed, 1, hash_arrays(data.ids, truth))
