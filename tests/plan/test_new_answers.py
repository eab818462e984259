"""Answers given beforehand: followed and marked, or refused with what would be right; the written file."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from holdfast.errors import BadInput
from holdfast.plan.new import new
from holdfast.plan.write import comment, inline


def test_answers_are_marked_as_given_and_the_rest_as_guessed(tmp_path, folders, write):
    made = write(folders.table(tmp_path / "in"), metric="log_loss", group="subject", k=3, folds="group")
    assert made.recipe["metric"] == "log_loss"
    assert made.recipe["folds"] == {"kind": "group", "k": 3, "seed": 0}
    assert re.search(r"metric: log_loss +# given", made.text)
    assert re.search(r"group: subject +# given", made.text)
    assert re.search(r"target: label +# guessed: sample_submission.csv asks for this column", made.text)


def test_group_none_says_that_there_is_no_group(tmp_path, folders, write):
    made = write(folders.table(tmp_path / "in"), group="none")
    assert made.data["group"] is None
    assert made.recipe["folds"]["kind"] == "stratified"
    assert re.search(r"group: null +# given", made.text)


def test_a_real_metric_makes_whole_numbers_real(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    frame = pd.read_csv(folder / "train.csv")
    frame.assign(label=[i * 7 % 10 for i in range(72)]).to_csv(folder / "train.csv", index=False)
    made = write(folder, metric="mae")
    assert (made.data["target_kind"], made.recipe["metric"]) == ("real", "mae")


def test_order_gives_blocks(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    frame = pd.read_csv(folder / "train.csv")
    frame.assign(day=range(72)).to_csv(folder / "train.csv", index=False)
    made = write(folder, order="day")
    assert made.data["order"] == "day"
    assert made.recipe["folds"] == {"kind": "blocks", "k": 5}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"target": "lable"}, "did you mean 'label'"),
        ({"group": "subjet"}, "did you mean 'subject'"),
        ({"group": "label"}, "this column is the target"),
        ({"id": "idd"}, "did you mean 'id'"),
        ({"time": "f1"}, "only a long table"),
        ({"order": "f9"}, "no file has such a column"),
        ({"metric": "logloss"}, "did you mean 'log_loss'"),
        ({"metric": "rmse"}, "scores numbers, and 'label' holds texts"),
        ({"kind": "tables"}, "did you mean 'table'"),
        ({"kind": "windows"}, "cannot tell which file"),
        ({"folds": "groups"}, "did you mean 'group'"),
        ({"folds": "blocks"}, "needs --order"),
        ({"folds": "stratified"}, "say --group none"),
        ({"folds": "group", "group": "none"}, "needs a group column"),
        ({"folds": "file"}, "write the recipe first"),
        ({"k": 1}, "expected 2 folds or more"),
        ({"target": "label", "group": "label"}, "the same column was given as --target"),
    ],
)
def test_wrong_answer_is_refused_and_nothing_written(tmp_path, folders, write, answer, said):
    with pytest.raises(BadInput, match=re.escape(said)):
        write(folders.table(tmp_path / "in"), **answer)
    assert not (tmp_path / "out").exists()


def test_group_of_one_value_is_refused(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    pd.read_csv(folder / "train.csv").assign(site=1).to_csv(folder / "train.csv", index=False)
    with pytest.raises(BadInput, match="holds one group only"):
        write(folder, group="site")


def test_time_must_be_a_column_of_the_long_table(tmp_path, folders, write):
    with pytest.raises(BadInput, match=r"train_features\.csv\.gz has no such column"):
        write(folders.long(tmp_path / "in"), time="subject")


def test_existing_file_is_kept_unless_forced(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    first = write(folder)
    first.path.write_text("mine")
    with pytest.raises(BadInput, match="exists already"):
        write(folder)
    assert first.path.read_text() == "mine"
    assert write(folder, force=True).data["target"] == "label"


def test_unknown_preset_and_absent_folder_are_refused(tmp_path, folders):
    with pytest.raises(BadInput, match="did you mean 'strong'"):
        new(folders.table(tmp_path / "in"), "strng", tmp_path / "r.yaml")
    with pytest.raises(BadInput, match="does not exist"):
        new(tmp_path / "nowhere", "fast", tmp_path / "r.yaml")


def test_file_cut_in_a_line_is_named(tmp_path, folders, write):
    folder = folders.table(tmp_path / "in")
    text = (folder / "train.csv").read_text()
    (folder / "train.csv").write_text(text[: len(text) - 25])
    with pytest.raises(BadInput, match=r"train\.csv: line 73 has .* was the file cut off"):
        write(folder)


def test_comments_stay_on_one_line_and_values_are_quoted():
    assert comment("a\nb\u2028c") == "a b c"
    assert inline(["no", "1", "a, b", "? x"]) == "['no', '1', 'a, b', '? x']"
