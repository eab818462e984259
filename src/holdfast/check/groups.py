"""HF104: groups on both sides of a fold."""

from __future__ import annotations

import numpy as np

from holdfast.check.base import Check, Finding, Seen
from holdfast.folds.base import Splitter


class GroupsSplit(Check):
    """A group on both sides of a fold, unless the kind of folds cuts groups on purpose."""

    code = "HF104"
    name = "a group on both sides of a fold"
    severity = "error"
    when = "folds"

    def look(self, seen: Seen) -> Finding:
        data, folds = seen.train, seen.folds
        assert folds is not None
        if data.groups is None:
            return self.not_applicable("no groups are declared")
        splitter = seen.recipe.folds
        if isinstance(splitter, Splitter) and splitter.cuts_groups:
            return self.not_applicable(f"{splitter.name} cuts groups on purpose and keeps their parts apart")
        both: set[str] = set()
        for repeat in range(folds.repeats):
            for k in range(folds.k):
                train, valid = folds.part(repeat, k)
                both |= set(np.intersect1d(data.groups[train], data.groups[valid]).tolist())
        if not both:
            return self.passed("every group stands on one side of every fold")
        listed = sorted(both)
        return self.found(
            f"{len(listed)} of {len(np.unique(data.groups))} groups stand on both sides of a fold, as {listed[0]}",
            "take folds that keep groups: folds: stratified_group, or group",
            listed,
        )


CHECKS = (GroupsSplit,)
