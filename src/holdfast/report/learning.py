"""How did it learn? What helped? What do members add, what does it rely on, and is it calibrated?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.errors import BadInput
from holdfast.report.blocks import Block, Chart, Section, Table, Text
from holdfast.report.told import Told
from holdfast.store.run import ENSEMBLE
from holdfast.study.ablate_result import FILE
from holdfast.view.calibration import reliability, reliability_figure, values_figure
from holdfast.view.comparisons import forest_figure
from holdfast.view.curves import learning_figures
from holdfast.view.figure import interval, number
from holdfast.view.importance import importance_figure
from holdfast.view.scores import folds_figure, members_figure

IMPORTANCE = "importance.json"
SUM = 1e-3  # how far shares may be from adding up to one


def learning(told: Told) -> Section:
    figures = learning_figures(told.run, list(told.run.recipe["members"]))
    blocks: list[Block] = [Chart(one) for one in figures]
    if not figures:
        blocks.append(Text("no member of this run keeps a curve: none of them learns by epochs here."))
    return Section("learning", "How did it learn?", [*blocks, Chart(folds_figure(told.scores))])


def ablation_of(run: Path, named: Path | None = None) -> Path | None:
    """The ablation beside a run: the one that is named, or the one whose base the run is.

    Raises BadInput where the folder that is named holds none.
    """
    if named is not None:
        if not (named / FILE).is_file():
            raise BadInput(
                f"--ablation: {named} holds no {FILE}; name the folder that `holdfast ablate` wrote"
            )
        return named
    return run.parent if run.name == "base" and (run.parent / FILE).is_file() else None


def helped(told: Told, ablation: Path | None) -> Section:
    """The differences that an ablation found, as a forest plot."""
    section = Section("helped", "What helped?")
    if ablation is None:
        section.blocks.append(
            Text("no ablation is named (--ablation FOLDER); holdfast ablate recipe.yaml --all makes one.")
        )
        return section
    held: dict[str, Any] = json.loads((ablation / FILE).read_text(encoding="utf-8"))
    rows = [{**row, "label": row["variant"]} for row in held["variants"] if "difference" in row]
    if rows:
        figure = forest_figure(rows, held["metric"], held["greater_is_better"], "the recipe", "ablation")
        section.blocks.append(Chart(figure))
    waiting = [row["variant"] for row in held["variants"] if "difference" not in row]
    if waiting:
        section.blocks.append(Text(f"not told yet: {', '.join(waiting)}."))
    base = held["base"]
    section.blocks.append(
        Text(
            f"Each line is the recipe with one change, against the recipe itself ({held['metric']}"
            f" {number(base['value'])}, {base['folds']} of {held['of_folds']} folds). A drop that hurts was worth having."
            " Verdicts come from the corrected resampled t-test, adjusted for the number of changes and looks.",
            head="How to read it",
        )
    )
    return section


def members(told: Told) -> Section:
    """Each member beside the floor, what calibration did, how the ensemble is made."""
    scores, metric = told.scores, told.metric
    blocks: list[Block] = [Chart(members_figure(scores))]
    if before := scores.get("before"):
        rows = [
            (name, number(held[metric]["value"]), number(scores["members"][name][metric]["value"]))
            for name, held in before.items()
        ]
        what = "Before and after calibration (members) and postprocessing (ensemble), by other folds' rows"
        blocks.append(Table(what, ("member", f"{metric} before", "after"), rows))
    found = scores.get("facts", {}).get(ENSEMBLE, {})
    if beside := found.get("beside_the_best_member"):
        blocks.append(
            Text(
                f"the ensemble less {beside['best']}, its best member: {number(beside['difference'], True)}"
                f" {interval(beside['low'], beside['high'], True)}: {beside['verdict']}.",
                head="Blend",
            )
        )
    made = told.run.recipe.get("ensemble")
    how = made if isinstance(made, str) else ", ".join(made) if isinstance(made, dict) else "the default"
    others = [name for name in scores["members"] if name != ENSEMBLE]
    blocks.append(Text(f"{how} of {', '.join(others)}.", head="Ensemble"))
    if crps := scores.get("crps"):
        said = f"CRPS of the members together {number(crps['value'])} {interval(crps['low'], crps['high'])}."
        blocks.append(Text(said, head="Spread"))
    return Section("members", "Members and blend", blocks)


def reliance(told: Told) -> Section:
    """Importance with its stability, where `holdfast importance` found it."""
    section = Section("importance", "What does it rely on?")
    file = told.run.path / IMPORTANCE
    if not file.is_file():
        text = f"not looked at; holdfast importance {told.run.path} finds it for members with a table of features."
        section.blocks.append(Text(text))
        return section
    held = json.loads(file.read_text(encoding="utf-8"))
    section.blocks.append(Chart(importance_figure(held)))
    if left := held["left_out"]:
        section.blocks.append(
            Text("; ".join(f"{name}: {why}" for name, why in left.items()), head="Left out")
        )
    return section


def calibrated(told: Told) -> Section:
    """Whether what is said comes true as often."""
    section = Section("calibration", "Is it calibrated?")
    if told.target.kind == "grid":
        section.blocks.append(
            Text("of rain, what fell where so much was said stands under “Where does it fail?”.")
        )
    elif told.target.kind == "real":
        section.blocks.append(Chart(values_figure(told.truth, told.said)))
    elif np.abs(told.said.sum(axis=1) - 1).max() > SUM or (told.said < 0).any():
        section.blocks.append(
            Text("the ensemble's predictions are no probabilities, so they cannot be calibrated.")
        )
    else:
        section.blocks.append(Chart(reliability_figure(reliability(told.truth, told.said))))
    return section
