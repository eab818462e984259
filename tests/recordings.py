"""A tiny folder of continuous recordings (simulated)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import tiny

from holdfast.testing.samples import tiny_data

EACH = 6  # activities of 16 steps in a recording
RECORDINGS = {
    "kind": "windows", "train": "train.csv", "test": "test.csv", "sample": "sample.csv",
    "id": "recording", "time": "time", "target": "label",
}  # fmt: skip


def recordings_folder(folder: Path, length: int = 4, hop: int = 2) -> Path:
    """train.csv with six recordings and a label on every row, test.csv with two, sample.csv of their windows."""
    folder.mkdir(parents=True, exist_ok=True)
    data = tiny_data("windows")
    frame = tiny.long_frame(data.ids, data.source[:, :, :2].round(4))
    steps = EACH * data.shape[0]
    frame["recording"] = [f"r{row // steps}" for row in range(len(frame))]
    frame["time"] = frame.groupby("recording").cumcount() * 0.02
    frame["label"] = [tiny.CLASSES[code] for code in data.target for _ in range(data.shape[0])]  # type: ignore[union-attr]
    frame.drop(columns="id").to_csv(folder / "train.csv", index=False)
    test = frame[frame["recording"] < "r2"].drop(columns=["id", "label"])
    test.assign(recording=test["recording"].map({"r0": "t1", "r1": "t2"})).to_csv(
        folder / "test.csv", index=False
    )
    ids = [f"{name}-{start}" for name in ("t1", "t2") for start in range(0, steps - length + 1, hop)]
    pd.DataFrame({"recording": ids, "label": tiny.CLASSES[0]}).to_csv(folder / "sample.csv", index=False)
    return folder
