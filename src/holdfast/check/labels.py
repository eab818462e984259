"""HF201, HF203: labels that are likely wrong, or too few."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.check.base import Check, Finding, Seen, Severity
from holdfast.data.columns import some
from holdfast.folds.base import Splitter
from holdfast.folds.table import units_per_class
from holdfast.metrics.suspects import (
    Suspects,
    attribute_suspects,
    by_cleanlab,
    labels_are_wrong,
    together,
)

CROWD = 0.5  # share of a group's labels from which on the whole group is told


def probabilities_of(oof: dict[str, np.ndarray]) -> np.ndarray:
    """Members' out-of-fold probabilities, the mean over them and over repeats, `(n, classes)`."""
    stacked = np.concatenate(list(oof.values())).astype(np.float64)
    there = ~np.isnan(stacked)
    return np.where(there, stacked, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)


class WrongLabels(Check):
    """Labels that out-of-fold probabilities speak against (confident learning, Northcutt et al. 2021), ranked."""

    code: ClassVar[str] = "HF201"
    name: ClassVar[str] = "likely wrong labels"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "oof"
    kinds: ClassVar[tuple[str, ...]] = ("table", "windows", "images")

    def look(self, seen: Seen) -> Finding:
        if seen.target.kind != "classes":
            return self.not_applicable("it is for classes")
        assert seen.oof is not None
        p, y = probabilities_of(seen.oof), seen.truth
        each = attribute_suspects(p, y, seen.target, seen.train.groups)
        rows = together(each)
        rows = rows[np.any([one.suspected for one in each.values()], axis=0)[rows]]
        if not len(rows) or not labels_are_wrong(each):
            return self.passed(f"the probabilities explain all {len(y)} labels; {len(rows)} are hard ones")
        about = sum(one.noise.wrong for one in each.values())
        said = f"of {len(y)} labels about {max(about, 1):.0f} are wrong; {len(rows)} are suspected: " + some(
            [_told(seen, each, row) for row in rows[:SAID]]
        )
        others = by_cleanlab(p, y)
        if others is not None:
            said += f"; cleanlab's filter takes {len(others)}, {len(np.intersect1d(others, rows))} of them among these"
        said += _by_group(seen, rows)
        return self.found(
            said,
            "look at them in this order, the likeliest first, and mend what is wrong in the labels' file",
            seen.train.ids[rows],
        )


SAID = 5  # labels told with what they seem to be


def _told(seen: Seen, each: dict[str, Suspects], row: int) -> str:
    """One label and what it seems to be, by the attribute that speaks most against it."""
    name, one = min(each.items(), key=lambda pair: (not pair[1].suspected[row], pair[1].margin[row]))
    names = {attribute.name: attribute.values for attribute in seen.target.attributes}
    values = names.get(name, seen.target.names)
    given = seen.truth[[row]]
    for attribute in seen.target.attributes:
        if attribute.name == name:
            given = attribute.codes(given)
    return f"{seen.train.ids[row]} is {values[given[0]]}, seems {values[one.instead[row]]}"


def _by_group(seen: Seen, rows: np.ndarray) -> str:
    """Groups of whose labels half or more are suspected: the group is unlike all others, or labelled wrong as a whole."""
    groups = seen.train.groups
    if groups is None:
        return ""
    names, codes = np.unique(groups, return_inverse=True)
    share = np.bincount(codes[rows], minlength=len(names)) / np.bincount(codes)
    worst = np.flatnonzero(share >= CROWD)
    worst = worst[np.argsort(-share[worst], kind="stable")]
    if not len(worst):
        return ""
    return f"; whole groups are suspected: {some([f'{names[g]} ({share[g]:.0%})' for g in worst])}"


class RareClasses(Check):
    """Classes with fewer independent units (groups; samples where none are known) than there are folds."""

    code: ClassVar[str] = "HF203"
    name: ClassVar[str] = "classes too rare for the folds"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"
    kinds: ClassVar[tuple[str, ...]] = ("table", "windows", "images")

    def look(self, seen: Seen) -> Finding:
        splitter = seen.recipe.folds
        if seen.target.kind != "classes":
            return self.not_applicable("it is for classes")
        k = seen.folds.k if seen.folds is not None else int(getattr(splitter, "k", 2))
        if isinstance(splitter, Splitter) and splitter.cuts_groups:
            return self.not_applicable("these folds cut groups into blocks of their own")
        unit = "samples" if seen.train.groups is None else "groups"
        held = units_per_class(seen.train, seen.target)
        rare = np.flatnonzero(held < k)
        rare = rare[np.argsort(held[rare], kind="stable")]
        if not len(rare):
            least = int(held.argmin())
            return self.passed(
                f"every class is in {held[least]} {unit} or more ({seen.target.names[least]}), for {k} folds"
            )
        named = [f"{seen.target.names[c]} ({held[c]})" for c in rare]
        alone = [seen.target.names[c] for c in rare if held[c] < 2]
        said = f"{len(rare)} classes are in fewer {unit} than the {k} folds: {some(named)}"
        if alone:
            said += f"; {some(alone)} in one only, so that the fold that scores it never saw it in training"
        return self.found(
            said,
            "use fewer folds, join the class with a near one, or collect more of it",
            [seen.target.names[c] for c in rare],
        )


CHECKS = (WrongLabels, RareClasses)
