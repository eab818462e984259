"""Forecasts of folds are put together from their files some rows at a time, as if they were in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast.data import slices
from holdfast.data.by_rows import Layers
from holdfast.data.dataset import Dataset
from holdfast.engine.job import Job, Work, run_job, write_forecasts
from holdfast.fit.network import begin
from holdfast.fit.resolved import resolve
from holdfast.folds.table import make_folds
from holdfast.metrics.base import Metric
from holdfast.oof.scores import score_so_far
from holdfast.oof.table import gather, gather_test, save_predictions, saved_grids, truth_by_rows
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import parse
from holdfast.store.run import RunFolder
from holdfast.testing.samples import GRID, tiny_frames

NET = {
    "model": {"unet": {"width": 2, "depth": 1}},
    "loss": "mae",
    "fit": {"epochs": 1, "batch_size": 8, "precision": "32"},
}


def work_of(data: Dataset, test: Dataset | None) -> Work:
    """Persistence and a tiny network over two repeats of three folds."""
    recipe = load_recipe({
        "data": {"kind": "frames", "train": "none.npy"}, "metric": "mae", "folds": {"kind": "group", "k": 3}, "threads": 1,
        "members": {"stay": {"model": "persistence"}, "net": NET},
    })  # fmt: skip
    folds = make_folds(parse("folds", {"kind": "group", "k": 3, "repeats": 2}), data, GRID, Path())  # type: ignore[arg-type]
    members = {name: resolve(recipe, name, data, GRID) for name in recipe.members}
    return Work(members, data, test, GRID, folds, 0, 1, "")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Work, RunFolder, list[Job]]:
    data = tiny_frames()
    work = work_of(data, replace(data.take(np.arange(20)), target=None, grids=None))
    run = RunFolder(tmp_path_factory.mktemp("run"))
    jobs = [job for job in work.jobs() if job.member == "stay"]
    for job in jobs:
        run_job(work, job, run, lambda event: None)
    return work, run, jobs


def by_hand(work: Work, run: RunFolder, jobs: list[Job]) -> np.ndarray:
    out = np.full((work.folds.repeats, len(work.train), *GRID.shape), np.nan, dtype=np.float32)
    for job in jobs:
        rows = work.folds.part(job.repeat, job.fold)[1]
        out[job.repeat, rows] = np.load(run.fold_folder(job.member, job.repeat, job.fold) / "oof.npy")
    return out


def test_folds_are_put_together_from_their_files(made: tuple[Work, RunFolder, list[Job]]) -> None:
    work, run, jobs = made
    for some in (jobs, jobs[:2], jobs[4:]):
        read, held = gather(work, run, some), by_hand(work, run, some)
        assert isinstance(read, Layers)
        assert np.array_equal(np.asarray(read), held, equal_nan=True)
        assert np.array_equal(read[:, 5:17], held[:, 5:17], equal_nan=True)
        metric = parse("metric", "mae")
        assert isinstance(metric, Metric)
        assert score_so_far(work, metric, read) == score_so_far(work, metric, held)


def test_truth_and_test_forecasts_are_read_by_rows(made: tuple[Work, RunFolder, list[Job]]) -> None:
    work, run, jobs = made
    assert np.array_equal(truth_by_rows(work)[4:9], work.train.read_grids(slice(4, 9)), equal_nan=True)
    tests = [np.load(run.fold_folder("stay", job.repeat, job.fold) / "test.npy") for job in jobs]
    mean = np.stack(tests).mean(axis=0, dtype=np.float64).astype(np.float32)
    assert np.array_equal(gather_test(work, run, jobs)[2:7], mean[2:7])


def test_what_is_saved_is_read_again_as_a_map(
    made: tuple[Work, RunFolder, list[Job]], monkeypatch: pytest.MonkeyPatch
) -> None:
    work, run, jobs = made
    monkeypatch.setattr(slices, "AT_ONCE", 4 * 5 * int(np.prod(GRID.shape)))
    folder: Any = run
    save_predictions(folder, "stay", gather(work, run, jobs), gather_test(work, run, jobs))
    again = saved_grids(folder, "stay", work.folds.repeats)
    assert isinstance(again, np.memmap)
    assert np.array_equal(again, by_hand(work, run, jobs))
    assert np.load(run.path / "test-stay.npy").shape == (20, *GRID.shape)


def test_a_network_says_the_same_by_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tiny_frames(each=12)  # 72 samples, a piece and a bit
    fitted, _, _ = begin(work_of(data, None).members["net"], data, GRID, 0)
    write_forecasts(tmp_path / "whole.npy", fitted, data, GRID)
    monkeypatch.setattr(slices, "PIECE", 1)
    write_forecasts(tmp_path / "pieces.npy", fitted, data, GRID)
    whole, pieces = ((tmp_path / name).read_bytes() for name in ("whole.npy", "pieces.npy"))
    assert len(whole) > 72 * 4 * np.prod(GRID.shape)
    assert whole == pieces


def test_the_watched_loss_of_pieces_is_their_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    data = tiny_frames(each=12)
    fitted, _, loss = begin(work_of(data, None).members["net"], data, GRID, 0)
    whole = fitted.loss_on(data, loss)
    monkeypatch.setattr(slices, "PIECE", 1)
    assert fitted.loss_on(data, loss) == pytest.approx(whole, rel=1e-5)
    first = fitted.loss_on(data.take(np.arange(64)), loss)
    assert abs(first - whole) > 1e-5 * whole, "the first piece alone is not the mean"
