"""From test predictions to the columns of a submission."""

from __future__ import annotations

import numpy as np
import pandas as pd

from holdfast.data.columns import some
from holdfast.data.sample import SampleForm
from holdfast.errors import BadInput
from holdfast.recipe.strict import nearest
from holdfast.store.run import ENSEMBLE, Run
from holdfast.submit.check import check
from holdfast.submit.form import form_of, predicts_grids


def submission(run: Run, member: str = ENSEMBLE) -> pd.DataFrame:
    """The submission of a run, or of one of its members: ids, order and columns as in the sample file.

    Ids are texts, as written in the sample. Raises BadInput where the run has no test predictions, they
    do not make a valid submission, or they are grids, which `submit.grids.grids_of` gives some lines at a time.
    """
    refuse_unknown(run, member)
    if predicts_grids(run):
        raise BadInput(
            f"{run.path}: predicts grids, too many columns for one frame; write_submission writes them, and"
            " holdfast.submit.grids.grids_of gives them some lines at a time"
        )
    form = form_of(run)
    frame = frame_of(form, run.test_predictions(member))
    check(frame, form, f"{run.path}, member {member}")
    return frame


def refuse_unknown(run: Run, member: str) -> None:
    """Raises BadInput where the run has no such member."""
    if member not in run.scores["members"]:
        raise BadInput(
            f"--member: {run.path} has no member {member!r}; {nearest(member, run.scores['members'])}"
        )


def frame_of(form: SampleForm, predictions: np.ndarray) -> pd.DataFrame:
    """Predictions of the test set `(n, classes)` or `(n,)` in the form of the sample, a line each."""
    said = predictions.astype(np.float64)[form.rows]
    bad = np.flatnonzero(~np.isfinite(said).reshape(len(said), -1).all(axis=1))
    if len(bad):
        raise BadInput(f"{len(bad)} predictions are no finite numbers, of the ids {some(form.ids[bad])}")
    by_column: dict[str, np.ndarray] = {} if form.id_column is None else {form.id_column: form.ids}
    for column, values in zip(_in_code_order(form), _values(form, said), strict=True):
        by_column[column] = values
    return pd.DataFrame({column: by_column[column] for column in form.header})


def _in_code_order(form: SampleForm) -> tuple[str, ...]:
    return form.written if form.style == "probabilities" else form.columns


def _values(form: SampleForm, said: np.ndarray) -> list[np.ndarray]:
    """One array for each column beside the id."""
    if form.style == "value":
        return [said.reshape(len(said))]
    if form.style == "label":
        return [np.array(form.written)[said.argmax(axis=1)]]
    shares = said / said.sum(axis=1, keepdims=True)
    return [shares[:, 1]] if form.style == "positive" else list(shares.T)
