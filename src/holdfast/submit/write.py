"""A submission file: written whole, read back, checked."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from holdfast.errors import BadInput
from holdfast.store.atomic import write_text
from holdfast.store.run import ENSEMBLE, Run
from holdfast.submit.build import submission
from holdfast.submit.check import verify
from holdfast.submit.form import form_of


def write_submission(
    run: Run, output: str | Path, force: bool = False, member: str = ENSEMBLE
) -> pd.DataFrame:
    """Write a run's submission as CSV, read the file back and check it against the sample; returns its rows.

    Raises BadInput, with nothing written, where `output` exists (but for `force`) or predictions do not
    follow the sample.
    """
    path = Path(output)
    if not path.name.endswith(".csv"):
        raise BadInput(f"{path}: a submission is a CSV file; give it a name that ends with .csv")
    if path.is_dir():
        raise BadInput(f"{path}: is a folder; give the name of a file, as in -o {path / 'submission.csv'}")
    if path.exists() and not force:
        raise BadInput(f"{path}: exists already; name another file with -o, or overwrite it with --force")
    frame = submission(run, member)
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    write_text(path, text.getvalue())
    verify(path, form_of(run))
    return frame
