"""The features of all samples of a data set, made once and shared among members, folds, repeats and later runs.

A row is a function of one sample alone, once the pipeline is fitted. So a table is kept under what made it: the
content of the data, the pipeline with all that it has learned, the feature makers. A pipeline that learned something
in a fold's training part is another one in each fold, and so is its table; one that learns nothing shares its table
among all folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.data.kept_tables import kept_table
from holdfast.features.base import Features, table_of
from holdfast.prepare.pipeline import Pipeline
from holdfast.store.hashes import hash_file, hash_value

OURS = ("holdfast.", "sklearn.")  # modules whose code is known
CODE = ("features", "prepare")  # folders of ours that decide what a row holds
PACKAGES = ("numpy", "scipy", "scikit-learn", "aeon", "scikit-image", "opencv-python-headless")
LEAST_SHARE = 0.5  # of a data set that is learned from, for whom making all its rows pays


def worth_sharing(train: Dataset) -> bool:
    """Whether so much of the data set is learned from that all of it will be seen, as in cross-validation."""
    return len(train) >= LEAST_SHARE * len(train.source)


def feature_table(data: Dataset, pipeline: Pipeline, makers: Sequence[Features]) -> Dataset | None:
    """The features of these samples, as a table's data set of the same groups, memory-mapped.

    None where they are not kept: of data that are no whole file, and where makers or preparations are the user's
    own, whose code may change, or read files.
    """
    source = _mark(data.source)
    parts = [*makers, *pipeline.transformers]
    if source is None or not all(_module(part).startswith(OURS) for part in parts):
        return None
    if pipeline.reads_files or any(maker.reads_file or not maker.row_by_row for maker in makers):
        return None
    learned = joblib.hash(pipeline.transformers)
    key = [source, data.kind, data.names, learned, [[one.name, one.model_dump()] for one in makers], _code()]

    def make() -> np.ndarray:
        everything = Dataset(data.kind, np.arange(len(data.source)), data.source, data.names)
        return np.concatenate([table_of(makers, pipeline.transform(raw)) for raw in everything.chunks()])

    table = kept_table(key, make)
    return Dataset("table", data.ids, table, ("",) * table.shape[1], groups=data.groups, rows=data.rows)


def _module(part: Any) -> str:
    """Where a component, a transformer, or the function of a transformer is defined."""
    part = getattr(part, "func", part)  # scikit-learn's transformer of a function, or a partial
    part = getattr(part, "func", part)
    return str(getattr(part, "__module__", type(part).__module__))


def _mark(source: Any) -> list[Any] | None:
    """The content of a memory-mapped file, where `source` is all of it."""
    if not isinstance(source, np.memmap) or source.filename is None:
        return None
    path = Path(source.filename)
    stat = path.stat()
    whole = np.load(path, mmap_mode="r")
    if whole.size != source.size or whole.dtype != source.dtype:
        return None
    return [_content(path, stat.st_mtime_ns, stat.st_size), source.shape]


@lru_cache(maxsize=16)
def _content(path: Path, changed: int, size: int) -> str:
    """Asked once for each state of a file."""
    return hash_file(path)


@lru_cache(maxsize=1)
def _code() -> str:
    """What our own code and the libraries are that make rows."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = ""
    root = Path(__file__).parents[1]
    files = [file for folder in CODE for file in sorted((root / folder).glob("*.py"))]
    return hash_value([versions, [hash_file(file) for file in files]])
