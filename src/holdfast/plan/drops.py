"""Which columns of the inputs are no features, each with its reason."""

from __future__ import annotations

import pandas as pd

from holdfast.data.columns import mirrors, some
from holdfast.errors import BadInput
from holdfast.plan.clock import row_numbers
from holdfast.plan.look import TableFile, is_number
from holdfast.plan.roles import NAMELESS, Roles
from holdfast.recipe.target import class_names, encode

HEAD = 1000  # rows that show most columns to have more values than there are classes

TEXT = "text, and only numbers are features yet"
COUNTS = "row numbers"
LACKS = "the test part lacks them"
MIRROR = "say the same as the target"


def find_features(roles: Roles, apart: set[str | None]) -> tuple[list[str], dict[str, list[str]]]:
    """The feature columns (or channels), and the columns to drop by reason.

    `apart`: id, time, group, order and target, which are no features anyway.
    """
    train = roles.train
    assert isinstance(train, TableFile)
    dropped: dict[str, list[str]] = {}
    features = []
    for column in train.columns:
        if column in apart:
            continue
        reason = _reason(roles, train, column)
        if reason is None:
            features.append(column)
        else:
            dropped.setdefault(reason, []).append(column)
    return features, dropped


def drop_mirrors(
    roles: Roles, features: list[str], dropped: dict[str, list[str]], target: str, kind: str
) -> list[str]:
    """The features that do not repeat the target; those that do join `dropped`."""
    inside = roles.side
    values = inside.frame[target]
    if roles.labels is not None or values.isna().any():  # the reader compares them once rows are matched
        return features
    if kind == "classes":
        names = class_names(values.astype(str))
        codes = encode(values.astype(str), names)
    else:
        codes = pd.to_numeric(values).to_numpy(dtype="float64")
    kept = []
    for column in features:
        if column not in inside.columns or (
            kind == "classes" and inside.frame[column][:HEAD].nunique() > len(names)
        ):
            kept.append(column)
        elif mirrors(inside.frame[column], codes, kind):
            dropped.setdefault(MIRROR, []).append(column)
        else:
            kept.append(column)
    return kept


def refuse_none_left(roles: Roles, features: list[str], dropped: dict[str, list[str]]) -> None:
    """Raises BadInput where nothing is left to learn from."""
    if features:
        return
    said = "; ".join(f"{some(columns)}: {reason}" for reason, columns in dropped.items())
    raise BadInput(
        f"{roles.train.path}: holds ids and targets, but no column to learn from"
        f" ({said or 'no other column'});"
        " expected numbers in columns, or an array of windows (.npy, .npz) beside it"
    )


def _reason(roles: Roles, train: TableFile, column: str) -> str | None:
    values = train.frame[column]
    there = roles.test_columns
    if there is not None and column not in there:
        return LACKS
    if NAMELESS.match(column) or row_numbers(values):
        return COUNTS
    in_test = roles.test.frame[column] if isinstance(roles.test, TableFile) else None
    if not is_number(values) or (in_test is not None and not is_number(in_test)):
        return TEXT
    return None
