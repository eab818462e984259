"""Out-of-fold tables: the folds' predictions put together, in the order of the training samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.data.by_rows import ByRows, Layers, parts_of
from holdfast.data.dataset import Dataset
from holdfast.engine.job import Job, Work
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_array, write_rows, write_whole
from holdfast.store.run import Run, RunFolder


def gather(work: Work, run: RunFolder, jobs: Iterable[Job]) -> Any:
    """Out-of-fold predictions of one member, `(repeats, n, classes)`, `(repeats, n)` or `(repeats, n, leads, h, w)`.

    NaN where a fold is not among `jobs`. Grids are read from the folds' files when they are asked for.
    """
    if work.target.kind == "grid":
        return _grids(work, run, list(jobs))
    out: np.ndarray | None = None
    for job in jobs:
        made = np.load(_folder(run, job) / "oof.npy", mmap_mode="r")
        if out is None:
            out = np.full((work.folds.repeats, len(work.train), *made.shape[1:]), np.nan, dtype=np.float32)
        out[job.repeat, work.folds.part(job.repeat, job.fold)[1]] = made
    assert out is not None
    return out


def _grids(work: Work, run: RunFolder, jobs: Sequence[Job]) -> Layers:
    """Of each repeat the rows in their order, from the files of its folds."""
    files = [np.load(_folder(run, job) / "oof.npy", mmap_mode="r") for job in jobs]
    n, tail = len(work.train), files[0].shape[1:]
    file, place = (np.full((work.folds.repeats, n), -1, dtype=np.int64) for _ in range(2))
    for number, job in enumerate(jobs):
        rows = work.folds.part(job.repeat, job.fold)[1]
        file[job.repeat, rows], place[job.repeat, rows] = number, np.arange(len(rows))

    def of_repeat(repeat: int) -> ByRows:
        def make(rows: np.ndarray) -> np.ndarray:
            out = np.full((len(rows), *tail), np.nan, dtype=np.float32)
            held = file[repeat, rows]
            for number in np.unique(held[held >= 0]):
                here = held == number
                out[here] = files[number][place[repeat, rows[here]]]
            return out

        return ByRows((n, *tail), make)

    return Layers(tuple(of_repeat(repeat) for repeat in range(work.folds.repeats)))


def gather_test(work: Work, run: RunFolder, jobs: Iterable[Job]) -> Any:
    """Test predictions of one member: the mean over folds and repeats; of grids made when they are asked for."""
    made = [np.load(_folder(run, job) / "test.npy", mmap_mode="r") for job in jobs]

    def mean(rows: np.ndarray) -> np.ndarray:
        return np.stack([one[rows] for one in made]).mean(axis=0, dtype=np.float64).astype(np.float32)

    means = ByRows(made[0].shape, mean)
    return means if work.target.kind == "grid" else np.asarray(means)


def _folder(run: RunFolder, job: Job) -> Path:
    return run.fold_folder(job.member, job.repeat, job.fold)


def save_index(work: Work, path: Path) -> None:
    """`oof.parquet`: id, group, repeat, fold, truth; predictions lie beside it, a row each."""
    data, repeats = work.train, work.folds.repeats
    frame = pd.DataFrame(
        {
            "id": np.tile(data.ids, repeats),
            "group": np.tile(data.groups, repeats) if data.groups is not None else None,
            "repeat": np.repeat(np.arange(repeats), len(data)),
            "fold": work.folds.fold.ravel(),
            "truth": np.tile(truth_as_written(data, work.target), repeats),
        }
    )
    write_whole(path / "oof.parquet", lambda file: frame.to_parquet(file, index=False))


def truth_of(work: Work) -> np.ndarray:
    """What predictions are compared with: class codes `(n,)`, values `(n,)` or grids `(n, leads, h, w)`."""
    if work.target.kind == "grid":
        return work.train.read_grids()
    assert work.train.target is not None
    return work.train.target


def truth_by_rows(work: Work) -> Any:
    """The same; grids are read when they are asked for."""
    if work.target.kind == "grid":
        return ByRows((len(work.train), *work.train.grids.shape[1:]), work.train.read_grids)
    return truth_of(work)


def truth_as_written(data: Dataset, target: TargetSpec) -> np.ndarray:
    """Class names, or values; of grids, which lie with the data, the amount of rain."""
    assert data.target is not None
    return np.array(target.names)[data.target] if target.kind == "classes" else data.target


def save_predictions(run: Run, name: str, oof: Any, test: Any) -> None:
    """`oof-NAME.npy` (rows repeat by repeat) and, where there is one, `test-NAME.npy`; grids as float32."""
    if oof.ndim <= 3:
        write_array(run.path / f"oof-{name}.npy", oof.reshape(-1, *oof.shape[2:]))
    else:
        rows = (part for one in oof for part in parts_of(one))
        write_rows(run.path / f"oof-{name}.npy", (oof.shape[0] * oof.shape[1], *oof.shape[2:]), rows)
    if test is not None:
        save_test(run.path, name, test)


def save_test(path: Path, name: str, test: Any) -> None:
    """`test-NAME.npy`; grids as float32, some rows at a time."""
    if test.ndim <= 2:
        write_array(path / f"test-{name}.npy", test)
    else:
        write_rows(path / f"test-{name}.npy", test.shape, parts_of(test))


def saved_grids(run: Run, name: str, repeats: int) -> np.ndarray:
    """Out-of-fold grids that were saved `(repeats, n, leads, h, w)`, memory-mapped."""
    made = np.load(run.path / f"oof-{name}.npy", mmap_mode="r")
    return made.reshape(repeats, -1, *made.shape[1:])


def save_test_ids(ids: np.ndarray, path: Path) -> None:
    """`test.parquet`: the test samples' ids, in the order of the test predictions."""
    frame = pd.DataFrame({"id": ids})
    write_whole(path / "test.parquet", lambda file: frame.to_parquet(file, index=False))
