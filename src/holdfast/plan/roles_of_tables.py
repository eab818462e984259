"""Readings of a folder of tables: one row a sample, or many rows an id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from holdfast.plan.answers import Answers
from holdfast.plan.clock import find_clock, one_row_a_sample
from holdfast.plan.look import Files, TableFile
from holdfast.plan.roles import (
    ID_WORDS,
    SAME,
    Roles,
    can_name,
    common,
    id_candidates,
    names_in,
    rate_id,
    rate_names,
)
from holdfast.plan.sample import describe, form_of

SHARED = 0.8  # share of a test file's columns that the training inputs must have too


def readings_of_tables(files: Files, answers: Answers) -> list[Roles]:
    """Every reading that the contents allow, each with its score."""
    readings = _readings(files, answers, id_candidates(files.tables, answers))
    if any(reading.id is not None for reading in readings) or answers.said("id"):
        return readings
    return readings + _readings(files, answers, _repeated(files.tables))


def _readings(files: Files, answers: Answers, ids: list[str | None]) -> list[Roles]:
    readings = []
    for id_column in ids:
        for train in files.tables:
            for inputs in _inputs(train, id_column, answers):
                for labelled in _with_labels(inputs, files.tables, answers):
                    for tested in _with_test(labelled, files.tables):
                        readings += list(with_sample(tested, files.tables))
    for reading in readings:
        _explain(reading)
    return [reading for reading in readings if _holds(reading)]


def _repeated(tables: list[TableFile]) -> list[str | None]:
    """Columns that could name the samples of long tables where no file has one row a sample."""
    found: dict[str | None, None] = {}
    for table in tables:
        shared = {column for other in tables if other is not table for column in other.columns}
        for column in table.columns:
            if (column in shared or ID_WORDS.search(column)) and can_name(table.frame[column]):
                found[column] = None
    return list(found)


def _inputs(train: TableFile, id_column: str | None, answers: Answers) -> Iterator[Roles]:
    if id_column is not None and (id_column not in train.columns or train.frame[id_column].isna().any()):
        return
    kind = "table" if train.one_row_each(id_column) else "windows"
    if answers.kind in (None, kind) and train.others(id_column):
        yield Roles(kind, train, train, id=id_column)


def _with_labels(found: Roles, tables: list[TableFile], answers: Answers) -> Iterator[Roles]:
    """Targets inside the inputs, or in a table beside them that has the same ids and something new."""
    train = found.train
    assert isinstance(train, TableFile)
    long = found.kind == "windows"
    inside = one_row_a_sample(train, str(found.id)) if long else train
    enough = inside.others(found.id) and len(train.others(found.id)) >= 2
    if enough and answers.target in (None, *inside.columns):
        yield Roles(found.kind, train, inside, id=found.id)
    for labels in tables:
        if labels is train or (found.id is not None and found.id not in labels.columns):
            continue
        new = [column for column in labels.others(found.id) if column not in train.columns]
        if not new or (answers.target is not None and answers.target not in new):
            continue
        if found.id is None:
            same = len(labels) == len(train)
        else:
            same = (
                labels.one_row_each(found.id)
                and common(train.distinct(found.id), labels.distinct(found.id)) >= SAME
            )
        if same:
            yield Roles(found.kind, train, labels, labels=labels, id=found.id, score=2.0)


def _with_test(found: Roles, tables: list[TableFile]) -> Iterator[Roles]:
    """Without test inputs, or with a table of the same columns that lacks some beside the targets."""
    yield found
    train = found.train
    assert isinstance(train, TableFile)
    for test in tables:
        if test in (train, found.labels) or (found.id is not None and found.id not in test.columns):
            continue
        columns = test.others(found.id)
        shared = sum(column in train.columns for column in columns) / len(columns) if columns else 1.0
        lacking = [column for column in found.side.others(found.id) if column not in test.columns]
        if shared < SHARED or not lacking or test.one_row_each(found.id) != train.one_row_each(found.id):
            continue
        overlap = common(train.distinct(found.id), test.distinct(found.id)) if found.id is not None else 0.5
        if (
            overlap >= SAME
            and found.id is not None
            and not pd.api.types.is_integer_dtype(train.frame[found.id])
        ):
            continue
        larger = len(train) >= len(test)
        score = found.score + 3.0 + shared - 2 * overlap + 0.5 * larger
        yield replace(found, test=test, score=score, why={})


def with_sample(found: Roles, tables: list[TableFile]) -> Iterator[Roles]:
    """Without a sample, or with a table that has a row for each test id and prediction columns."""
    train, test = found.train, found.test
    assert isinstance(train, TableFile)
    yield found
    for sample in tables:
        if sample in (train, test, found.labels):
            continue
        id_column = found.id
        if id_column is None:
            first = sample.columns[0]
            id_column = first if len(sample.columns) > 1 and sample.one_row_each(first) else None
        elif id_column not in sample.columns or not sample.one_row_each(id_column):
            continue
        if not _same_samples(found, sample):
            continue
        form = form_of(
            sample,
            found.side,
            id_column,
            set(test.others(found.id)) if isinstance(test, TableFile) else set(),
        )
        if form is not None:
            score = found.score + form.evidence
            yield replace(found, sample=sample, form=form, score=score, why={})


def _same_samples(found: Roles, sample: TableFile) -> bool:
    """Whether a sample's rows can be the test part's (without one: other samples than train's)."""
    assert isinstance(found.train, TableFile)
    if isinstance(found.test, TableFile):
        if found.id is None:
            return len(sample) == len(found.test)
        return common(sample.distinct(found.id), found.test.distinct(found.id)) >= SAME
    return found.id is not None and common(sample.distinct(found.id), found.train.distinct(found.id)) < SAME


def _holds(found: Roles) -> bool:
    """Whether many rows an id are windows: some file has one row an id, or a clock runs within it."""
    assert isinstance(found.train, TableFile)
    if found.kind == "table":
        return True
    id_column = str(found.id)
    moving = [
        column for column in found.train.others(id_column) if column not in found.side.columns or found.labels
    ]
    if not moving:
        return False
    return bool(found.labels or found.sample) or find_clock(found.train, id_column, moving) is not None


def _explain(found: Roles) -> None:
    """Adds the points for names and id, and says why each file plays its part."""
    used = [file for file in found.named().values() if isinstance(file, TableFile)]
    found.score += rate_names(dict(found.named())) + rate_id(found.id, used)
    train, id_column = found.train, found.id
    assert isinstance(train, TableFile)
    if found.kind == "windows":
        each = len(train) / max(len(train.distinct(id_column)), 1)
        found.why["kind"] = f"{train.name} has many rows an id, {each:.0f} on average"
    else:
        found.why["kind"] = f"{train.name} has one row a sample"
    found.why["train"] = "inputs" if found.labels is not None else "inputs and targets"
    if found.labels is not None:
        found.why["labels"] = (
            f"the ids of {train.name}, and columns that it has not" if id_column else "as many rows"
        )
    if found.test is not None:
        found.why["test"] = (
            f"the columns of {train.name}, other ids" if id_column else f"the columns of {train.name}"
        )
    if found.sample is not None and found.form is not None:
        found.why["sample"] = describe(found.form)
    if id_column is not None:
        found.why["id"] = names_in(used)
