"""A tiny competition of one table with a sample file, trained in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.store.run import Run
from holdfast.train import train

THREE_CLASSES = ["walk", "sit", "run"] * 8  # in the order of codes: run, sit, walk
IDS = tuple(f"{i:03d}" for i in range(7, 15))  # of the test set; leading zeros must stay


def write_competition(
    folder: Path, labels: Any, sample: pd.DataFrame | None = None, ids: tuple[str, ...] | None = IDS,
    sample_file: str = "sample.csv", **columns: Any,
) -> dict[str, Any]:  # fmt: skip
    """Train, test and sample files; returns the `data` part of a recipe. `columns`: more of the training table."""
    rng = np.random.default_rng(3)
    codes = np.unique(labels, return_inverse=True)[1]
    names = {"id": [f"{i:03d}" for i in range(500, 500 + len(codes))]} if ids else {}
    frame = {"a": codes + rng.normal(0, 0.3, len(codes)), "b": rng.normal(size=len(codes))}
    pd.DataFrame({**names, **frame, "label": labels, **columns}).to_csv(folder / "train.csv", index=False)
    n = len(ids or IDS)
    test = pd.DataFrame({"a": rng.uniform(0, codes.max(), n), "b": rng.normal(size=n)})
    if ids:
        test.insert(0, "id", ids)
    test.to_csv(folder / "test.csv", index=False)
    data = {
        "kind": "table",
        "folder": str(folder),
        "train": "train.csv",
        "test": "test.csv",
        "target": "label",
    }
    if ids:
        data["id"] = "id"
    if sample is not None:
        data["sample"] = sample_file
        write = sample.to_parquet if sample_file.endswith(".parquet") else sample.to_csv
        write(folder / sample_file, index=False)
    return data


def trained_run(
    folder: Path, labels: Any, sample: pd.DataFrame | None = None, metric: str = "log_loss", **how: Any
) -> Run:
    """The finished run of such a competition; `how` goes to `write_competition`."""
    recipe = {
        "data": write_competition(folder, labels, sample, **how),
        "metric": metric,
        "folds": {"kind": "stratified", "k": 2},
        "threads": 1,
        "members": {
            "one": {"model": "ridge" if metric == "rmse" else "logistic"},
            "floor": {"model": "constant"},
        },
    }
    return train(recipe, folder / "run")
