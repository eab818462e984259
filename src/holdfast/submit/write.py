"""A submission file: written whole, read back, checked."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pandas as pd

from holdfast.errors import BadInput
from holdfast.store.atomic import write_bytes
from holdfast.store.run import ENSEMBLE, Run
from holdfast.submit.build import refuse_unknown, submission
from holdfast.submit.check import verify
from holdfast.submit.form import form_of, predicts_grids, target_of

ENDINGS = (".csv", ".csv.gz")


def write_submission(
    run: Run, output: str | Path, force: bool = False, member: str = ENSEMBLE
) -> pd.DataFrame:
    """Write a run's submission as CSV, read the file back and check it against the sample; returns its rows.

    Of grids, which are written and read back some lines at a time, the ids are returned. Raises BadInput, with
    nothing written, where `output` exists (but for `force`) or predictions do not follow the sample.
    """
    path = Path(output)
    if not path.name.endswith(ENDINGS):
        raise BadInput(
            f"{path}: a submission is a CSV file; give it a name that ends with .csv, or .csv.gz to pack it"
        )
    if path.is_dir():
        raise BadInput(f"{path}: is a folder; give the name of a file, as in -o {path / 'submission.csv'}")
    if path.exists() and not force:
        raise BadInput(f"{path}: exists already; name another file with -o, or overwrite it with --force")
    if predicts_grids(run):
        return _write_grids(run, path, member)
    frame = submission(run, member)
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    data = text.getvalue().encode()
    write_bytes(path, gzip.compress(data, mtime=0) if path.name.endswith(".gz") else data)
    verify(path, form_of(run))
    return frame


def _write_grids(run: Run, path: Path, member: str) -> pd.DataFrame:
    from holdfast.submit.grids import grids_of, verify_grids, write_grids

    refuse_unknown(run, member)
    form = form_of(run)
    write_grids(path, form, grids_of(run, form, member))
    verify_grids(path, form, target_of(run))
    return pd.DataFrame({form.id_column or "row": form.ids})
