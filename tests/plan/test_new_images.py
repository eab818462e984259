"""`new` on folders of photos in every layout: the recipe says what lies there, and the reader can read by it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from holdfast.errors import BadInput
from holdfast.plan.guess_photos import scaled
from holdfast.plan.photos import find_photos
from holdfast.plan.presets import LONGER_SIDE, PHOTO_EPOCHS, network_size
from holdfast.recipe.load import load_recipe
from holdfast.train import prepare

COVERS = ("worn", "wrong", "none")
PEOPLE = 24


def draw_photos(folder: Path, names: Iterable[str], size: tuple[int, int] = (24, 18)) -> None:
    """Tiny simulated photos; `size` is (height, width)."""
    draw = np.random.default_rng(0)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)


def people(n: int = 144) -> pd.DataFrame:
    """Photos of people: a cover and a sex each, years, and the joint label 4 × cover + 2 × sex (m, f) + (years >= 40)."""
    rows = np.arange(n)
    person = rows % PEOPLE
    years = 34 + (person * 5) % 12
    cover = rows // PEOPLE % 3
    frame = pd.DataFrame(
        {
            "image": [f"tr{i:04}.png" for i in rows],
            "person": [f"{p:03}" for p in person],
            "cover": [COVERS[c] for c in cover],
            "sex": np.where(person % 2, "f", "m"),
            "years": years,
        }
    )
    return frame.assign(label=cover * 4 + person % 2 * 2 + (years >= 40))


def photo_folder(folder: Path, tests: int = 30, **changes: Any) -> Path:
    """train.csv beside train/, test.csv beside test/, a sample; `changes` are columns of train.csv, None drops one."""
    frame = people()
    for name, values in changes.items():
        frame = frame.drop(columns=name) if values is None else frame.assign(**{name: values})
    ids = pd.DataFrame({"image": [f"te{i:04}.png" for i in range(tests)]})
    draw_photos(folder / "train", frame["image"])
    draw_photos(folder / "test", ids["image"])
    frame.to_csv(folder / "train.csv", index=False)
    ids.to_csv(folder / "test.csv", index=False)
    ids.assign(label=0).to_csv(folder / "sample_submission.csv", index=False)
    return folder


def change(folder: Path, name: str, **columns: Any) -> None:
    pd.read_csv(folder / name, dtype={"person": str}).assign(**columns).to_csv(folder / name, index=False)


def test_photos_by_name_with_a_joint_label(tmp_path, write):
    made = write(photo_folder(tmp_path / "in"))
    assert made.data == {
        "kind": "images", "folder": "../in", "train": "train.csv", "images": "train", "test": "test.csv",
        "test_images": "test", "sample": "sample_submission.csv", "id": "image", "path": "image", "group": "person",
        "target": "label", "target_kind": "classes",
        "attributes": {
            "cover": {"values": ["worn", "wrong", "none"], "weight": 4}, "sex": {"values": ["m", "f"], "weight": 2},
            "years": {"cut": [40], "weight": 1},
        },
    }  # fmt: skip
    assert re.search(
        r"attributes: .*label = 4·cover \+ 2·sex \+ years\[<40, >=40\], in all 144 rows\n", made.text
    )
    assert re.search(r"\n    cover: \{values: \[worn, wrong, none\], weight: 4\}\n", made.text)
    assert "144 photos, height × width 24 × 18 pixels; 30 to predict" in made.text
    assert made.recipe["folds"]["kind"] == "stratified_group"
    loaded = made.load()
    assert loaded.train.source.shape == (144, 24, 18, 3)
    assert [attribute.name for attribute in loaded.target.attributes] == ["cover", "sex", "years"]
    assert len(loaded.test) == 30


@pytest.mark.parametrize("preset", ["fast", "strong"])
@pytest.mark.parametrize("joint", [True, False])
def test_training_accepts_what_was_written(tmp_path, write, preset, joint):
    changes: dict[str, Any] = {} if joint else {"label": list("abcd") * 36, "person": None}
    folder = photo_folder(tmp_path / "in", **changes)
    change(folder, "sample_submission.csv", label="0" if joint else "a")
    made = write(folder, preset, budget="5m", metric="macro_f1")
    heads = {name: member.get("head", "joint") for name, member in made.recipe["members"].items()}
    assert set(heads.values()) == {"per_attribute" if joint else "joint"}
    assert made.recipe["fit"]["epochs"] == PHOTO_EPOCHS[preset]
    assert made.recipe["budget"] == "5m"
    assert len(heads) == (1 if preset == "fast" else 3)
    plan = prepare(load_recipe(made.path, ["threads=1"]), made.path.parent)
    assert list(plan.work.members) == list(heads)


def test_names_in_another_language_give_the_same_recipe(tmp_path, write):
    folder = photo_folder(tmp_path / "in")
    here = write(folder).recipe
    twin = tmp_path / "twin"
    twin.mkdir()
    names = {
        "image": "foto",
        "person": "quien",
        "cover": "boca",
        "sex": "tipo",
        "years": "edad",
        "label": "clase",
    }
    files = {
        "train.csv": "a.csv",
        "test.csv": "b.csv",
        "sample_submission.csv": "c.csv",
        "train": "uno",
        "test": "dos",
    }
    for old, new in files.items():
        if old.endswith(".csv"):
            frame = pd.read_csv(folder / old, dtype={"person": str}).rename(columns=names)
            frame.to_csv(twin / new, index=False)
        else:
            (folder / old).rename(twin / new)
    there = write(twin, force=True).recipe
    swap = names | files | {"../in": "../twin", "in": "twin"}

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                (swap.get(key, key) if key in names else key): renamed(entry) for key, entry in value.items()
            }
        return swap.get(value, value) if isinstance(value, str) else value

    data = here["data"]
    attributes = {names[name]: entry for name, entry in data.pop("attributes").items()}
    assert there["data"] == {key: renamed(value) for key, value in data.items()} | {"attributes": attributes}
    assert there["folds"] == here["folds"]
    assert there["members"] == here["members"]


def test_years_are_neither_group_nor_target_where_no_function_is_found(tmp_path, write):
    draw = np.random.default_rng(1)
    label = draw.choice(["a", "b", "c"], 144)
    folder = photo_folder(tmp_path / "in", label=label, years=draw.normal(30, 9, 144).round().astype(int))
    change(folder, "sample_submission.csv", label="a")
    made = write(folder)
    assert (made.data["target"], made.data["group"]) == ("label", "person")
    assert "attributes" not in made.data
    frame = pd.read_csv(folder / "train.csv", dtype=str).rename(columns={"person": "quien"})
    frame.to_csv(folder / "train.csv", index=False)
    assert write(folder, force=True).data["group"] == "quien"
    frame.drop(columns="quien").to_csv(folder / "train.csv", index=False)
    without = write(folder, force=True)
    assert without.data["group"] is None
    assert without.recipe["folds"]["kind"] == "stratified"


def test_the_years_of_a_nameless_person_are_no_group(tmp_path, write):
    folder = photo_folder(tmp_path / "in", label=list("abcd") * 36)
    frame = pd.read_csv(folder / "train.csv", dtype=str).rename(columns={"person": "w"})
    frame.to_csv(folder / "train.csv", index=False)
    change(folder, "sample_submission.csv", label="a")
    assert write(folder).data["group"] == "w"


def test_a_few_wrong_labels_are_told_and_the_function_left_out(tmp_path, write):
    label = people()["label"]
    label.iloc[[5, 77]] = (label.iloc[[5, 77]] + 4) % 12
    made = write(photo_folder(tmp_path / "in", label=label))
    assert "attributes" not in made.data
    assert made.data["group"] == "person"
    assert "but for 2 of 144 rows" in made.text
    assert "but for 2 of 144 rows" in made.summary
    assert "head" not in made.recipe["members"]["resnet"]
    made.load()


def test_sample_alone_names_the_test_photos(tmp_path, write):
    folder = photo_folder(tmp_path / "in")
    (folder / "test.csv").unlink()
    made = write(folder)
    assert (made.data["test"], made.data["sample"]) == ("sample_submission.csv", "sample_submission.csv")
    assert (made.data["test_images"], made.data["target"], made.data["group"]) == ("test", "label", "person")
    assert len(made.load().test) == 30


def test_paths_that_start_at_the_folder_need_no_images(tmp_path, write):
    folder = photo_folder(tmp_path / "in", image=[f"train/{name}" for name in people()["image"]])
    (folder / "train" / "train").rename(folder / "both")
    (folder / "train").rmdir()
    (folder / "both").rename(folder / "train")
    change(folder, "test.csv", image=[f"test/te{i:04}.png" for i in range(30)])
    change(folder, "sample_submission.csv", image=[f"test/te{i:04}.png" for i in range(30)])
    made = write(folder)
    assert "images" not in made.data
    assert "test_images" not in made.data
    assert made.data["test"] == "test.csv"
    assert len(made.load().train) == 144


def test_the_same_names_in_both_folders(tmp_path, write):
    folder = tmp_path / "in"
    frame = people().assign(image=[f"{i}.JPG" for i in range(144)])
    ids = pd.DataFrame({"image": [f"{i}.JPG" for i in range(144)]})
    for name in ("train_photos", "test_photos"):
        draw_photos(folder / name, ids["image"])
    frame.to_csv(folder / "train.csv", index=False)
    ids.to_csv(folder / "test.csv", index=False)
    made = write(folder)
    assert (made.data["images"], made.data["test_images"]) == ("train_photos", "test_photos")
    assert (made.data["train"], made.data["test"]) == ("train.csv", "test.csv")


def test_names_without_ending_keep_their_zeros(tmp_path, write):
    folder = photo_folder(tmp_path / "in")
    for part in ("train", "test"):
        for number, path in enumerate(sorted((folder / part).iterdir())):
            path.rename(path.with_name(f"{number + 500 * (part == 'test'):06}.png"))
    change(folder, "train.csv", image=[f"{i:06}" for i in range(144)])
    for name in ("test.csv", "sample_submission.csv"):
        change(folder, name, image=[f"{i + 500:06}" for i in range(30)])
    made = write(folder)
    assert (made.data["images"], made.data["test_images"], made.data["path"]) == ("train", "test", "image")
    assert made.data["sample"] == "sample_submission.csv"
    assert len(made.load().train) == 144
    Image.new("RGB", (18, 24)).save(folder / "train" / "000007.jpg")  # two photos of one name
    with pytest.raises(BadInput, match=r"000007, which does not exist; did you mean '000007\.(jpg|png)'"):
        made.load()


def test_another_column_can_be_the_id(tmp_path, write):
    folder = photo_folder(tmp_path / "in")
    change(folder, "train.csv", key=[f"k{i}" for i in range(144)])
    change(folder, "test.csv", key=[f"q{i}" for i in range(30)])
    change(folder, "sample_submission.csv", key=[f"q{i}" for i in range(30)])
    frame = pd.read_csv(folder / "sample_submission.csv")[["key", "label"]]
    frame.to_csv(folder / "sample_submission.csv", index=False)
    made = write(folder)
    assert (made.data["id"], made.data["path"], made.data["sample"]) == (
        "key",
        "image",
        "sample_submission.csv",
    )
    assert list(made.load().test.ids[:2]) == ["q0", "q1"]


def test_labels_in_a_table_beside(tmp_path, write):
    folder = photo_folder(tmp_path / "in")
    frame = pd.read_csv(folder / "train.csv", dtype=str)
    frame.sample(frac=1, random_state=0).to_csv(folder / "answers.csv", index=False)
    frame[["image"]].to_csv(folder / "train.csv", index=False)
    made = write(folder)
    assert (made.data["train"], made.data["labels"], made.data["group"]) == (
        "train.csv",
        "answers.csv",
        "person",
    )
    assert list(made.data["attributes"]) == ["cover", "sex", "years"]
    assert len(made.load().train) == 144


def test_rows_that_name_folders_of_photos(tmp_path, write):
    folder = tmp_path / "in"
    rows = pd.DataFrame(
        {"case": [f"c{i:02}" for i in range(40)], "ill": ["yes", "no"] * 20, "years": range(20, 60)}
    )
    draw_photos(folder / "scans", [f"{case}/{k}.png" for case in rows["case"] for k in range(3)])
    draw_photos(folder / "others", [f"d{i}/{k}.png" for i in range(8) for k in range(3)])
    rows.to_csv(folder / "train.csv", index=False)
    pd.DataFrame({"case": [f"d{i}" for i in range(8)]}).to_csv(folder / "test.csv", index=False)
    made = write(folder, target="ill")
    assert (made.data["images"], made.data["test_images"], made.data["path"]) == ("scans", "others", "case")
    assert made.data["group"] == "case"
    assert made.recipe["folds"] == {"kind": "stratified_group", "k": 5, "seed": 0}
    assert "120 photos" in made.text
    assert "24 to predict" in made.text
    loaded = made.load()
    assert (len(loaded.train), len(np.unique(loaded.train.groups)), len(loaded.test)) == (120, 40, 24)


def class_folders(folder: Path, train: str = "train", test: str | None = "test") -> Path:
    draw_photos(folder / train, [f"{kind}/{kind}{i}.png" for kind in ("bee", "wasp") for i in range(12)])
    if test is not None:
        draw_photos(folder / test, [f"t{i}.png" for i in range(6)])
    return folder


@pytest.mark.parametrize(
    ("train", "test"), [("train", "test"), ("eins", "zwei"), ("data/lernen", "data/raten")]
)
def test_folders_as_classes(tmp_path, write, train, test):
    made = write(class_folders(tmp_path / "in", train, test))
    assert (made.data["train"], made.data["test"]) == (train, test)
    assert (made.data["id"], made.data["group"]) == (None, None)
    loaded = made.load()
    assert loaded.target.names == ("bee", "wasp")
    assert (len(loaded.train), len(loaded.test)) == (24, 6)


def test_folders_as_classes_with_a_sample(tmp_path, write):
    folder = class_folders(tmp_path / "in")
    sample = pd.DataFrame({"file": [f"t{i}.png" for i in range(6)], "insect": "bee"})
    sample.to_csv(folder / "sample_submission.csv", index=False)
    made = write(folder)
    assert {key: made.data[key] for key in ("train", "test", "sample", "id", "target")} == {
        "train": "train", "test": "test", "sample": "sample_submission.csv", "id": "file", "target": "insect",
    }  # fmt: skip
    assert len(made.load().test) == 6
    load_recipe(made.path)


def test_class_folders_lie_directly_in_the_folder(tmp_path, write):
    made = write(class_folders(tmp_path / "in", ".", None))
    assert made.data["train"] == "."
    assert made.load().target.names == ("bee", "wasp")


def test_a_test_folder_among_the_classes_is_refused(tmp_path, write):
    with pytest.raises(BadInput, match="put the classes into one folder"):
        write(class_folders(tmp_path / "in", ".", "test"))


def test_a_labelled_test_folder_is_the_test_part(tmp_path, write):
    folder = class_folders(tmp_path / "in", "train", None)
    draw_photos(folder / "test", ["bee/x.png", "wasp/y.png"])
    draw_photos(folder / "valid", ["bee/v.png", "wasp/w.png"])
    made = write(folder)
    assert (made.data["train"], made.data["test"]) == ("train", "test")


def test_tables_within_the_parts_folders(tmp_path, write):
    folder = photo_folder(tmp_path / "in")
    for part in ("train", "test"):
        (folder / part).rename(folder / "images")
        (folder / part).mkdir()
        (folder / "images").rename(folder / part / "images")
    (folder / "train.csv").rename(folder / "train" / "info.csv")
    (folder / "sample_submission.csv").unlink()
    (folder / "test.csv").rename(folder / "test" / "info.csv")
    made = write(folder)
    assert {key: made.data[key] for key in ("train", "images", "test", "test_images")} == {
        "train": "train/info.csv", "images": "train/images", "test": "test/info.csv", "test_images": "test/images",
    }  # fmt: skip
    assert len(made.load().test) == 30


def test_photos_of_several_sizes_are_brought_to_one(tmp_path, write):
    folder = photo_folder(tmp_path / "in")
    draw_photos(folder / "train", people()["image"][:20], (400, 300))
    made = write(folder)
    assert made.data["size"] == [24, 16]
    assert "24 × 18 to 400 × 300 pixels" in made.text
    draw_photos(folder / "train", people()["image"], (400, 300))
    draw_photos(folder / "test", [f"te{i:04}.png" for i in range(30)], (400, 300))
    large = write(folder, force=True)
    assert large.data["size"] == [168, 128]
    assert large.recipe["prepare"] == [{"resize": {"size": [64, 48]}}, "normalize"]
    assert large.load().train.source.shape[1:] == (168, 128, 3)


def test_small_photos_stay_as_they_are(tmp_path, write):
    made = write(photo_folder(tmp_path / "in"))
    assert "size" not in made.data
    assert "prepare" not in made.recipe


@pytest.mark.parametrize("shape", [(128, 96), (96, 128), (300, 300), (1000, 40)])
def test_networks_see_sides_of_sixteen(shape):
    size = network_size(shape)
    assert max(size) == LONGER_SIDE
    assert all(side % 16 == 0 for side in size)
    assert min(scaled(np.array(shape), 32)) == 32


def test_kind_can_be_said(tmp_path, folders, write):
    with pytest.raises(BadInput, match="a table that names photos"):
        write(folders.table(tmp_path / "none"), kind="images")
    folder = photo_folder(tmp_path / "in")
    change(folder, "train.csv", f1=[i * 7 % 100 for i in range(144)])
    change(folder, "test.csv", f1=[i * 7 % 100 for i in range(30)])
    assert write(folder, force=True).data["kind"] == "images"
    assert write(folder, kind="table", force=True).data["kind"] == "table"


def test_photos_that_no_table_names_leave_a_table_a_table(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    draw_photos(folder / "plots", ["a.png", "b.png"])
    assert write(folder).data["kind"] == "table"


def test_a_wide_group_answer_is_followed(tmp_path, write):
    made = write(photo_folder(tmp_path / "in"), group="none")
    assert made.data["group"] is None
    assert "cover" in made.data["attributes"]
    with pytest.raises(BadInput, match="did you mean 'person'"):
        write(photo_folder(tmp_path / "on"), group="persn", force=True)


def test_a_photo_whose_header_is_broken_is_left_to_the_reader(tmp_path, write):
    folder = photo_folder(tmp_path / "in")
    (folder / "train" / "tr0000.png").write_bytes(b"no photo")
    made = write(folder)
    assert "24 × 18 pixels" in made.text
    with pytest.raises(BadInput, match=r"tr0000\.png"):
        made.load()


def test_hidden_files_and_other_endings_are_no_photos(tmp_path):
    draw_photos(tmp_path, ["a.png", "b.JPG", "below/c.Webp", ".hidden/d.png", "._e.png"])
    (tmp_path / "notes.txt").write_text("x")
    assert find_photos(tmp_path).by_folder == {"": ["a.png", "b.JPG"], "below": ["c.Webp"]}
