"""Equal inputs with other labels, and their clean twins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.check.base import Seen
from holdfast.check.conflicts import ConflictingLabels
from holdfast.data.dataset import Dataset
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.testing.samples import CLASSES, GRID, REAL, tiny_data


def seen(data: Dataset, target: TargetSpec = CLASSES) -> Seen:
    return Seen(Recipe.model_construct(folds=None), data, target)


@pytest.mark.parametrize("kind", ["table", "windows", "images"])
def test_equal_inputs_with_other_labels_are_found(kind: str) -> None:
    data = tiny_data(kind, groups=20)
    source = np.array(data.source)
    source[10] = source[30]  # of class 1 and 0
    source[11] = source[50]  # both of class 2
    one = ConflictingLabels().run(seen(replace(data, source=source)))
    assert one.status == "found"
    assert one.ids == (("s030", "s010"),)
    assert ConflictingLabels().run(seen(data)).status == "passed"


def test_equal_inputs_with_other_values_are_found() -> None:
    data = tiny_data("table", "real", groups=20)
    source = np.array(data.source)
    source[10], source[11] = source[12], source[8]
    one = ConflictingLabels().run(seen(replace(data, source=source), REAL))
    assert one.total == 1
    assert set(one.ids[0]) == {"s010", "s012"}


def test_coarse_inputs_conflict_without_alarm() -> None:
    data = tiny_data("table", groups=20)
    one = ConflictingLabels().run(seen(replace(data, source=np.sign(data.source))))
    assert (one.status, one.severity) == ("found", "info")


def test_blank_samples_do_not_conflict() -> None:
    data = tiny_data("windows")
    source = np.array(data.source)
    source[:3] = 0
    assert ConflictingLabels().run(seen(replace(data, source=source))).status == "passed"


def test_grids_do_not_conflict() -> None:
    assert ConflictingLabels().run(seen(tiny_data("frames"), GRID)).status == "not applicable"
