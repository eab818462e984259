"""Windows of unequal lengths, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny

from holdfast.data.dataset import Loaded
from holdfast.data.length import Length, with_length
from holdfast.errors import BadInput
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import parse

N = np.nan


def load(folder: Path, data: dict[str, str], **over: object) -> Loaded:
    return parse("data", {**data, **over}).load(folder)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("rule", "short", "long"),
    [
        ({}, [1, 2, N, N], [1, 2, 3, 4]),
        ({"pad": "both"}, [N, 1, 2, N], [1, 2, 3, 4]),
        ({"crop": "center"}, [1, 2, N, N], [2, 3, 4, 5]),
        ({"crop": "end", "pad": "both"}, [N, 1, 2, N], [4, 5, 6, 7]),
    ],
)
def test_crop_and_pad(rule: dict[str, str], short: list[float], long: list[float]) -> None:
    X = np.full((3, 7, 1), np.nan, dtype=np.float32)
    X[0, :2, 0], X[1, :, 0] = [1, 2], range(1, 8)
    made = with_length(X, Length(steps=4, **rule))  # type: ignore[arg-type]
    assert np.array_equal(made[0, :, 0], short, equal_nan=True)
    assert np.array_equal(made[1, :, 0], long)
    assert np.isnan(made[2]).all(), "an empty window stays one"


def test_long_table(tmp_path: Path) -> None:
    """Training windows shorter than the rule, a test window longer than all of them."""
    folder = tiny.long_folder(tmp_path)
    X = tiny.tiny_data("windows").source[:, :, :2]
    frame = pd.read_csv(folder / "train.csv.gz")
    frame[(frame["id"] != "s002") | (frame["time"] < 6)].to_csv(folder / "train.csv.gz", index=False)
    more = pd.DataFrame({"id": "t000", "time": range(16, 30), "x": np.arange(14.0), "y": 1.0})
    pd.concat([pd.read_csv(folder / "test.csv.gz"), more]).to_csv(folder / "test.csv.gz", index=False)
    loaded = load(folder, tiny.LONG, length={"steps": 10, "crop": "end", "pad": "both"})
    made = loaded.train.read()
    assert made.shape == (36, 10, 2)
    np.testing.assert_allclose(made[0], X[0, 6:], rtol=1e-6)
    np.testing.assert_allclose(made[2, 2:8], X[2, :6], rtol=1e-6)
    assert np.isnan(made[2, [0, 1, 8, 9]]).all()
    assert loaded.test is not None
    np.testing.assert_allclose(loaded.test.read()[0, :, 0], np.arange(4, 14), rtol=1e-6)
    np.testing.assert_allclose(loaded.test.read()[1], X[1, 6:], rtol=1e-6)
    assert loaded.train.fingerprint != load(folder, tiny.LONG).train.fingerprint


def test_arrays_of_two_lengths(tmp_path: Path) -> None:
    folder = tiny.array_folder(tmp_path)
    X = np.load(folder / "train.npy")
    np.save(folder / "test.npy", X[:8, :9])
    with pytest.raises(BadInput, match="holds windows of"):
        load(folder, tiny.ARRAYS)
    loaded = load(folder, tiny.ARRAYS, length={"steps": 12})
    np.testing.assert_allclose(loaded.train.read(), X[:, :12])
    assert loaded.test is not None
    np.testing.assert_allclose(loaded.test.read()[:, :9], X[:8, :9])
    assert np.isnan(loaded.test.read()[:, 9:]).all()


def test_errors_name_the_field(tmp_path: Path) -> None:
    plain = tiny.recipe(tiny.LONG, tmp_path)
    plain["data"]["length"] = {"step": 4, "crop": "middle"}
    with pytest.raises(BadInput, match=r"data.*length\.step: unknown key; did you mean 'steps'"):
        load_recipe(plain)
    plain["data"]["length"] = {"steps": 4, "crop": "middle"}
    with pytest.raises(
        BadInput, match=r"data.*length\.crop: expected 'start', 'center' or 'end', got 'middle'"
    ):
        load_recipe(plain)
    plain["data"] |= {"length": {"steps": 4}, "cut": {"length": 4, "hop": 2}}
    with pytest.raises(BadInput, match="windows of cut have the length that cut says"):
        load_recipe(plain)
