"""How a sample submission writes predictions, which says what is wanted and often by which score."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from holdfast.plan.look import TableFile

# More different values than this in one column are no classes that a sample could have a column each for.
MOST_CLASSES = 1000


@dataclass(frozen=True)
class Form:
    """`probabilities`: a column a class of `target`; `one`: one column; `several`: several target columns.

    `target` is None where the one column of the sample has a name that the training part lacks.
    """

    kind: Literal["probabilities", "one", "several"]
    columns: tuple[str, ...]
    target: str | None
    constant: bool  # the same prediction in every row: what a sample is, and real labels are not
    fractions: bool  # numbers between the whole ones

    @property
    def evidence(self) -> float:
        """How strongly this form speaks for the file being the sample."""
        strength = {"probabilities": 4.0, "one": 3.0 if self.target else 1.0, "several": 2.0}[self.kind]
        return strength + self.constant


def form_of(sample: TableFile, side: TableFile, id_column: str | None, elsewhere: set[str]) -> Form | None:
    """The form of a sample, read beside the file that would hold the targets; None where it is no sample.

    `elsewhere`: columns of the test inputs, which no sample repeats.
    """
    columns = sample.others(id_column)
    if not columns or set(columns) & elsewhere:
        return None
    constant = all(len(sample.different(one)) + sample.frame[one].isna().any() <= 1 for one in columns)
    fractions = any(sample.fractions(column) for column in columns)
    here = [column for column in side.others(id_column) if column not in elsewhere]
    if len(columns) == 1:
        target = columns[0] if columns[0] in here else None
        return Form("one", tuple(columns), target, constant, fractions)
    if target := _column_with_values(side, here, columns):
        return Form("probabilities", tuple(columns), target, constant, fractions)
    if set(columns) <= set(here):
        return Form("several", tuple(columns), None, constant, fractions)
    return None


def _column_with_values(side: TableFile, candidates: list[str], names: list[str]) -> str | None:
    """The column whose different values are these names, with or without what all of them begin with."""
    start = len(os.path.commonprefix(names))  # noqa: RUF071 - letters are meant, not folders
    wanted = [set(names), {name[start:] for name in names}]
    for column in candidates:
        if len(side.different(column)) == len(names) <= MOST_CLASSES and set(side.distinct(column)) in wanted:
            return column
    return None


def describe(form: Form) -> str:
    """What the sample asks for, in words."""
    if form.kind == "probabilities":
        return f"its {len(form.columns)} columns are the classes of {form.target}"
    if form.kind == "several":
        return f"it asks for {len(form.columns)} columns at once"
    return f"its one column is {form.columns[0]}"
