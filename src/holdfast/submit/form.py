"""The form of a run's submission: the sample's, or a plain default."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np

from holdfast.data.files import TABLE_ENDINGS
from holdfast.data.sample import SampleForm, Style, read_sample
from holdfast.recipe.target import TargetSpec
from holdfast.store.run import Run

DEFAULT_ID = "id"  # where neither the recipe nor a sample names the column


def target_of(run: Run) -> TargetSpec:
    """What the run predicts."""
    return TargetSpec.model_validate(run.scores["target"])


def predicts_grids(run: Run) -> bool:
    return target_of(run).kind == "grid"


def sample_of(run: Run) -> Path | None:
    """The run's own copy of the sample file; None where its recipe names none."""
    files = [run.path / f"sample{ending}" for ending in TABLE_ENDINGS]
    return next((file for file in files if file.is_file()), None)


def form_of(run: Run) -> SampleForm:
    """The form that the run's submission follows. Raises BadInput where the sample does not fit the run."""
    target, probabilities = target_of(run), bool(run.scores["of_probabilities"])
    id_column = run.recipe["data"]["id"]
    sample = sample_of(run)
    if sample is not None:
        return read_sample(sample, target, run.test_ids, id_column, probabilities)
    return default_form(target, run.test_ids, id_column, probabilities)


def default_form(
    target: TargetSpec, test_ids: np.ndarray, id_column: str | None, probabilities: bool
) -> SampleForm:
    """The id, then the target's column; or a column a class, where the metric scores probabilities; or a pixel."""
    first, rows = id_column or DEFAULT_ID, np.arange(len(test_ids))
    if target.kind == "grid":
        pixels = (f"px_{number}" for number in range(prod(target.shape)))
        return SampleForm((first, *pixels), first, test_ids, rows, "grid")
    style: Style = "value" if target.kind == "real" else "probabilities" if probabilities else "label"
    columns = target.names if style == "probabilities" else (target.column,)
    return SampleForm((first, *columns), first, test_ids, rows, style, target.names)
