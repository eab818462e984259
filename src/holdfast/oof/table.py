"""Out-of-fold tables: the folds' predictions put together, in the order of the training samples."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from holdfast.data.dataset import Dataset
from holdfast.engine.job import Job, Work
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_array, write_whole
from holdfast.store.run import Run


def gather(work: Work, run: Run, jobs: Iterable[Job]) -> np.ndarray:
    """Out-of-fold predictions of one member, `(repeats, n, classes)` or `(repeats, n)`.

    NaN where a fold is not among `jobs`.
    """
    out: np.ndarray | None = None
    for job in jobs:
        made = np.load(run.fold_folder(job.member, job.repeat, job.fold) / "oof.npy")
        if out is None:
            out = np.full((work.folds.repeats, len(work.train), *made.shape[1:]), np.nan, dtype=np.float32)
        out[job.repeat, work.folds.part(job.repeat, job.fold)[1]] = made
    assert out is not None
    return out


def gather_test(run: Run, jobs: Iterable[Job]) -> np.ndarray:
    """Test predictions of one member: the mean over folds and repeats."""
    made = [np.load(run.fold_folder(job.member, job.repeat, job.fold) / "test.npy") for job in jobs]
    return np.stack(made).mean(axis=0, dtype=np.float64).astype(np.float32)


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


def truth_as_written(data: Dataset, target: TargetSpec) -> np.ndarray:
    """Class names, or values."""
    assert data.target is not None
    return np.array(target.names)[data.target] if target.kind == "classes" else data.target


def save_predictions(run: Run, name: str, oof: np.ndarray, test: np.ndarray | None) -> None:
    """`oof-NAME.npy` (rows repeat by repeat) and `test-NAME.npy`."""
    write_array(run.path / f"oof-{name}.npy", oof.reshape(-1, *oof.shape[2:]))
    if test is not None:
        write_array(run.path / f"test-{name}.npy", test)


def save_test_ids(ids: np.ndarray, path: Path) -> None:
    """`test.parquet`: the test samples' ids, in the order of the test predictions."""
    frame = pd.DataFrame({"id": ids})
    write_whole(path / "test.parquet", lambda file: frame.to_parquet(file, index=False))
