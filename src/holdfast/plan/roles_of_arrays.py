"""Readings of a folder with arrays of windows: tables beside them have as many rows, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from holdfast.errors import BadInput
from holdfast.plan.answers import Answers
from holdfast.plan.look import ArrayFile, Files, TableFile
from holdfast.plan.roles import SAME, Roles, common, id_candidates, names_in, rate_id, rate_names
from holdfast.plan.sample import describe, form_of


def readings_of_arrays(files: Files, answers: Answers) -> list[Roles]:
    """Every reading that the shapes and ids allow, each with its score."""
    arrays = [
        array for array in files.arrays if len(array.shape) in (2, 3) and array.array.dtype.kind in "fiu"
    ]
    readings = []
    for id_column in id_candidates(files.tables, answers):
        for train in arrays:
            for labelled in _with_labels(train, files.tables, id_column, answers):
                for tested in _with_test(labelled, arrays, files.tables):
                    readings += list(_with_sample(tested, files.tables))
    for reading in readings:
        _explain(reading)
    if arrays and not readings and answers.kind == "windows":
        raise BadInput(
            f"{files.folder}: no table has as many rows as an array has windows; seen:\n{files.seen()}"
        )
    return readings


def _with_labels(
    train: ArrayFile, tables: list[TableFile], id_column: str | None, answers: Answers
) -> Iterator[Roles]:
    for labels in tables:
        if len(labels) != len(train) or not labels.others(id_column):
            continue
        if id_column is not None and (id_column not in labels.columns or not labels.one_row_each(id_column)):
            continue
        if answers.target in (None, *labels.columns):
            yield Roles("windows", train, labels, labels=labels, id=id_column)


def _with_test(found: Roles, arrays: list[ArrayFile], tables: list[TableFile]) -> Iterator[Roles]:
    """Without a test part, with a test array, and with a table of its ids (less some labels' columns)."""
    yield found
    for test in arrays:
        if test is found.train or test.shape[1:] != found.train.shape[1:]:  # type: ignore[union-attr]
            continue
        score = 3.0 + 0.5 * (len(found.train) >= len(test))
        yield replace(found, test=test, score=score, why={})
        for ids in tables:
            lacking = set(found.side.others(found.id)) - set(ids.columns)
            known = set(ids.columns) <= set(found.side.columns)
            if (
                ids is found.labels
                or len(ids) != len(test)
                or not lacking
                or not known
                or not _names(ids, found)
            ):
                continue
            yield replace(found, test=test, test_ids=ids, score=score + 1.0, why={})


def _names(table: TableFile, found: Roles) -> bool:
    """Whether a table names other samples than the training ones, each once."""
    if found.id is None:
        return True
    if found.id not in table.columns or not table.one_row_each(found.id):
        return False
    numbered = pd.api.types.is_integer_dtype(found.side.frame[found.id])  # each file may count from 0
    return numbered or common(table.distinct(found.id), found.side.distinct(found.id)) < SAME


def _with_sample(found: Roles, tables: list[TableFile]) -> Iterator[Roles]:
    if found.test is None or found.test_ids is not None:
        yield found
    for sample in tables:
        if sample in (found.labels, found.test_ids) or found.id is None or not _names(sample, found):
            continue
        if found.test is not None and len(sample) != len(found.test):
            continue
        ids = found.test_ids
        if ids is not None and common(sample.distinct(found.id), ids.distinct(found.id)) < SAME:
            continue
        elsewhere = set(ids.others(found.id)) if ids is not None else set()
        form = form_of(sample, found.side, found.id, elsewhere)
        if form is not None:
            score = found.score + form.evidence
            yield replace(found, sample=sample, form=form, score=score, why={})


def _explain(found: Roles) -> None:
    """Adds the points for names and id, and says why each file plays its part."""
    train, labels, test = found.train, found.labels, found.test
    assert isinstance(train, ArrayFile)
    assert labels is not None
    used = [file for file in found.named().values() if isinstance(file, TableFile)]
    found.score += rate_names(dict(found.named())) + rate_id(found.id, used)
    found.why["kind"] = f"{train.name} is an array {train.shape}"
    found.why["train"] = "inputs"
    found.why["labels"] = f"{len(labels):,} rows, as many as {train.name} has windows"
    if test is not None:
        found.why["test"] = f"an array of the same windows, {len(test):,} of them"
    if found.test_ids is not None and test is not None:
        found.why["test_ids"] = f"{len(found.test_ids):,} rows, as many as {test.name} has windows"
    if found.sample is not None and found.form is not None:
        found.why["sample"] = describe(found.form)
    if found.id is not None:
        found.why["id"] = names_in(used)
