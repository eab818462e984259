"""The data kind `images`: tables of photos, folders of classes, rows that are folders; what is broken is named."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny

from holdfast.data.dataset import Loaded
from holdfast.data.photos import GREY
from holdfast.errors import BadInput
from holdfast.recipe.registry import parse
from holdfast.testing.samples import tiny_data


def load(folder: Path, data: dict[str, Any], **over: Any) -> Loaded:
    return parse("data", {**data, **over}).load(folder)  # type: ignore[attr-defined]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tiny.image_folder(tmp_path / "data")


def edit(file: Path, **columns: Any) -> None:
    pd.read_csv(file, dtype=str).assign(**columns).to_csv(file, index=False)


# a table of photos


def test_reads_photos_of_a_table(table: Path) -> None:
    loaded = load(table, tiny.IMAGES)
    truth = tiny_data("images")
    assert np.array_equal(loaded.train.read(), truth.read())
    assert loaded.train.read().dtype == np.uint8
    assert np.array_equal(loaded.train.target, truth.target)
    assert np.array_equal(loaded.train.groups, truth.groups)
    assert loaded.train.names == ("red", "green", "blue")
    assert loaded.target.attributes == ()
    assert isinstance(loaded.train.source, np.memmap)
    assert loaded.test is not None
    assert np.array_equal(loaded.test.read(), truth.read()[:8])
    assert list(loaded.test.ids) == [f"t{i:03}" for i in range(8)]


def test_size_and_labels_apart(table: Path) -> None:
    frame = pd.read_csv(table / "train.csv")
    frame[["id", "image"]].to_csv(table / "photos.csv", index=False)
    frame.iloc[::-1].drop(columns="image").to_csv(table / "labels.csv", index=False)
    loaded = load(table, tiny.IMAGES, train="photos.csv", labels="labels.csv", size=[10, 8])
    assert loaded.train.shape == (10, 8, 3)
    assert loaded.test is not None
    assert loaded.test.shape == (10, 8, 3)
    whole = load(table, tiny.IMAGES).train
    assert np.array_equal(loaded.train.ids, whole.ids[::-1])
    assert np.array_equal(loaded.train.target, whole.target[::-1])  # type: ignore[index]
    means = [data.read().mean(axis=(1, 2, 3)) for data in (loaded.train, whole)]
    assert np.abs(means[0] - means[1][::-1]).max() < 2


def test_id_names_the_file(table: Path) -> None:
    over = {"id": "image", "path": None, "sample": None}
    assert load(table, tiny.IMAGES, **over).train.ids[3] == "s003.png"
    edit(table / "train.csv", image=[f"train/s{i:03}.png" for i in range(36)])
    assert load(table, tiny.IMAGES, **over, images=None).train.ids[3] == "train/s003.png"


def test_real_target(table: Path) -> None:
    loaded = load(table, tiny.IMAGES, target="age", target_kind="real")
    assert loaded.target.kind == "real"
    assert set(loaded.train.target.tolist()) == {29.0, 35.0, 41.0}  # type: ignore[union-attr]
    with pytest.raises(BadInput, match=r"data.attributes: they make up classes"):
        load(table, tiny.IMAGES, target="age", target_kind="real", attributes=tiny.ATTRIBUTES)


def test_missing_photo_names_the_nearest(table: Path) -> None:
    (table / "train" / "s007.png").rename(table / "train" / "s007.jpeg")
    with pytest.raises(
        BadInput, match=r"data.path: .*line 9 \(id s007\) names .*s007.png, .*did you mean 's007.jpeg'"
    ):
        load(table, tiny.IMAGES)
    with pytest.raises(BadInput, match=r"is data.images the folder, data.path the column\? \(36 such rows\)"):
        load(table, tiny.IMAGES, path="subject")
    with pytest.raises(BadInput, match=r"data.images: .*trian is no folder; did you mean 'train'"):
        load(table, tiny.IMAGES, images="trian")
    with pytest.raises(BadInput, match=r"data.path: name the column"):
        load(table, tiny.IMAGES, path=None, id=None)
    edit(table / "train.csv", image=["s000.png", None, *(f"s{i:03}.png" for i in range(2, 36))])
    with pytest.raises(BadInput, match=r"line 3 \(id s001\): the name of the photo \(image\) is missing"):
        load(table, tiny.IMAGES)


# attributes


def test_joint_classes_of_a_table(table: Path) -> None:
    given = load(table, tiny.IMAGES, attributes=tiny.ATTRIBUTES)
    assert given.target.names == tiny.CLASSES
    shade, age = given.target.attributes
    assert (shade.values, shade.of_class) == (("dark", "light"), (0, 0, 1))
    assert (age.values, age.of_class, age.ordered) == (("<30", ">=30"), (0, 1, 1), True)
    composed = load(table, tiny.IMAGES, attributes=tiny.ATTRIBUTES, target="class")
    assert composed.target.names == ("dark-<30", "dark->=30", "light->=30")
    assert np.array_equal(composed.train.target, given.train.target)
    assert any("classes are composed of shade, age" in note for note in composed.notes)


def test_train_cut_reaches_teach_and_the_fingerprint(table: Path) -> None:
    plain = load(table, tiny.IMAGES, attributes=tiny.ATTRIBUTES).train
    moved = {**tiny.ATTRIBUTES, "age": {"cut": [30], "train_cut": [29]}}
    taught = load(table, tiny.IMAGES, attributes=moved).train
    assert plain.teach is None
    assert taught.teach is not None
    assert np.array_equal(taught.target, plain.target)
    assert np.array_equal(taught.teach, np.array([1, 1, 2])[plain.target])
    assert taught.take(np.array([0, 1])).taught().target.tolist() == [1, 1]  # type: ignore[union-attr]
    assert taught.fingerprint != plain.fingerprint


def test_contradicting_label_names_file_and_ids(table: Path) -> None:
    frame = pd.read_csv(table / "train.csv")
    frame.loc[4, "shade"] = "light"
    frame.to_csv(table / "train.csv", index=False)
    with pytest.raises(BadInput, match=r"train.csv: line 6 \(id s004\): .*id s002: .*id s004: shade=light"):
        load(table, tiny.IMAGES, attributes=tiny.ATTRIBUTES)


# folders


def classes_of(table: Path) -> Path:
    """The same photos in folders of their classes."""
    for name, label in pd.read_csv(table / "train.csv")[["image", "label"]].to_numpy():
        (table / "by" / label / "more").mkdir(parents=True, exist_ok=True)
        shutil.copy(table / "train" / name, table / "by" / label / ("more" if name < "s010" else "") / name)
    return table


FOLDERS = {"kind": "images", "train": "by", "test": "test", "target": "label"}


def test_folders_are_classes(table: Path) -> None:
    (classes_of(table) / "by" / ".hidden").mkdir()
    (table / "by" / "nothing").mkdir()
    (table / "by" / "sit" / "._s000.png").write_bytes(b"a twin")
    (table / "by" / "sit" / "notes.txt").write_text("nothing")
    loaded = load(table, FOLDERS)
    assert loaded.target.names == tiny.CLASSES
    assert loaded.target.column == "label"
    assert loaded.train.ids[0] == "sit/more/s000.png"
    assert len(loaded.train) == 36
    for name, code in zip(loaded.train.ids, loaded.train.target):  # type: ignore[arg-type]
        assert name.startswith(tiny.CLASSES[code] + "/")
    where = {name.rsplit("/", 1)[1][:4]: row for row, name in enumerate(loaded.train.ids)}
    truth = tiny_data("images")
    assert np.array_equal(loaded.train.read()[[where[name] for name in truth.ids]], truth.read())
    assert loaded.test is not None
    assert list(loaded.test.ids) == [f"t{i:03}.png" for i in range(8)]
    assert any("notes.txt" in note for note in loaded.notes)
    assert any("no classes: nothing" in note for note in loaded.notes)


def test_folders_have_no_columns(table: Path) -> None:
    classes_of(table)
    for field, value in {"group": "subject", "labels": "train.csv", "images": "train"}.items():
        with pytest.raises(BadInput, match=f"data.{field}: .* sub-folders are the classes"):
            load(table, FOLDERS, **{field: value})
    with pytest.raises(BadInput, match=r"it holds photos beside them: s000.png.*name the CSV"):
        load(table, FOLDERS, train="train")
    with pytest.raises(BadInput, match=r"data.id: .*no order of their own"):
        load(table, FOLDERS, sample="sample.csv")
    (table / "none").mkdir()
    with pytest.raises(BadInput, match=r"data.test: .*none holds no photo"):
        load(table, FOLDERS, test="none")
    with pytest.raises(BadInput, match=r"data.train: .*bye does not exist"):
        load(table, FOLDERS, train="bye")


# rows that are folders


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Six people of three photos each: worn twice, none once."""
    folder, X = tmp_path / "people", tiny_data("images").read()
    named = [f"{i:03}_{'fm'[i % 2]}" for i in range(6)]
    for i, person in enumerate(named):
        files = {
            f"{person}/{name}": X[3 * i + j]
            for j, name in enumerate(("mask2.png", "mask1.png", "normal.png"))
        }
        tiny.write_photos(folder / "photos", files)
    people = pd.DataFrame({"id": [f"p{i}" for i in range(6)], "path": named})
    people.assign(age=[20, 40, 20, 40, 40, 20], gender=list("fm") * 3).to_csv(
        folder / "train.csv", index=False
    )
    people[:2].to_csv(folder / "test.csv", index=False)
    return folder


PEOPLE = {
    "kind": "images", "train": "train.csv", "images": "photos", "test": "test.csv", "test_images": "photos",
    "id": "id", "path": "path", "target": "joint",
    "attributes": {
        "mask": {"from_name": {"mask*": "worn", "normal*": "none"}, "weight": 4},
        "gender": {"values": ["m", "f"], "weight": 2},
        "age": {"cut": [30], "weight": 1},
    },
}  # fmt: skip


def test_rows_are_exploded(people: Path) -> None:
    loaded = load(people, PEOPLE)
    train = loaded.train
    assert list(train.ids[:4]) == [
        "000_f/mask1.png",
        "000_f/mask2.png",
        "000_f/normal.png",
        "001_m/mask1.png",
    ]
    assert train.groups is not None
    assert list(train.groups) == [f"p{i}" for i in range(6) for _ in range(3)]
    assert train.target is not None
    assert [loaded.target.names[code] for code in train.target[:6]] == ["2", "2", "6", "1", "1", "5"]
    X = tiny_data("images").read()
    assert np.array_equal(train.read()[:3], X[[1, 0, 2]])
    assert loaded.test is not None
    assert list(loaded.test.ids) == list(train.ids[:6])
    assert loaded.test.groups is not None
    assert list(loaded.test.groups) == ["p0"] * 3 + ["p1"] * 3


def test_exploded_rows_keep_a_named_group_and_the_row_of_a_fault(people: Path) -> None:
    edit(people / "train.csv", family=["a", "a", "b", "b", "c", "c"])
    groups = load(people, PEOPLE, group="family").train.groups
    assert groups is not None
    assert list(groups) == list(np.repeat(["a", "b", "c"], 6))
    edit(people / "train.csv", age=["20", "40", "20", "40", "old", "20"])
    with pytest.raises(BadInput, match=r"line 6 \(id 004_f/mask1.png\): .*expected a number, found 'old'"):
        load(people, PEOPLE)
    edit(people / "train.csv", path=["000_f"] * 6)
    with pytest.raises(BadInput, match=r"photos are named twice by its rows: 000_f/mask1.png"):
        load(people, PEOPLE)


def test_empty_folder_of_a_row(people: Path) -> None:
    shutil.rmtree(people / "photos" / "003_m")
    (people / "photos" / "003_m").mkdir()
    with pytest.raises(BadInput, match=r"line 5 \(id p3\): the folder .*003_m holds no photo"):
        load(people, PEOPLE)


# damage


def test_damaged_photo_stops_and_is_named(table: Path) -> None:
    (table / "train" / "s004.png").write_bytes(b"")
    with pytest.raises(
        BadInput, match=r"1 of 36 photos .*s004.png \(the file is empty\).*data.skip_damaged: true"
    ):
        load(table, tiny.IMAGES)


def test_skip_damaged(table: Path) -> None:
    whole = load(table, tiny.IMAGES)
    (table / "train" / "s004.png").write_bytes(b"text")
    (table / "test" / "t002.png").write_bytes((table / "test" / "t002.png").read_bytes()[:200])
    for _ in range(2):  # decoded, then found in the cache
        loaded = load(table, tiny.IMAGES, skip_damaged=True)
        assert list(loaded.train.ids) == [f"s{i:03}" for i in range(36) if i != 4]
        assert np.array_equal(loaded.train.read(), np.delete(tiny_data("images").read(), 4, axis=0))
        assert len(loaded.train.target) == len(loaded.train.groups) == 35  # type: ignore[arg-type]
        assert loaded.test is not None
        assert (loaded.test.read()[2] == GREY).all()
        assert list(loaded.test.ids) == [f"t{i:03}" for i in range(8)]
        assert any("left out of training: s004.png" in note for note in loaded.notes)
        assert any("grey picture: t002.png" in note for note in loaded.notes)
        assert loaded.train.fingerprint != whole.train.fingerprint
    again = pickle.loads(pickle.dumps(loaded.train.take(np.array([5, 0]))))
    assert np.array_equal(again.read(), tiny_data("images").read()[[6, 0]])


def test_a_class_must_keep_a_photo(table: Path) -> None:
    frame = pd.read_csv(table / "train.csv")
    frame.loc[4, "label"] = "jump"
    frame.to_csv(table / "train.csv", index=False)
    (table / "train" / "s004.png").write_bytes(b"")
    with pytest.raises(BadInput, match=r"data.skip_damaged: no photo of jump can be read: s004.png"):
        load(table, tiny.IMAGES, skip_damaged=True)


# what a run knows its data by


def test_a_changed_photo_changes_the_hashes(table: Path) -> None:
    before = load(table, tiny.IMAGES).hashes
    assert before == load(table, tiny.IMAGES).hashes
    tiny.write_photos(table / "train", {"s001.png": np.zeros((20, 16, 3), np.uint8)})
    after = load(table, tiny.IMAGES).hashes
    assert {name for name in before if before[name] != after[name]} == {"photos of train.csv"}
    assert set(before) == {"train.csv", "test.csv", "photos of train.csv", "photos of test.csv"}
    classes_of(table)
    assert set(load(table, FOLDERS).hashes) == {"photos of by", "photos of test"}


def test_the_size_is_part_of_the_fingerprint(table: Path) -> None:
    marks = {load(table, tiny.IMAGES, size=size).train.fingerprint for size in (None, [20, 16], [10, 8])}
    assert len(marks) == 2
