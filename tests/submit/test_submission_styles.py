"""A submission is written as the sample is, whatever that is."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from competition import IDS, THREE_CLASSES, trained_run

from holdfast.errors import BadInput
from holdfast.submit.build import submission
from holdfast.submit.write import write_submission
from holdfast.train import train

CLASSES = ("run", "sit", "walk")
SHUFFLED = tuple(np.random.default_rng(1).permutation(IDS))


@pytest.fixture
def trained(tmp_path):
    """`trained(labels, sample, …)`: the finished run of a tiny competition."""
    return partial(trained_run, tmp_path)


def probabilities(run, ids=IDS):
    """Float64 shares of the ensemble, a row for each of `ids`."""
    said = run.test_predictions().astype(np.float64)
    return (said / said.sum(axis=1, keepdims=True))[[list(run.test_ids).index(i) for i in ids]]


def most_probable(run, names=CLASSES, ids=IDS):
    return [names[c] for c in probabilities(run, ids).argmax(axis=1)]


def read(path):
    return pd.read_csv(path, dtype={"id": str}, float_precision="round_trip")


def test_label_names_in_the_order_of_the_sample(trained, tmp_path):
    run = trained(THREE_CLASSES, pd.DataFrame({"id": SHUFFLED, "label": "sit"}), metric="macro_f1")
    write_submission(run, tmp_path / "out.csv")
    made = read(tmp_path / "out.csv")
    assert made["id"].tolist() == list(SHUFFLED)
    assert made["label"].tolist() == most_probable(run, ids=SHUFFLED)
    assert made["label"].nunique() > 1


def test_label_codes_of_a_column_beside_the_target(trained):
    code = pd.Series(THREE_CLASSES).map({"walk": 5, "sit": 9, "run": 2})
    run = trained(THREE_CLASSES, pd.DataFrame({"id": IDS, "label": 9}), metric="accuracy", code=code)
    assert submission(run)["label"].tolist() == most_probable(run, ("2", "9", "5"))


@pytest.mark.parametrize("first", ["0", "0.0", ""])
def test_whole_numbers_as_the_sample_writes_them(trained, first):
    sample = pd.DataFrame({"id": IDS, "label": first})
    run = trained([0, 1, 2] * 8, sample, metric="accuracy")
    names = ("0.0", "1.0", "2.0") if first == "0.0" else ("0", "1", "2")
    assert submission(run)["label"].tolist() == most_probable(run, names)


@pytest.mark.parametrize(
    "columns",
    [("walk", "run", "sit"), ("p_walk", "p_run", "p_sit"), ("walk (%)", "run (%)", "sit (%)")],
    ids=["names", "prefix", "suffix"],
)
def test_probability_columns_keep_their_order(trained, columns):
    sample = pd.DataFrame({"id": SHUFFLED, **dict.fromkeys(columns, 1 / 3)})
    run = trained(THREE_CLASSES, sample)
    made = submission(run)
    assert tuple(made.columns) == ("id", *columns)
    expected = probabilities(run, SHUFFLED)[:, [CLASSES.index(c) for c in ("walk", "run", "sit")]]
    np.testing.assert_array_equal(made[list(columns)].to_numpy(), expected)
    assert run.scores["sample"]["log_loss"]["value"] == pytest.approx(np.log(3))


def test_probability_columns_named_by_codes_with_a_prefix(trained):
    code = pd.Series(THREE_CLASSES).map({"walk": 1, "sit": 11, "run": 111})
    sample = pd.DataFrame({"id": IDS, "c1": 0.0, "c11": 0.0, "c111": 0.0})
    run = trained(THREE_CLASSES, sample, code=code)
    np.testing.assert_array_equal(submission(run)[["c111", "c11", "c1"]].to_numpy(), probabilities(run))


def test_two_classes_with_a_column_each(trained):
    run = trained([0, 1] * 8, pd.DataFrame({"won_1": 0.5, "id": IDS, "won_0": 0.5}))
    made = submission(run)
    assert tuple(made.columns) == ("won_1", "id", "won_0")
    np.testing.assert_array_equal(made[["won_0", "won_1"]].to_numpy(), probabilities(run))


@pytest.mark.parametrize("value", [0.5, 0])
def test_probability_of_the_second_of_two_classes(trained, value):
    run = trained(["no", "yes"] * 8, pd.DataFrame({"id": IDS, "label": value}))
    np.testing.assert_array_equal(submission(run)["label"].to_numpy(), probabilities(run)[:, 1])


def test_real_values_and_one_members(trained, tmp_path):
    run = trained(np.linspace(0, 3, 24), pd.DataFrame({"id": SHUFFLED, "label": 0}), metric="rmse")
    made = submission(run, "one")
    there = [IDS.index(i) for i in SHUFFLED]
    np.testing.assert_array_equal(made["label"], run.test_predictions("one")[there].astype(np.float64))
    write_submission(run, tmp_path / "out.csv", member="one")
    assert read(tmp_path / "out.csv").equals(made)


def test_written_rows_sum_to_one_in_float64(trained, tmp_path):
    run = trained(THREE_CLASSES, pd.DataFrame({"id": IDS, **dict.fromkeys(CLASSES, 0)}))
    write_submission(run, tmp_path / "out.csv")
    made = read(tmp_path / "out.csv")[list(CLASSES)]
    np.testing.assert_allclose(made.sum(axis=1), 1, rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", ["my.sample.csv", "sample.csv.gz", "sample_submission.parquet"])
def test_sample_file_of_any_ending(trained, name):
    sample = pd.DataFrame({"id": SHUFFLED, "label": "walk"})
    run = trained(THREE_CLASSES, sample, metric="accuracy", sample_file=name)
    assert submission(run)["id"].tolist() == list(SHUFFLED)


def test_without_a_sample_columns_follow_the_metric(trained):
    run = trained(THREE_CLASSES)
    assert tuple(submission(run).columns) == ("id", *CLASSES)


def test_without_a_sample_labels_under_the_name_of_the_target(trained):
    made = submission(trained(THREE_CLASSES, metric="accuracy"))
    assert tuple(made.columns) == ("id", "label")
    assert made["id"].tolist() == list(IDS)
    assert set(made["label"]) <= set(CLASSES)


def test_rows_without_ids_keep_the_order_and_index_of_the_sample(trained, tmp_path):
    sample = pd.DataFrame({"row": range(100, 108), **dict.fromkeys(CLASSES, 0)})
    run = trained(THREE_CLASSES, sample, ids=None)
    made = submission(run)
    assert made["row"].tolist() == [str(i) for i in range(100, 108)]
    np.testing.assert_array_equal(made[list(CLASSES)], probabilities(run, run.test_ids))


def test_nameless_index_column_is_written_as_it_was(trained, tmp_path):
    sample = pd.DataFrame({"": range(8), "label": "sit"})
    run = trained(THREE_CLASSES, sample, metric="accuracy", ids=None)
    write_submission(run, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().startswith(",label\n0,")


def test_sample_without_any_id_column(trained, tmp_path):
    run = trained(THREE_CLASSES, pd.DataFrame(0, index=range(8), columns=list(CLASSES)), ids=None)
    write_submission(run, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().startswith("run,sit,walk\n0.")


@pytest.mark.parametrize(
    ("sample", "says"),
    [
        (pd.DataFrame({"row": [3, 1, 0, 2, 4, 5, 6, 7], "label": "sit"}), "goes back from 3 to 1 in line 3"),
        (pd.DataFrame({"row": range(7), "label": "sit"}), "7 rows, the test set 8"),
        (pd.DataFrame({"row": range(8), "label": "swim"}), "swim, which name no class"),
        (pd.DataFrame({"row": range(8), "run": 0, "sit": 0}), "none for walk"),
        (pd.DataFrame({"row": range(8), "run": 0, "sit": 0, "walk": 0, "fly": 0}), "fly named as no class"),
    ],
)
def test_sample_that_does_not_fit_is_refused_before_training(trained, tmp_path, sample, says):
    with pytest.raises(BadInput, match=says):
        trained(THREE_CLASSES, sample, metric="accuracy", ids=None)
    assert not (tmp_path / "run").exists()


def test_sample_with_other_ids_is_refused_with_its_lines(trained, tmp_path):
    sample = pd.DataFrame({"id": (*IDS[:-1], "14"), "label": "sit"})
    with pytest.raises(BadInput, match=r"line 9: 14.*not in the sample \(014\)"):
        trained(THREE_CLASSES, sample, metric="accuracy")
    assert not Path(tmp_path / "run").exists()


def test_array_without_ids_follows_the_rows_of_the_sample(tmp_path):
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 8)
    np.save(tmp_path / "train.npy", rng.normal(size=(16, 10, 2)) + 9 * y[:, None, None])
    np.save(tmp_path / "test.npy", rng.normal(size=(3, 10, 2)) + 9 * np.array([0, 1, 1])[:, None, None])
    pd.DataFrame({"label": np.where(y, "on", "off")}).to_csv(tmp_path / "labels.csv", index=False)
    pd.DataFrame({"label": ["on"] * 3}).to_csv(tmp_path / "sample.csv", index=False)
    files = {"train": "train.npy", "labels": "labels.csv", "test": "test.npy", "sample": "sample.csv"}
    recipe = {
        "data": {"kind": "windows", "folder": str(tmp_path), "target": "label", **files},
        "metric": "accuracy",
        "folds": {"kind": "stratified", "k": 2},
        "members": {"one": {"model": "logistic"}},
    }
    write_submission(train(recipe, tmp_path / "run"), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "label\noff\non\non\n"
