"""Studies look at data and folds once, and stop where an error stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from tiny import TABLE, TREES, recipe, table_folder

from holdfast.errors import BadInput
from holdfast.store.run import FINDINGS
from holdfast.study.ablate import ablate

SEARCHED = {"model": {"extra_trees": {"n_estimators": {"search": {"choice": [3, 5]}}}}}


def planted(folder: Path, member: dict[str, Any], **over: Any) -> Path:
    """A recipe on simulated data in which each subject's first row is that of the first subject."""
    table = table_folder(folder / "data") / "train.csv"
    frame = pd.read_csv(table)
    columns = ["f1", "f2", "f3", "f4"]
    frame.loc[np.arange(6, 36, 6), columns] = frame.loc[[0] * 5, columns].to_numpy()
    frame.to_csv(table, index=False)
    values = recipe(TABLE, folder / "data", {"trees": member}, metric="accuracy", **over)
    file = folder / "recipe.yaml"
    file.write_text(yaml.safe_dump(values, sort_keys=False))
    return file


def test_ablate_stops_and_accepts(tmp_path: Path) -> None:
    file = planted(tmp_path, TREES, prepare=["standardize"])
    with pytest.raises(BadInput, match="--accept HF101"):
        ablate(file, drop=["prepare"], output=tmp_path / "ablation")
    assert not (tmp_path / "ablation").exists()
    ablate(file, drop=["prepare"], output=tmp_path / "ablation", accept=["HF101", "HF102"])
    kept = [one.parent.name for one in (tmp_path / "ablation").rglob(FINDINGS)]
    assert kept == ["base"]


def test_tune_stops_and_accepts(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    from holdfast.study.tune import tune

    file = planted(tmp_path, SEARCHED)
    with pytest.raises(BadInput, match="--accept HF101"):
        tune(file, tmp_path / "study", trials=1, finalists=0)
    assert not (tmp_path / "study").exists()
    tune(file, tmp_path / "study", trials=1, finalists=0, accept=["HF101", "HF102"])
    kept = [one.parent.name for one in (tmp_path / "study").rglob(FINDINGS)]
    assert kept == ["study"]
