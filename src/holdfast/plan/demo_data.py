"""BasicMotions as a competition folder: real data that the aeon package carries in its wheel.

Four students wore a smart watch while standing, walking, running and playing badminton; its accelerometer
and gyroscope gave 6 channels at 10 Hz, cut into windows of 10 s, 40 to train on and 40 to test (the UEA
archive, Bagnall et al. 2018). Which student recorded which window is not in the files.
"""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import numpy as np
import pandas as pd

from holdfast.errors import BadInput
from holdfast.store.atomic import write_text, write_whole

TARGET = "activity"


def write_basic_motions(folder: Path) -> None:
    """Write train.npz, train.csv, test.npz, test.csv and sample_submission.csv; what is there stays."""
    from aeon.datasets import load_from_ts_file

    labels: dict[str, np.ndarray] = {}
    for part in ("train", "test"):
        inputs, labels[part] = load_from_ts_file(source_file(part))
        windows = np.moveaxis(np.asarray(inputs, dtype=np.float32), 1, 2)  # (n, steps, channels)
        _write_arrays(folder / f"{part}.npz", windows)
    train = pd.DataFrame({"id": _ids("train", len(labels["train"])), TARGET: labels["train"]})
    test = pd.DataFrame({"id": _ids("test", len(labels["test"]))})
    _write_csv(folder / "train.csv", train)
    _write_csv(folder / "test.csv", test)
    _write_csv(folder / "sample_submission.csv", test.assign(**{TARGET: train[TARGET].iloc[0]}))


def source_file(part: str) -> Path:
    """The `.ts` file of a part inside the installed aeon package. Raises BadInput where it is not there."""
    found = importlib.util.find_spec("aeon")
    if found is None or found.origin is None:
        raise BadInput("demo: the package aeon, which carries the data, is not installed: pip install aeon")
    path = (
        Path(found.origin).parent / "datasets" / "data" / "BasicMotions" / f"BasicMotions_{part.upper()}.ts"
    )
    if not path.is_file():
        raise BadInput(
            f"demo: {path} is not there; install the aeon of constraints.txt: pip install -c constraints.txt aeon"
        )
    return path


def _ids(part: str, n: int) -> list[str]:
    return [f"{part}-{i:02}" for i in range(n)]


def _write_arrays(path: Path, windows: np.ndarray) -> None:
    if not path.exists():
        write_whole(path, lambda file: np.savez_compressed(file, x=windows))


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    if not path.exists():
        text = io.StringIO()
        frame.to_csv(text, index=False, lineterminator="\n")
        write_text(path, text.getvalue())
