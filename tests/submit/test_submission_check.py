"""Each fault of a submission file is found and named; a clean file passes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from holdfast.data.sample import SampleForm
from holdfast.errors import BadInput
from holdfast.submit.build import frame_of
from holdfast.submit.check import verify

IDS = np.array(["007", "008", "009"])
SHARES = SampleForm(("id", "no", "yes"), "id", IDS, np.arange(3), "probabilities", ("no", "yes"))
LABELS = SampleForm(("id", "label"), "id", IDS, np.arange(3), "label", ("no", "yes"))


@pytest.fixture
def saved(tmp_path):
    def save(frame):
        frame.to_csv(tmp_path / "out.csv", index=False)
        return tmp_path / "out.csv"

    return save


@pytest.fixture
def clean():
    return pd.DataFrame({"id": IDS, "no": [0.25, 0.5, 0.1], "yes": [0.75, 0.5, 0.9]})


def test_clean_file_passes(saved, clean):
    verify(saved(clean), SHARES)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (lambda f: f.assign(yes=[0.75, None, 0.9]), r"a value is missing in 1 lines: line 3 \(id 008\)"),
        (lambda f: f.assign(yes=[0.75, 0.4, 0.9]), r"do not sum to one in 1 lines: line 3 \(id 008\): 0.5, 0.4"),
        (lambda f: f.assign(yes=[0.75, "x", 0.9]), "expected finite numbers in 1 lines: line 3"),
        (lambda f: f.assign(no=[-0.25, 0.5, 0.1], yes=[1.25, 0.5, 0.9]), "not between 0 and 1 in 1 lines: line 2"),
        (lambda f: f.assign(id=["007", "8", "009"]), "other ids .* line 3: 8, expected 008"),
        (lambda f: f.iloc[[0, 2, 1]], "another order .* line 3: 009, expected 008"),
        (lambda f: f.iloc[:2], "has 2 rows, expected 3"),
        (lambda f: f[["id", "yes", "no"]], "column 2 is 'yes', expected 'no'"),
        (lambda f: f[["id", "no"]], "lacks yes"),
        (lambda f: f.assign(more=1), "has also more"),
    ],
)  # fmt: skip
def test_planted_fault_is_named(saved, clean, fault, says):
    with pytest.raises(BadInput, match=says):
        verify(saved(fault(clean)), SHARES)


def test_label_that_is_no_class(saved):
    verify(saved(pd.DataFrame({"id": IDS, "label": ["no", "yes", "no"]})), LABELS)
    with pytest.raises(BadInput, match=r"none of no, yes in 1 lines: line 4 \(id 009\): maybe"):
        verify(saved(pd.DataFrame({"id": IDS, "label": ["no", "yes", "maybe"]})), LABELS)


def test_predictions_that_are_not_finite_name_their_ids():
    with pytest.raises(BadInput, match="1 predictions are no finite numbers, of the ids 008"):
        frame_of(SHARES, np.array([[0.5, 0.5], [np.nan, 1], [0.1, 0.9]]))
