"""Group, metric, folds and target: guessed with reasons, and left as a question where nothing is safe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from holdfast.errors import BadInput
from holdfast.plan.presets import PRESETS
from holdfast.recipe.load import load_recipe


def change(folder: Path, name: str, **columns: object) -> None:
    frame = pd.read_csv(folder / name).assign(**columns)
    frame.to_csv(folder / name, index=False)


def without_comments(text: str) -> list[str]:
    return [line.split("  # ")[0].rstrip() for line in text.splitlines() if not line.lstrip().startswith("#")]


@pytest.mark.parametrize("layout", ["long", "table", "arrays"])
def test_renamed_twin_gives_the_same_recipe_but_for_the_names(tmp_path, folders, write, layout):
    folder = getattr(folders, layout)(tmp_path / "in")
    twin = tmp_path / "twin"
    twin.mkdir()
    columns = {
        "id": "k",
        "time": "t",
        "acc_x": "p",
        "acc_y": "q",
        "subject": "m",
        "label": "w",
        "label_desc": "v",
    }
    columns |= {"f1": "g", "f2": "h", "f3": "i"}
    classes = {"sit": "zz", "stand": "aa", "walk": "mm"}
    files = {}
    for number, path in enumerate(sorted(folder.iterdir(), reverse=True)):
        files[path.name] = "abcdef"[number] + "".join(path.suffixes)
        if path.suffix == ".npz":
            (twin / files[path.name]).write_bytes(path.read_bytes())
            continue
        frame = (
            pd.read_csv(path)
            .replace(classes)
            .replace({f"is {name}": f"was {to}" for name, to in classes.items()})
        )
        frame.rename(columns=columns | classes).to_csv(twin / files[path.name], index=False)
    names = columns | files | {"in": "twin", "../in": "../twin"}
    there = without_comments(write(twin, preset="strong", force=True).text)
    here = []
    for line in without_comments(write(folder, preset="strong", force=True).text):
        key, colon, value = line.partition(": ")
        here.append(f"{key}{colon}{names.get(value, value)}")
    assert here == there


def test_label_description_is_no_group(tmp_path, folders, write):
    folder = folders.long(tmp_path / "in")
    pd.read_csv(folder / "train_labels.csv").drop(columns="subject").to_csv(
        folder / "train_labels.csv", index=False
    )
    made = write(folder)
    assert made.data["group"] is None
    assert made.recipe["folds"]["kind"] == "stratified"
    assert "no groups known" in made.summary


def test_a_coarser_name_of_the_classes_is_no_group(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    moving = pd.read_csv(folder / "train.csv")["label"] == "walk"
    change(folder, "train.csv", subject=moving.map({True: "moving", False: "still"}))
    assert write(folder).data["group"] is None


def test_bins_of_a_real_target_are_no_group(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    value = pd.Series(np.random.default_rng(0).normal(size=72))
    change(folder, "train.csv", label=value, subject=pd.qcut(value, 6, labels=False))
    change(folder, "sample_submission.csv", label=0.0)
    assert write(folder).data["group"] is None


def test_subject_wins_over_the_sessions_within_it(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    subject = pd.read_csv(folder / "train.csv")["subject"]
    change(folder, "train.csv", session=[f"s{s}-{i // 36}" for i, s in enumerate(subject)])
    made = write(folder)
    assert made.data["group"] == "subject"
    assert "not session" in made.text
    assert made.load().train.names == ("f1", "f2", "f3")


def test_the_coarser_of_two_nameless_groups_wins(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    frame = pd.read_csv(folder / "train.csv")
    frame["u"] = [f"{s}-{i // 36}" for i, s in enumerate(frame["subject"])]
    frame.rename(columns={"subject": "z"}).to_csv(folder / "train.csv", index=False)
    assert write(folder).data["group"] == "z"


def test_crossing_nameless_groups_are_a_question(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    frame = pd.read_csv(folder / "train.csv").rename(columns={"subject": "z"})
    frame.assign(u=np.random.default_rng(0).integers(0, 7, 72)).to_csv(folder / "train.csv", index=False)
    made = write(folder)
    assert made.data["group"].startswith("?")
    with pytest.raises(BadInput, match=r"data\.group: a question is open: .*z, u"):
        load_recipe(made.path)
    assert write(folder, force=True, group="u").data["group"] == "u"


def test_a_group_that_the_test_part_has_with_other_values(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    change(folder, "test.csv", subject=np.arange(30) % 3 + 100)
    made = write(folder)
    assert made.data["group"] == "subject"
    assert made.load().train.names == ("f1", "f2", "f3")


def test_binary_sample_with_fractions_asks_for_roc_auc(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    change(folder, "train.csv", label=np.arange(72) // 6 % 2)
    change(folder, "sample_submission.csv", label=0.5)
    made = write(folder)
    assert (made.recipe["metric"], made.data["target_kind"]) == ("roc_auc", "classes")


def test_skewed_classes_ask_for_macro_f1(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    label = ["walk"] * 60 + ["sit"] * 7 + ["stand"] * 5
    change(folder, "train.csv", label=label, subject=np.arange(72) % 7)
    made = write(folder)
    assert made.recipe["metric"] == "macro_f1"
    assert "stand is rare" in made.text


def test_even_classes_ask_for_accuracy(tmp_path, folders, write):
    assert write(folders.table(tmp_path / "in")).recipe["metric"] == "accuracy"


def test_k_is_bounded_by_the_groups_of_the_rarest_class(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    frame = pd.read_csv(folder / "train.csv")
    label = frame["label"].where((frame["label"] != "sit") | (frame["subject"] <= 3), "walk")
    change(folder, "train.csv", label=label)
    made = write(folder)
    assert made.recipe["folds"]["k"] == 3
    assert "class sit has the fewest groups, 3" in made.text


def test_a_class_in_one_group_is_said(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    frame = pd.read_csv(folder / "train.csv")
    change(
        folder,
        "train.csv",
        label=frame["label"].where((frame["label"] != "sit") | (frame["subject"] == 1), "walk"),
    )
    made = write(folder)
    assert made.recipe["folds"]["k"] == 2
    assert "join it with another or leave it out" in made.summary


def test_no_sample_and_no_telling_name_is_a_question(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in", sample=False)
    frame = pd.read_csv(folder / "train.csv")
    frame.rename(columns={"subject": "m", "label": "w"}).to_csv(folder / "train.csv", index=False)
    made = write(folder)
    assert made.data["target"] == "? which column is to be predicted: m, w"
    assert made.recipe["metric"].startswith("?")
    assert "to answer before `train`: data.target" in made.summary
    answered = write(folder, force=True, target="w")
    assert (answered.data["target"], answered.data["group"]) == ("w", "m")
    assert "?" not in answered.data.values()


def test_no_sample_but_a_telling_name(tmp_path, folders, write):
    made = write(folders.table(tmp_path / "in", sample=False))
    assert (made.data["target"], made.data["group"]) == ("label", "subject")


def test_a_single_table_needs_a_telling_name_or_an_answer(tmp_path, folders, write):
    folder = tmp_path / "in"
    folder.mkdir()
    frame = pd.concat([folders.side(72), folders.features(72)], axis=1)
    frame.to_csv(folder / "all.csv", index=False)
    made = write(folder)
    assert (made.data["target"], made.data["group"]) == ("label", "subject")
    frame.rename(columns={"label": "w"}).to_csv(folder / "all.csv", index=False)
    assert write(folder, force=True).data["target"].startswith("?")


def test_several_columns_in_the_sample_are_a_question(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    draw = np.random.default_rng(0)
    change(folder, "train.csv", label=draw.normal(size=72), width=draw.normal(size=72))
    change(folder, "sample_submission.csv", label=0.0, width=0.0)
    assert "label, width" in write(folder).data["target"]


@pytest.mark.parametrize("layout", ["long", "table", "arrays"])
@pytest.mark.parametrize("real", [False, True])
def test_written_recipe_loads_as_it_is(tmp_path, folders, write, layout, real):
    folder = getattr(folders, layout)(tmp_path / "in")
    if real:
        (folder / "sample_submission.csv").unlink()
        name = "train_labels.csv" if layout == "long" else "train.csv"
        change(folder, name, label=np.random.default_rng(0).normal(size=72))
        (folder / "test.npz").unlink(missing_ok=True)
    for preset in PRESETS:
        made = write(folder, preset, force=True)
        recipe = load_recipe(made.path)
        assert recipe.metric.name == ("rmse" if real else {"long": "log_loss"}.get(layout, "accuracy"))
        assert list(recipe.members) == list(made.recipe["members"])


def test_strong_adds_to_fast_and_fixes_the_epochs(tmp_path, folders, write):
    made = write(folders.long(tmp_path / "in"), preset="strong")
    assert list(made.recipe["members"]) == ["logistic", "svc", "rocket", "trees", "conv"]
    assert made.recipe["fit"]["epochs"] == 15
