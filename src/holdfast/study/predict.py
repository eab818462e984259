"""Predictions of a finished run for new samples of any number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from holdfast.errors import BadInput
from holdfast.store.run import ENSEMBLE
from holdfast.study.deployed import deployed
from holdfast.study.predictions_file import check_rows, predictions_file, refuse_taken


def predict(
    run: str | Path,
    data: str | Path,
    output: str | Path,
    member: str = ENSEMBLE,
    ids: Path | None = None,
    force: bool = False,
    base: Path | None = None,
    report: Callable[[dict[str, Any]], None] = lambda event: None,
) -> int:
    """Write what a run, a refit or an unpacked pack says of the samples in `data`; returns how many there are.

    `data`: a file or folder in the form of the run's test or training data. `output`: .csv, .csv.gz, .parquet or .npy
    (ids beside it). `ids`: of an array, the table that names its rows. `base`: where the run's own data lie, for runs
    of old versions. Some samples are held in memory at a time. Raises BadInput, and then nothing is written.
    """
    path = Path(output)
    refuse_taken(path, force)
    found = deployed(run, member, base)
    target, done = found.form.target, 0
    with predictions_file(path, target, found.spec.id or "id", force) as writer:
        for part in found.stream(Path(data), ids):
            made = found.predict(part)[member]
            check_rows(part.ids, made, target)
            writer.add(part.ids, made)
            done += len(part)
            report({"event": "predicted", "samples": done})
        if not done:
            raise BadInput(f"{data}: holds no sample")
    return done
