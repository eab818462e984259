"""Training samples whose labels are likely wrong: found inside a training part, left out of it or weighed less."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import MemberSpec
from holdfast.folds.inner import inner_folds
from holdfast.keys import seed_of
from holdfast.metrics.suspects import attribute_suspects, labels_are_wrong, together
from holdfast.recipe.labels import FOLDS, Labels
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_json

FILE = "labels.json"
SHOWN = 20  # ids that a fold's facts keep

Judge = Callable[
    [Dataset, Dataset, int], np.ndarray
]  # fitted on samples, asked of others; the number of the inner fold


def doubted(train: Dataset, target: TargetSpec, judge: Judge, seed: int) -> np.ndarray:
    """Rows of a training part whose labels are suspected, the likeliest wrong first.

    By inner out-of-fold probabilities, groups whole, and the rule of check HF201: none where probabilities that are
    merely too sure would explain all labels. A class that an inner training part lacks is not judged there, and no
    class is doubted as a whole.
    """
    y = train.target
    assert y is not None
    p = np.full((len(y), target.n_classes), np.nan)
    for number, (learn, watch) in enumerate(inner_folds(y, train.groups, FOLDS, seed)):
        asked = watch[np.isin(y[watch], y[learn])]
        if len(asked):
            p[asked] = judge(train.take(learn), train.take(asked), number)
    rows = np.flatnonzero(~np.isnan(p).any(axis=1))
    if len(rows) == 0:
        return rows
    groups = None if train.groups is None else train.groups[rows]
    each = attribute_suspects(p[rows], y[rows], target, groups)
    if not labels_are_wrong(each):
        return rows[:0]
    suspected = np.any([one.suspected for one in each.values()], axis=0)
    ranked = together(each)
    found = rows[ranked[suspected[ranked]]]
    kept = np.isin(y[found], np.delete(y, found))
    return found[kept]


def without_doubted(train: Dataset, rows: np.ndarray, asked: Labels) -> Dataset:
    """The training part without these rows, or with less weight on them."""
    if asked.weight is None:
        return train.take(np.setdiff1d(np.arange(len(train)), rows))
    weight = np.ones(len(train), dtype=np.float32)
    weight[rows] = asked.weight
    return replace(train, weight=weight)


def treated(
    member: MemberSpec, train: Dataset, target: TargetSpec, seed: int, threads: int, folder: Path | None, mark: str
) -> Dataset:  # fmt: skip
    """The training part as the recipe's `labels` asks, judged by the member itself or by the one it names.

    What was found is kept in the folder, so that a resumed fold does not judge again under an equal `mark`.
    """
    asked, file = member.labels, None if folder is None else folder / FILE
    assert asked is not None
    held = json.loads(file.read_text(encoding="utf-8")) if file is not None and file.is_file() else {}
    if held.get("mark") != mark or file is None:
        judge = replace(member.judge or member, start=None, labels=None, pseudo=None)

        def said(learn: Dataset, watch: Dataset, number: int) -> np.ndarray:
            fitted = fit_member(judge, learn, target, seed_of(seed, "labels", number), threads)
            return fitted.predict(watch)

        rows = doubted(train, target, said, seed_of(seed, "labels"))
        ids = train.ids[rows[:SHOWN]].astype(str).tolist()
        facts = {"suspected": len(rows), "of": len(train), "then": asked.said, "ids": ids}
        held = {"mark": mark, "rows": rows.tolist(), "facts": facts}
        if file is not None:
            write_json(file, held)
    return without_doubted(train, np.array(held["rows"], dtype=np.int64), asked)


def facts_in(folder: Path) -> dict[str, Any]:
    """What `treated` kept: how many of how many are suspected, what then, and the ids of the likeliest wrong."""
    facts: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))["facts"]
    return facts


def labels_note(name: str, folds: Iterable[dict[str, Any]]) -> str | None:
    """One sentence of a member's suspected labels; None where they were not looked for."""
    told = [fold["labels"] for fold in folds if "labels" in fold]
    if not told:
        return None
    suspected, of = (np.mean([one[key] for one in told]) for key in ("suspected", "of"))
    first = ", ".join(next((one["ids"][:3] for one in told if one["ids"]), []))
    return (
        f"{name}: of {of:.0f} training labels {suspected:.0f} are suspected in a fold's mean, and {told[0]['then']}"
        + (f"; as {first}" if first else "")
    )
