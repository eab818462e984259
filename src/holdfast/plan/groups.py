"""Which column says that samples belong together: a person, an event, a machine."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
import pandas as pd

from holdfast.data.columns import groups_of, ids_of
from holdfast.errors import BadInput
from holdfast.plan.answers import Answers, Found, question
from holdfast.plan.clock import row_numbers
from holdfast.plan.look import TableFile, is_number
from holdfast.plan.roles import NAMELESS, Roles, can_name, common
from holdfast.recipe.strict import nearest

GROUP_WORDS = re.compile(
    r"subject|person|people|user|patient|participant|individual|player|driver|group|event|session|recording|worker"
    r"|device|machine|site|환자|사람|피험자|그룹",
    re.IGNORECASE,
)
ENOUGH = 5  # groups from which the usual five folds can be made
ROWS_EACH = 2  # samples that a group holds on average, at least
EVEN = (
    3  # times the median size that the largest group of photos may have, where its column has no telling name
)


def find_group(
    roles: Roles, target: str | None, kind: str | None, answers: Answers, attributes: Collection[str] = (),
    words: re.Pattern[str] = GROUP_WORDS,
) -> Found:  # fmt: skip
    """The group column with the reason, None where none is seen, or a question between equals.

    `attributes`: columns that make up the target, and are no groups. `words`: usual names of groups.
    """
    if answers.said("group"):
        return _answered(roles, target, answers)
    candidates = [column for column in _candidates(roles, answers) if column not in (target, *attributes)]
    if target is None:  # then any of them could be the target
        candidates = [column for column in candidates if words.search(column)]
    else:
        values = roles.side.frame[target]
        candidates = [column for column in candidates if not follows(roles.side.frame[column], values, kind)]
    if roles.photos is not None:
        candidates = [column for column in candidates if _is_no_property(roles, column, candidates)]
    if not candidates:
        return Found(
            None, "no column with repeated values that the test part lacks; samples count as independent"
        )
    sizes = {column: len(roles.side.different(column)) for column in candidates}
    enough = [column for column in candidates if sizes[column] >= ENOUGH] or candidates
    named = [column for column in enough if words.search(column)] or enough
    for column in sorted(named, key=sizes.__getitem__):
        others = [roles.side.frame[other] for other in named if other != column]
        if all(nested(other, roles.side.frame[column]) for other in others):
            return Found(
                column, _reason(roles, column, sizes[column], [c for c in candidates if c != column])
            )
    return question(
        f"which column's values must not stand on both sides of a split (or null): {', '.join(named)}"
    )


def follows(column: pd.Series, target: pd.Series, kind: str | None) -> bool:
    """Whether the target decides a column: its other name, a coarser set of classes, bins of a value."""
    if kind == "classes":
        return nested(target, column)
    order = np.argsort(target.to_numpy(), kind="stable")
    codes = pd.factorize(column)[0][order]
    return int((np.diff(codes) != 0).sum()) == codes.max()


def nested(fine: pd.Series, coarse: pd.Series) -> bool:
    """Whether each value of `fine` goes with one value of `coarse`."""
    fine_codes, coarse_codes = pd.factorize(fine)[0], pd.factorize(coarse)[0]
    pairs = np.unique(np.stack([fine_codes, coarse_codes]), axis=1)
    return pairs.shape[1] == len(np.unique(fine_codes))


def one_to_one(a: pd.Series, b: pd.Series) -> bool:
    return nested(a, b) and nested(b, a)


def _candidates(roles: Roles, answers: Answers) -> list[str]:
    """Columns with repeated whole numbers or texts that test samples lack, or have with other values."""
    side, there = roles.side, roles.test_columns
    taken = {answers.column(option) for option in ("target", "time", "order")}
    found = []
    for column in side.others(roles.id):
        values = side.frame[column]
        if column in taken or NAMELESS.match(column) or not can_name(values) or row_numbers(values):
            continue
        if not 2 <= len(side.different(column)) <= len(side) / ROWS_EACH:
            continue
        named = bool(GROUP_WORDS.search(column))
        if there is None:
            fits = named or roles.labels is not None
        else:
            fits = column not in there or (named and _other_values_in_test(roles, column))
        if fits:
            found.append(column)
    return found


def _other_values_in_test(roles: Roles, column: str) -> bool:
    for table in (roles.test, roles.test_ids):
        if isinstance(table, TableFile) and column in table.columns:
            return common(roles.side.distinct(column), table.distinct(column)) == 0
    return False


def _is_no_property(roles: Roles, column: str, candidates: list[str]) -> bool:
    """Whether a column of photos could say who is in them, and not what: an age, a sex or a size has other values.

    By its name; else by many groups of like size, none of them a number that a finer group has.
    """
    assert roles.photos is not None
    if GROUP_WORDS.search(column) or column == roles.photos.path:
        return True
    values = roles.side.frame[column]
    counts = values.value_counts()
    if roles.photos.exploded or len(counts) < ENOUGH or counts.max() > EVEN * counts.median():
        return False
    finer = (roles.side.frame[other] for other in candidates if other != column)
    return not (
        is_number(values) and any(nested(other, values) and not nested(values, other) for other in finer)
    )


def _reason(roles: Roles, column: str, size: int, others: list[str]) -> str:
    there = roles.test_columns
    if there is None:
        where = "by its name" if GROUP_WORDS.search(column) else f"it stands in {roles.side.name}"
    else:
        where = "the test part has others" if column in there else "the test part lacks it"
    beside = f"; not {', '.join(others[:3])}" if others else ""
    return f"{size:,} values over {len(roles.side):,} samples, and {where}{beside}"


def _answered(roles: Roles, target: str | None, answers: Answers) -> Found:
    column = answers.column("group")
    if column is None:
        return Found(None, "samples count as independent", given=True)
    side = roles.side
    if column not in side.columns:
        raise BadInput(
            f"--group {column}: {side.name}, which holds the targets, has no such column;"
            f" {nearest(column, side.columns)}"
        )
    if column in (target, roles.id):
        what = "target" if column == target else "id"
        raise BadInput(f"--group {column}: this column is the {what}; name another, or none")
    ids = ids_of(side.path, side.frame, roles.id if side.one_row_each(roles.id) else None)
    groups = groups_of(side.path, side.frame, ids, column)
    return Found(column, f"{len(np.unique(groups)):,} values over {len(side):,} samples", given=True)
