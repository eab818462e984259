"""The worst mistakes out of fold, each sample drawn as its kind of data is looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from holdfast.report.blocks import Block, Card, Gallery, Table, Text
from holdfast.report.told import Told
from holdfast.study.explain import tell, worst
from holdfast.view.figure import Cell, number
from holdfast.view.sample import draw_sample

SHOWN = 12
TITLE = "The worst mistakes"


def mistakes_of_classes(told: Told) -> list[Block]:
    """Samples whose class said lies the furthest above the true one, by the ensemble."""
    rows = worst(told.truth, told.said, SHOWN)
    if not len(rows):
        return [Text("no sample is taken for another class.", "good", "Mistakes")]
    frame = tell(told.target, told.truth[rows], told.said[rows])
    names = dict(zip(told.target.names, told.names, strict=True))
    listed: list[list[Cell]] = [
        [names[row["truth"]], float(row["p_truth"]), names[row["said"]], float(row["p_said"])]
        for _, row in frame.iterrows()
    ]
    words = [
        f"true {truth} ({p_truth:.2f}), said {said} ({p_said:.2f})" for truth, p_truth, said, p_said in listed
    ]
    return _shown(told, rows, ("truth", "its share", "said", "its share"), listed, words)


def mistakes_of_values(told: Told) -> list[Block]:
    """Samples whose prediction lies the furthest from the truth."""
    off = told.said - told.truth
    rows = np.argsort(-np.abs(off), kind="stable")[:SHOWN]
    listed: list[list[Cell]] = [
        [float(told.truth[row]), float(told.said[row]), number(float(off[row]), True)] for row in rows
    ]
    words = [
        f"true {number(told.truth[row])}, said {number(told.said[row])} ({number(off[row], True)})"
        for row in rows
    ]
    return _shown(told, rows, ("truth", "said", "error"), listed, words)


def _shown(
    told: Told, rows: np.ndarray, head: Sequence[str], listed: list[list[Cell]], words: list[str]
) -> list[Block]:
    """A table of them all, and their pictures, or why there are none."""
    held = told.oof.iloc[rows]
    where = ["id", *(["group"] if told.groups is not None else []), "fold"]
    table = [[*(str(row[key]) for key in where), *more] for (_, row), more in zip(held.iterrows(), listed)]
    blocks: list[Block] = [Table(TITLE, (*where, *head), table)]
    if told.train is None:
        return [*blocks, without_samples(told)]
    cards = [
        Card(
            str(row["id"]), [", ".join(f"{key} {row[key]}" for key in where[1:]), line], draw_sample(told.train, int(at))
        )
        for at, (_, row), line in zip(rows, held.iterrows(), words, strict=True)
    ]  # fmt: skip
    return [*blocks, Gallery(f"{TITLE}, shown", cards)]


def without_samples(told: Told) -> Text:
    return Text(f"samples are not shown: {told.unread}", head="Samples")
