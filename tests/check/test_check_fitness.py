"""Questions that data do not bear, and their clean twins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.check.base import KINDS, Seen
from holdfast.check.fitness import FewUnits, HopelessFolds, MetricOfSample, detectable, repeats_for
from holdfast.data.dataset import Dataset
from holdfast.folds.splitters import StratifiedGroup
from holdfast.folds.table import make_folds
from holdfast.metrics.classes import Accuracy, LogLoss, RocAuc
from holdfast.metrics.paired import corrected_error, t_interval
from holdfast.metrics.real import Rmse
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.testing.samples import CLASSES, GRID, REAL, tiny_data

TWO = TargetSpec(kind="classes", column="won", names=("0", "1"))


def seen(data: Dataset, metric: Any = None, target: TargetSpec = CLASSES, **more: Any) -> Seen:
    metric = metric or Accuracy()
    return Seen(Recipe.model_construct(folds=None, data=None, metric=metric), data, target, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_few_units_are_told(kind: str) -> None:
    target = GRID if kind == "frames" else CLASSES
    assert FewUnits().run(seen(tiny_data(kind), target=target)).status == "passed"
    one = FewUnits().run(seen(tiny_data(kind, groups=3, each=12), target=target))
    assert one.status == "found"
    assert "3 groups" in one.said


def wide(columns: int, groups: int) -> Dataset:
    n = groups * 20
    X = np.random.default_rng(0).normal(size=(n, columns)).astype(np.float32)
    names = tuple(f"c{i}" for i in range(columns))
    who = np.repeat([f"g{i}" for i in range(groups)], 20)
    return Dataset("table", np.arange(n).astype(str), X, names, np.arange(n) % 3, who)


@settings(max_examples=6, deadline=None)
@given(columns=st.integers(1, 30), groups=st.integers(5, 30))
def test_rows_of_one_group_count_once(columns: int, groups: int) -> None:
    one = FewUnits().run(seen(wide(columns, groups)))
    assert (one.status == "found") == (columns > groups)


def sample_of(folder: Path, frame: pd.DataFrame) -> Path:
    frame.to_csv(folder / "sample.csv", index=False)
    return folder / "sample.csv"


def against_sample(folder: Path, columns: dict[str, Any], metric: Any, target: TargetSpec = CLASSES) -> Any:
    data = tiny_data()
    frame = pd.DataFrame({"id": data.ids, **columns})
    recipe = Recipe.model_construct(
        folds=None, metric=metric, data=Recipe.model_construct(id="id")  # what is asked of it is its id
    )  # fmt: skip
    return MetricOfSample().run(Seen(recipe, data, target, data, sample_of(folder, frame)))


SHARES = dict.fromkeys(CLASSES.names, 1 / 3)


@pytest.mark.parametrize(
    ("columns", "metric", "target"),
    [
        ({"label": "sit"}, LogLoss(), CLASSES),
        (SHARES, Accuracy(), CLASSES),
        ({"won": 0.5}, Accuracy(), TWO),
    ],
)
def test_metric_that_the_sample_contradicts_is_found(
    tmp_path: Path, columns: dict[str, Any], metric: Any, target: TargetSpec
) -> None:
    one = against_sample(tmp_path, columns, metric, target)
    assert (one.status, one.severity) == ("found", "warning")


@pytest.mark.parametrize(
    ("columns", "metric", "target"),
    [
        ({"label": "sit"}, Accuracy(), CLASSES),
        (SHARES, LogLoss(), CLASSES),
        ({"won": 0.5}, RocAuc(), TWO),
        ({"won": 0}, Accuracy(), TWO),
        ({"won": 0}, LogLoss(), TWO),
        ({"value": 1.5}, Rmse(), REAL),
    ],
)
def test_metric_that_fits_the_sample_passes(
    tmp_path: Path, columns: dict[str, Any], metric: Any, target: TargetSpec
) -> None:
    assert against_sample(tmp_path, columns, metric, target).status == "passed"


def test_sample_of_other_classes_is_an_error(tmp_path: Path) -> None:
    one = against_sample(tmp_path, {"label": "fly"}, Accuracy())
    assert (one.status, one.severity) == ("found", "error")


def judged(person: float, groups: int = 10, repeats: int = 1) -> Any:
    """Two simulated members; how good the second is varies with the person by `person`."""
    rng = np.random.default_rng(1)
    data = tiny_data(groups=groups, each=300)
    folds = make_folds(StratifiedGroup(k=5, repeats=repeats), data, CLASSES, Path())
    right = np.eye(3)[data.target]
    who = np.unique(data.groups, return_inverse=True)[1]
    oof = {}
    for name, vary in (("a", 0.0), ("b", person)):
        level = 0.7 + vary * rng.uniform(-1, 1, groups)[who]
        p = level[:, None] * right + (1 - level[:, None]) / 3
        oof[name] = np.repeat(p[None], repeats, axis=0)
    return HopelessFolds().run(seen(data, LogLoss(), folds=folds, oof=oof))


def test_folds_that_cannot_tell_say_so() -> None:
    one = judged(0.28)
    assert (one.status, one.severity) == ("found", "warning")
    assert "repeats would still" in one.said


def test_even_folds_pass() -> None:
    assert judged(0.005).status == "passed"


@settings(max_examples=20, deadline=None)
@given(k=st.integers(3, 10), worth=st.floats(0.2, 5.0))
def test_repeats_that_would_do_do(k: int, worth: float) -> None:
    told = repeats_for(1.0, k, worth)
    if told is None:
        assert detectable(1.0, 20 * k, 1 / (k - 1)) > worth
    else:
        assert detectable(1.0, told * k, 1 / (k - 1)) <= worth
        assert told == 1 or detectable(1.0, (told - 1) * k, 1 / (k - 1)) > worth


def test_detectable_difference_lies_beyond_the_interval_of_nothing() -> None:
    differences = np.array([-1.0, 1.0, 0.5, -0.5, 0.0])
    error, freedom = corrected_error(differences, 0.25)
    _, high, _ = t_interval(0.0, error, freedom)
    assert detectable(float(differences.std(ddof=1)), 5, 0.25) > high
