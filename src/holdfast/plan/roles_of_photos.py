"""Readings of a folder with photos that the rows of a table name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from holdfast.plan.answers import Answers
from holdfast.plan.look import Files, TableFile
from holdfast.plan.photos import Home, PhotoParts, Photos
from holdfast.plan.roles import SAME, Roles, can_name, common, names_in, rate_id, rate_names
from holdfast.plan.roles_of_photo_folders import explain_folders, of_folders, rate_folder
from holdfast.plan.roles_of_tables import with_sample
from holdfast.plan.sample import describe


def readings_of_photos(files: Files, answers: Answers) -> list[Roles]:
    """Every reading that photos, tables and ids allow, each with its score; folders count where no table names photos."""
    if not files.photos:
        return []
    readings = list(_of_tables(files, answers)) or list(of_folders(files))
    for reading in readings:
        _explain(reading)
    return readings


def _of_tables(files: Files, answers: Answers) -> Iterator[Roles]:
    for train in files.tables:
        for path in train.columns:
            for home in _homes(files.photos, train, path):
                for id_column in _ids(train, path, files.tables, answers):
                    found = Roles(
                        "images", train, train, id=id_column, photos=PhotoParts(files.photos, path, home)
                    )
                    for labelled in _with_labels(found, files.tables, answers):
                        for tested in _with_test(labelled, files.tables):
                            for sampled in with_sample(tested, files.tables):
                                yield from _sample_as_test(sampled)


def _homes(photos: Photos, table: TableFile, column: str) -> list[Home]:
    """Where a column's values name photos, each row its own."""
    if not can_name(table.frame[column]) or not table.one_row_each(column):
        return []
    return photos.homes(table.distinct(column))


def _ids(train: TableFile, path: str, tables: list[TableFile], answers: Answers) -> list[str | None]:
    """The column of paths, and others that name rows here and stand in another table."""
    if answers.said("id"):
        said = answers.column("id")
        return [said] if said is None or (said in train.columns and train.one_row_each(said)) else []
    elsewhere = {column for table in tables if table is not train for column in table.columns}
    others = [
        column
        for column in train.others(path)
        if column in elsewhere and can_name(train.frame[column]) and train.one_row_each(column)
    ]
    return [path, *others]


def _with_labels(found: Roles, tables: list[TableFile], answers: Answers) -> Iterator[Roles]:
    """Targets beside the paths, or in a table with the same ids."""
    train, parts = found.train, found.photos
    assert isinstance(train, TableFile)
    assert parts is not None
    beside = [
        column
        for column in train.others(found.id)
        if column != parts.path and len(train.different(column)) > 1  # a sample says the same of all
    ]
    if beside and (answers.target is None or answers.target in beside):
        yield _exploded(found)
    for labels in tables:
        if labels is train or found.id is None or found.id not in labels.columns or parts.exploded:
            continue
        new = [column for column in labels.others(found.id) if column not in train.columns]
        if not new or (answers.target is not None and answers.target not in new):
            continue
        if (
            labels.one_row_each(found.id)
            and common(train.distinct(found.id), labels.distinct(found.id)) >= SAME
        ):
            yield replace(found, side=labels, labels=labels, score=2.0, why={})


def _with_test(found: Roles, tables: list[TableFile]) -> Iterator[Roles]:
    """Without a test part, or with a table that names other photos and lacks some columns."""
    yield found
    train, parts = found.train, found.photos
    assert isinstance(train, TableFile)
    assert parts is not None
    assert parts.path is not None
    for test in tables:
        needed = {parts.path, *([found.id] if found.id else [])}
        known = set(train.columns) | set(found.side.columns)
        lacking = set(found.side.columns) - set(test.columns) - needed
        if test in (train, found.labels) or not needed <= set(test.columns) or not lacking:
            continue
        if not set(test.columns) <= known:
            continue
        for home in _homes(parts.photos, test, parts.path):
            tested = _tested(found, test, home)
            if tested is not None:
                yield replace(tested, score=tested.score + 1.0)


def _sample_as_test(found: Roles) -> Iterator[Roles]:
    """The reading itself; where its sample alone names the test photos, with the sample as the test part too."""
    yield found
    sample, parts = found.sample, found.photos
    assert parts is not None
    if found.test is not None or sample is None or parts.path is None or parts.path not in sample.columns:
        return
    needed = list(dict.fromkeys(column for column in (found.id, parts.path) if column))
    names = TableFile(sample.path, sample.frame[needed], sample.place)
    for home in _homes(parts.photos, names, parts.path):
        tested = _tested(found, names, home)
        if tested is not None:
            yield tested


def _tested(found: Roles, test: TableFile, home: Home) -> Roles | None:
    """The reading with this test part, unless that names the training photos."""
    parts, train = found.photos, found.train
    assert parts is not None
    assert isinstance(train, TableFile)
    same = home.folder == parts.images.folder and home.form == parts.images.form
    if same and common(train.distinct(parts.path), test.distinct(parts.path)) > 0:
        return None
    score = found.score + 3.0 + 0.5 * (len(train) >= len(test)) + rate_folder(home.folder, "test")
    return _exploded(replace(found, test=test, photos=replace(parts, test_images=home), score=score, why={}))


def _exploded(found: Roles) -> Roles:
    """Where rows name folders, a row for each photo instead; test photos get the ids that the reader gives them."""
    parts = found.photos
    assert parts is not None
    assert parts.path is not None
    if parts.exploded and found.test is None:
        side, _ = _rows_of_photos(found.side, parts, parts.images)
        return replace(found, side=side, why={})
    if (
        parts.test_images is not None
        and parts.test_images.form == "folder"
        and isinstance(found.test, TableFile)
    ):
        test, names = _rows_of_photos(found.test, parts, parts.test_images)
        if found.id is not None:
            test = TableFile(test.path, test.frame.assign(**{found.id: names}), test.place)
        return replace(found, test=test, why={})
    return found


def _rows_of_photos(table: TableFile, parts: PhotoParts, home: Home) -> tuple[TableFile, list[str]]:
    inside = [
        [f"{value}/{name}" for name in parts.photos.below(f"{home.folder}/{value}".strip("/"))]
        for value in table.frame[parts.path].astype(str).str.rstrip("/")
    ]
    rows = np.repeat(np.arange(len(table)), [len(names) for names in inside])
    frame = table.frame.iloc[rows].reset_index(drop=True)
    return TableFile(table.path, frame, table.place), [name for names in inside for name in names]


def _explain(found: Roles) -> None:
    """Adds the points for names and id, and says why each file plays its part."""
    parts, train = found.photos, found.train
    assert parts is not None
    assert isinstance(train, TableFile)
    tables = [file for file in found.named().values() if isinstance(file, TableFile)]
    if parts.path is None:
        explain_folders(found, parts)
    else:
        found.score += rate_names(dict(found.named())) + rate_id(found.id, tables)
        found.score += rate_folder(parts.images.folder, "train") + 0.5 * (found.id == parts.path)
        found.why["kind"] = f"column {parts.path} of {train.name} names {parts.images.said}"
        found.why["train"] = "names the photos" + (
            "" if found.labels is not None else ", and says what they show"
        )
        found.why["images"] = f"{parts.images.share:.0%} of {train.name} is found there"
        found.why["path"] = f"names {parts.images.said}"
        if parts.test_images is not None:
            found.why["test"] = f"names {parts.test_images.said}, and lacks columns of {train.name}"
            found.why["test_images"] = "where those lie"
        if found.id is not None:
            found.why["id"] = names_in(tables)
    if found.labels is not None:
        found.why["labels"] = f"the ids of {train.name}, and columns that it has not"
    if found.sample is not None and found.form is not None:
        found.why["sample"] = describe(found.form)
        if found.test is not None and found.test.name == found.sample.name:
            found.why["test"] = (
                f"nothing else names the photos to predict, in {found.photos.test_images.folder}/"  # type: ignore[union-attr]
            )
