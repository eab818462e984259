"""Feature tables: what is a feature, and what never is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny

from holdfast.data.dataset import Loaded
from holdfast.errors import BadInput
from holdfast.recipe.registry import parse


def load(folder: Path, **over: object) -> Loaded:
    return parse("data", {**tiny.TABLE, **over}).load(folder)  # type: ignore[attr-defined]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.table_folder(tmp_path / "data")


def rewrite(path: Path, **columns: object) -> None:
    pd.read_csv(path, dtype={"id": str}).assign(**columns).to_csv(path, index=False)


def test_id_group_and_target_are_no_features(folder: Path) -> None:
    loaded = load(folder)
    assert loaded.train.names == ("f1", "f2", "f3", "f4")
    assert loaded.target.names == tiny.CLASSES
    assert loaded.notes == []


def test_mirror_of_the_target_is_dropped_and_said(folder: Path) -> None:
    train = pd.read_csv(folder / "train.csv")
    code = train["label"].map({"sit": 30, "stand": 10, "walk": 20})
    rewrite(folder / "train.csv", code=code, text="is " + train["label"])
    rewrite(folder / "test.csv", code=1, text="?")
    loaded = load(folder)
    assert loaded.train.names == ("f1", "f2", "f3", "f4")
    assert "mirror the target" in loaded.notes[0]
    assert "code, text" in loaded.notes[0]
    assert set(loaded.target.aliases) == {"code", "text"}
    assert loaded.target.aliases["code"] == ("30", "10", "20")


def test_linear_mirror_of_a_real_target_is_dropped(folder: Path) -> None:
    y = np.linspace(0.5, 7.25, 36)
    rewrite(folder / "train.csv", label=y, fahrenheit=y * 1.8 + 32)
    loaded = load(folder, sample=None)
    assert loaded.target.kind == "real"
    assert "fahrenheit" not in loaded.train.names


def test_near_mirror_stays(folder: Path) -> None:
    code = pd.read_csv(folder / "train.csv")["label"].map({"sit": 30, "stand": 10, "walk": 20})
    code.iloc[0] = 10
    rewrite(folder / "train.csv", code=code)
    rewrite(folder / "test.csv", code=1)
    assert "code" in load(folder).train.names


def test_columns_absent_in_test_are_dropped_and_said(folder: Path) -> None:
    rewrite(folder / "train.csv", later=np.arange(36) % 7)
    loaded = load(folder)
    assert "later" not in loaded.train.names
    assert "columns that the test file has not" in loaded.notes[0]


def test_ids_keep_their_zeros(folder: Path) -> None:
    rewrite(folder / "train.csv", id=[f"{i:03}" for i in range(36)])
    assert list(load(folder).train.ids[:8]) == ["000", "001", "002", "003", "004", "005", "006", "007"]


def test_labels_beside_in_another_order(folder: Path) -> None:
    plain = load(folder)
    train = pd.read_csv(folder / "train.csv")
    train[["id", "subject", "label"]].iloc[::-1].to_csv(folder / "labels.csv", index=False)
    train.drop(columns=["subject", "label"]).to_csv(folder / "train.csv", index=False)
    beside = load(folder, labels="labels.csv")
    assert list(beside.train.ids) == list(plain.train.ids[::-1])
    assert np.array_equal(beside.train.read(), plain.train.read()[::-1])
    assert np.array_equal(beside.train.target, plain.train.target[::-1])  # type: ignore[index]


def test_line_of_a_text_is_the_line_in_the_file(folder: Path) -> None:
    train = pd.read_csv(folder / "train.csv")
    train[["id", "subject", "label"]].iloc[::-1].to_csv(folder / "labels.csv", index=False)
    train["f2"] = train["f2"].astype(str)
    train.loc[4, "f2"] = "oops"
    train.to_csv(folder / "train.csv", index=False)
    with pytest.raises(
        BadInput, match=r"train.csv: line 6 \(id s004\), column 'f2': expected a number, found 'oops'"
    ):
        load(folder, labels="labels.csv")


def test_whole_floats_name_classes_as_integers_do(folder: Path) -> None:
    codes = pd.read_csv(folder / "train.csv")["label"].map({"sit": 1.0, "stand": 2.0, "walk": 10.0})
    rewrite(folder / "train.csv", label=codes)
    loaded = load(folder)
    assert loaded.target.names == ("1", "2", "10")


def test_same_file_name_in_two_folders_has_two_hashes(folder: Path) -> None:
    for part in ("train", "test"):
        (folder / part).mkdir()
        (folder / f"{part}.csv").rename(folder / part / "data.csv")
    first = load(folder, train="train/data.csv", test="test/data.csv")
    assert set(first.hashes) == {"train/data.csv", "test/data.csv"}
    rewrite(folder / "train" / "data.csv", f1=0.5)
    assert load(folder, train="train/data.csv", test="test/data.csv").hashes != first.hashes


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"target": "lable"}, "data.target: .*no column 'lable'; did you mean 'label'"),
        ({"group": "subjects"}, "data.group: .*did you mean 'subject'"),
        ({"id": "Id"}, "data.id: "),
        ({"drop": ["f9"]}, "data.drop: .*no column 'f9'"),
        ({"drop": ["f1", "f2", "f3", "f4"]}, "no feature is left"),
        ({"train": "trian.csv"}, "data.train: .*does not exist; did you mean 'train.csv'"),
        ({"order": "when"}, "data.order: .*no column 'when'"),
    ],
)
def test_absent_columns_and_files_are_named(folder: Path, over: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        load(folder, **over)


def test_missing_order_is_refused(folder: Path) -> None:
    rewrite(folder / "train.csv", when=[*range(35), None])
    with pytest.raises(BadInput, match=r"line 37 \(id s035\): the order \(when\) is missing"):
        load(folder, order="when")
