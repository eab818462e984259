"""`new` on folders in every layout: the recipe says what the files hold, and the reader can read by it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from holdfast.errors import BadInput


def test_table_with_target_inside(tmp_path, folders, write):
    made = write(folders.table(tmp_path / "in"))
    assert made.data == {
        "kind": "table", "folder": "../in", "train": "train.csv", "test": "test.csv",
        "sample": "sample_submission.csv", "id": "id", "group": "subject", "target": "label",
        "target_kind": "classes",
    }  # fmt: skip
    assert made.recipe["folds"] == {"kind": "stratified_group", "k": 5, "seed": 0}
    assert list(made.recipe["members"]) == ["svc", "logistic"]
    loaded = made.load()
    assert loaded.train.names == ("f1", "f2", "f3")
    assert len(loaded.test) == 30


def test_table_with_labels_beside(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    frame = pd.read_csv(folder / "train.csv")
    frame[["id", "subject", "label"]].sample(frac=1, random_state=0).to_csv(
        folder / "answers.csv", index=False
    )
    frame.drop(columns=["subject", "label"]).to_csv(folder / "train.csv", index=False)
    made = write(folder)
    assert made.data["labels"] == "answers.csv"
    assert (made.data["target"], made.data["group"]) == ("label", "subject")
    assert made.load().train.names == ("f1", "f2", "f3")


def test_long_windows_with_gaps(tmp_path, folders, write):
    made = write(folders.long(tmp_path / "in"))
    assert made.data == {
        "kind": "windows", "folder": "../in", "train": "train_features.csv.gz", "labels": "train_labels.csv",
        "test": "test_features.csv.gz", "sample": "sample_submission.csv", "id": "id", "time": "time",
        "group": "subject", "target": "label", "target_kind": "classes",
    }  # fmt: skip
    assert made.recipe["metric"] == "log_loss"
    assert "72 windows of 12 steps, 2 channels; 24 to predict" in made.text
    assert "of the values are missing" in made.text
    loaded = made.load()
    assert loaded.train.source.shape == (72, 12, 2)
    gaps = float(np.isnan(loaded.train.read()).mean())
    assert f"{gaps:.1%} of the values are missing" in made.text


def test_long_windows_with_targets_inside_drop_what_the_test_part_lacks(tmp_path, folders, write):
    made = write(folders.long(tmp_path / "in", beside=False))
    assert "labels" not in made.data
    assert (made.data["target"], made.data["group"], made.data["time"]) == ("label", "subject", "time")
    assert made.data["drop"] == ["label_desc"]
    assert made.load().train.names == ("acc_x", "acc_y")


def test_long_windows_alone_are_known_by_their_clock(tmp_path, folders, write):
    folder = folders.long(tmp_path / "in", beside=False)
    (folder / "sample_submission.csv").unlink()
    made = write(folder)
    assert (made.data["kind"], made.data["id"], made.data["time"]) == ("windows", "id", "time")


def test_rows_without_a_clock_count_as_in_order(tmp_path, folders, write):
    folder = folders.long(tmp_path / "in")
    for name in ("train_features.csv.gz", "test_features.csv.gz"):
        pd.read_csv(folder / name).drop(columns="time").to_csv(folder / name, index=False)
    made = write(folder)
    assert made.data["time"] is None
    assert made.load().train.names == ("acc_x", "acc_y")


def test_dates_can_be_the_clock(tmp_path, folders, write):
    folder = folders.long(tmp_path / "in")
    for name in ("train_features.csv.gz", "test_features.csv.gz"):
        frame = pd.read_csv(folder / name)
        frame["time"] = pd.Timestamp("2024-03-01") + pd.to_timedelta(frame["time"], unit="s")
        frame.rename(columns={"time": "when"}).to_csv(folder / name, index=False)
    made = write(folder)
    assert made.data["time"] == "when"
    assert made.load().train.source.shape == (72, 12, 2)


def test_arrays_beside_tables_of_ids(tmp_path, folders, write):
    made = write(folders.arrays(tmp_path / "in"))
    assert made.data == {
        "kind": "windows", "folder": "../in", "train": "train.npz", "labels": "train.csv", "test": "test.npz",
        "test_ids": "test.csv", "sample": "sample_submission.csv", "id": "id", "group": "subject",
        "target": "label", "target_kind": "classes",
    }  # fmt: skip
    assert "72 windows of 10 steps, 3 channels; 24 to predict" in made.summary
    assert made.load().test.source.shape == (24, 10, 3)


def test_arrays_whose_test_ids_are_the_samples(tmp_path, folders, write):
    folder = folders.arrays(tmp_path / "in")
    (folder / "test.csv").unlink()
    made = write(folder)
    assert "test_ids" not in made.data
    assert made.data["group"] == "subject"
    assert len(made.load().test.ids) == 24


def test_npy_arrays_without_a_test_part(tmp_path, folders, write):
    folder = tmp_path / "in"
    folder.mkdir()
    np.save(folder / "X.npy", np.zeros((72, 8, 2), np.float32))
    folders.side(72).to_csv(folder / "y.csv", index=False)
    made = write(folder)
    assert (made.data["train"], made.data["labels"], made.data["target"]) == ("X.npy", "y.csv", "label")
    assert made.data["group"] == "subject"
    assert "test" not in made.data


def test_regression(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    frame = pd.read_csv(folder / "train.csv")
    frame["label"] = frame["f1"] * 2 + 0.25
    frame.to_csv(folder / "train.csv", index=False)
    pd.read_csv(folder / "sample_submission.csv").assign(label=0.0).to_csv(
        folder / "sample_submission.csv", index=False
    )
    made = write(folder)
    assert (made.data["target_kind"], made.recipe["metric"]) == ("real", "rmse")
    assert made.recipe["folds"]["kind"] == "group"
    assert list(made.recipe["members"]) == ["ridge", "boost"]
    assert made.data["drop"] == ["f1"]  # a straight line of the target


def test_regression_without_groups_bins_the_target(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    frame = pd.read_csv(folder / "train.csv").drop(columns="subject")
    frame["label"] = np.random.default_rng(5).normal(size=len(frame))
    frame.to_csv(folder / "train.csv", index=False)
    pd.read_csv(folder / "sample_submission.csv").assign(label=0.0).to_csv(
        folder / "sample_submission.csv", index=False
    )
    made = write(folder)
    assert made.recipe["folds"] == {"kind": "stratified", "k": 5, "seed": 0}
    assert made.data["group"] is None


def test_whole_numbers_are_real_where_the_sample_writes_fractions(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    frame = pd.read_csv(folder / "train.csv")
    frame["label"] = np.random.default_rng(5).integers(0, 9, len(frame))
    frame.to_csv(folder / "train.csv", index=False)
    pd.read_csv(folder / "sample_submission.csv").assign(label=4.37).to_csv(
        folder / "sample_submission.csv", index=False
    )
    made = write(folder)
    assert (made.data["target_kind"], made.recipe["metric"]) == ("real", "rmse")


def test_parquet(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    for name in ("train", "test", "sample_submission"):
        pd.read_csv(folder / f"{name}.csv").to_parquet(folder / f"{name}.parquet")
        (folder / f"{name}.csv").unlink()
    made = write(folder)
    assert (made.data["train"], made.data["sample"]) == ("train.parquet", "sample_submission.parquet")
    assert len(made.load().train) == 72


def test_cp949_columns_and_classes_with_names_that_need_quotes(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    renamed = {"id": "번호", "subject": "yes", "label": "동작: 1", "f1": "가속도 #x", "f2": "10", "f3": "- z"}
    classes = {"sit": "앉기", "stand": "서기", "walk": "걷기"}
    for name in ("train", "test", "sample_submission"):
        frame = pd.read_csv(folder / f"{name}.csv").replace(classes).rename(columns=renamed)
        frame.to_csv(folder / f"{name}.csv", index=False, encoding="cp949")
    made = write(folder)
    assert (made.data["id"], made.data["group"], made.data["target"]) == ("번호", "yes", "동작: 1")
    assert "the rarest is 걷기" in made.summary
    loaded = made.load()
    assert loaded.target.names == tuple(sorted(classes.values()))
    assert loaded.train.names == ("가속도 #x", "10", "- z")


def test_no_id_in_inputs(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in", sample=False)
    for name in ("train", "test"):
        pd.read_csv(folder / f"{name}.csv").drop(columns="id").to_csv(folder / f"{name}.csv", index=False)
    made = write(folder)
    assert made.data["id"] is None
    assert made.data["train"] == "train.csv"


def test_ids_that_count_from_zero_in_each_file(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    for name in ("train", "test", "sample_submission"):
        frame = pd.read_csv(folder / f"{name}.csv")
        frame.assign(id=range(len(frame))).to_csv(folder / f"{name}.csv", index=False)
    made = write(folder)
    assert (made.data["id"], made.data["test"]) == ("id", "test.csv")
    assert len(made.load().test) == 30


def test_texts_and_row_numbers_are_dropped(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    for name in ("train", "test"):
        frame = pd.read_csv(folder / f"{name}.csv")
        frame["city"] = ["Ulm", "Bonn"] * (len(frame) // 2)
        frame.to_csv(folder / f"{name}.csv")  # with its index, "Unnamed: 0"
    made = write(folder)
    assert sorted(made.data["drop"]) == ["Unnamed: 0", "city"]
    assert "city: text" in made.text
    assert made.load().train.names == ("f1", "f2", "f3")


def test_a_submission_beside_the_sample_is_left_alone(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    sample = pd.read_csv(folder / "sample_submission.csv")
    sample.assign(label=["sit", "walk", "stand"] * 10).to_csv(folder / "mine.csv", index=False)
    made = write(folder)
    assert made.data["sample"] == "sample_submission.csv"
    assert "not used: mine.csv" in made.summary


@pytest.mark.parametrize("content", ["nothing", "photos", "ids"])
def test_folder_without_data_is_refused(tmp_path, folders, write, content):
    folder = tmp_path / "in"
    folder.mkdir()
    if content == "photos":
        (folder / "a.jpg").write_bytes(b"x")
    if content == "ids":
        folders.side(30).to_csv(folder / "train.csv", index=False)
        pd.DataFrame({"id": ["b1", "b2"]}).to_csv(folder / "test.csv", index=False)
    with pytest.raises(
        BadInput, match="no column to learn from" if content == "ids" else "no file ends with"
    ):
        write(folder)
    assert not (tmp_path / "out").exists()
