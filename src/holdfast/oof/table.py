"""Out-of-fold tables: the folds' predictions put together, in the order of the training samples."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from holdfast.data.dataset import Dataset
from holdfast.data.slices import slices
from holdfast.engine.job import Job, Work
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_array, write_whole
from holdfast.store.run import Run, RunFolder


def gather(work: Work, run: RunFolder, jobs: Iterable[Job]) -> np.ndarray:
    """Out-of-fold predictions of one member, `(repeats, n, classes)`, `(repeats, n)` or `(repeats, n, leads, h, w)`.

    NaN where a fold is not among `jobs`.
    """
    out: np.ndarray | None = None
    for job in jobs:
        made = np.load(run.fold_folder(job.member, job.repeat, job.fold) / "oof.npy", mmap_mode="r")
        if out is None:
            out = np.full((work.folds.repeats, len(work.train), *made.shape[1:]), np.nan, dtype=np.float32)
        out[job.repeat, work.folds.part(job.repeat, job.fold)[1]] = made
    assert out is not None
    return out


def gather_test(run: Run, jobs: Iterable[Job]) -> np.ndarray:
    """Test predictions of one member: the mean over folds and repeats, some rows at a time."""
    folders = [run.fold_folder(job.member, job.repeat, job.fold) for job in jobs]
    made = [np.load(folder / "test.npy", mmap_mode="r") for folder in folders]
    out = np.empty(made[0].shape, dtype=np.float32)
    for rows in slices(out):
        out[rows] = np.stack([one[rows] for one in made]).mean(axis=0, dtype=np.float64)
    return out


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


def truth_as_written(data: Dataset, target: TargetSpec) -> np.ndarray:
    """Class names, or values; of grids, which lie with the data, the amount of rain."""
    assert data.target is not None
    return np.array(target.names)[data.target] if target.kind == "classes" else data.target


def save_predictions(run: Run, name: str, oof: np.ndarray, test: np.ndarray | None) -> None:
    """`oof-NAME.npy` (rows repeat by repeat) and `test-NAME.npy`; grids as float32."""
    for part, made in (("oof", oof.reshape(-1, *oof.shape[2:])), ("test", test)):
        if made is not None:
            kept = made.astype(np.float32, copy=False) if made.ndim > 2 else made
            write_array(run.path / f"{part}-{name}.npy", kept)


def save_test_ids(ids: np.ndarray, path: Path) -> None:
    """`test.parquet`: the test samples' ids, in the order of the test predictions."""
    frame = pd.DataFrame({"id": ids})
    write_whole(path / "test.parquet", lambda file: frame.to_parquet(file, index=False))
