"""New frames, some samples at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.data.files import TABLE_ENDINGS
from holdfast.data.form import Form
from holdfast.data.frame_samples import Samples
from holdfast.data.frame_survey import refuse, survey
from holdfast.errors import BadInput

if TYPE_CHECKING:
    from holdfast.data.frames import Frames


def new_frames(spec: Frames, path: Path, form: Form, ids: Path | None) -> Iterator[Dataset]:
    """The samples of an array, a folder or a table, inputs alone or with what follows them. Raises BadInput.

    `ids`: of an array, the table that names its rows. What a table names is sought beside it, and in the places there
    that the recipe names. All frames are looked through first, as those of training were.
    """
    samples = _samples(spec, path, ids)
    inputs, leads = form.shape[0], form.target.shape[0]
    if samples.length not in (inputs, inputs + leads) or samples.size != form.shape[1:]:
        raise BadInput(
            f"{path}: samples hold {samples.length} frames of {samples.size} (h, w); expected {inputs} (or with those to"
            f" predict {inputs + leads}) of {form.shape[1:]}"
        )
    source = samples.source(0, inputs, spec.unit)
    refuse(survey(source, None), "test", samples.where, spec.unit.text)
    for start in range(0, len(source), form.rows):
        rows = np.arange(start, min(start + form.rows, len(source)))
        data = form.dataset(samples.ids[rows], source[rows])
        yield data if samples.place is None else replace(data, place=samples.place[rows])


def _samples(spec: Frames, path: Path, ids: Path | None) -> Samples:
    if ids is not None and path.name.endswith(TABLE_ENDINGS):
        raise BadInput(f"--ids: {path} is a table, which names its samples; leave --ids out")
    folder = path.absolute().parent
    alone = {"folder": str(folder), "test": path.name, "test_frames": None, "sample": None}
    if ids is not None:
        alone |= {"test": str(ids.absolute()), "test_frames": path.name}
    if ids is not None or not path.name.endswith(TABLE_ENDINGS):
        return spec.model_copy(update=alone).samples(Path(), "test", [])
    for place in dict.fromkeys([spec.test_frames, spec.frames, None]):
        if place is None or (folder / place).exists():
            try:
                return spec.model_copy(update={**alone, "test_frames": place}).samples(Path(), "test", [])
            except BadInput:
                if place is None:
                    raise
    raise AssertionError("the folder of the table is always tried")
