"""The checks that go with a training: what stands in its way, and what its run folder keeps in `findings.json`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from holdfast import __version__
from holdfast.check.all import all_checks
from holdfast.check.base import Finding, Seen, run_checks, standing
from holdfast.check.words import in_short, lines_of
from holdfast.data.dataset import Loaded
from holdfast.engine.job import Work
from holdfast.errors import BadInput
from holdfast.recipe.schema import Recipe
from holdfast.recipe.strict import nearest
from holdfast.store.atomic import write_json
from holdfast.store.hashes import hash_value
from holdfast.store.run import FINDINGS

SEEN = ("data", "metric", "folds", "seed")  # keys of a recipe that checks look at


@dataclass(frozen=True)
class Looked:
    """What checks found, and a hash of what they looked at, by which it is not looked at twice."""

    mark: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Findings:
    """What checks said of a run: `before` training of data and folds, `after` it of the predictions.

    `accepted`: codes whose errors may stand.
    """

    accepted: tuple[str, ...] = ()
    before: Looked = Looked()
    after: Looked = Looked()

    @classmethod
    def read(cls, folder: Path) -> Findings:
        """Those that a folder keeps; none where it keeps none."""
        file = folder / FINDINGS
        if not file.is_file():
            return cls()
        held = json.loads(file.read_text(encoding="utf-8"))
        before, after = (
            Looked(held[part]["mark"], tuple(Finding.of(one) for one in held[part]["findings"]))
            for part in ("before", "after")
        )
        return cls(tuple(held["accepted"]), before, after)

    def save(self, folder: Path) -> None:
        """Write them to the folder, whole."""
        parts = {
            name: {"mark": part.mark, "findings": [one.plain() for one in part.findings]}
            for name, part in (("before", self.before), ("after", self.after))
        }
        write_json(folder / FINDINGS, {"accepted": list(self.accepted), **parts})


def known_codes(codes: Sequence[str]) -> tuple[str, ...]:
    """The codes themselves. Raises BadInput for one that no check has."""
    there = [one.code for one in all_checks()]
    for code in codes:
        if code not in there:
            raise BadInput(f"--accept: no check has the code {code!r}; {nearest(code, there)}")
    return tuple(codes)


def before_training(
    recipe: Recipe, loaded: Loaded, work: Work, accept: Sequence[str], folder: Path
) -> Findings:
    """The findings of data and folds; those that `folder` keeps, where they are of the same data and folds.

    Nothing is written. Raises BadInput where an error stands whose code is not in `accept`.
    """
    held, written = Findings.read(folder), recipe.written()
    mark = hash_value([__version__, work.data_mark, work.folds.hash, *(written.get(key) for key in SEEN)])
    if held.before.mark != mark:
        made = run_checks(Seen.of(recipe, loaded, work.folds), all_checks(), ("data", "folds"))
        held = Findings(held.accepted, Looked(mark, tuple(made)))
    held = replace(held, accepted=tuple(sorted({*held.accepted, *accept})))
    _refuse_errors(held)
    return held


def _refuse_errors(findings: Findings) -> None:
    """Raises BadInput where an error of data or folds stands."""
    left = standing(findings.before.findings, findings.accepted)
    if left:
        what = "an error stands" if len(left) == 1 else f"{len(left)} errors stand"
        accept = " ".join(f"--accept {one.code}" for one in left)
        lines = [line for one in left for line in lines_of(one)]
        raise BadInput(
            f"check: {what} in the way of training, nothing is written:\n" + "\n".join(lines)
            + f"\nmend the data or the recipe; where you know it to be in order, add {accept}"
        )  # fmt: skip


def after_training(
    findings: Findings, recipe: Recipe, loaded: Loaded, work: Work, hashes: Sequence[str],
    oof: dict[str, np.ndarray], tested: dict[str, np.ndarray],
) -> Findings:  # fmt: skip
    """With the findings of out-of-fold and test predictions of each member, whose jobs have these `hashes`."""
    mark = hash_value([findings.before.mark, list(hashes)])
    if findings.after.mark == mark:
        return findings
    made = run_checks(Seen.of(recipe, loaded, work.folds, oof, tested), all_checks(), ("oof",))
    return replace(findings, after=Looked(mark, tuple(made)))


def tell_found(looked: Looked, accepted: Sequence[str], report: Callable[[dict[str, Any]], None]) -> None:
    """An event for each error and warning."""
    for one in looked.findings:
        if one.status == "found" and one.severity != "info":
            report(
                {
                    "event": "finding",
                    "code": one.code,
                    "severity": level_of(one, accepted),
                    "said": in_short(one),
                }
            )


def level_of(finding: Finding, accepted: Sequence[str]) -> str:
    """How severe a finding is, or that it is accepted; empty where nothing was found."""
    if finding.status != "found":
        return ""
    return "accepted" if finding.code in accepted else finding.severity
