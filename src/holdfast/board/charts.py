"""Charts of a run, each a picture of its own address."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from holdfast.board.folders import NotThere, readable, run_at
from holdfast.board.said import first_repeat
from holdfast.board.svgs import coloured
from holdfast.recipe.target import TargetSpec
from holdfast.store.run import ENSEMBLE, Run
from holdfast.view.figure import Figure

KEPT = 32  # runs whose figures are in memory

router = APIRouter()


class Charts:
    """The figures of runs; those of a run are made once for each time that its scores were written."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.held: OrderedDict[tuple[Path, int], list[Figure]] = OrderedDict()
        self.drawn: OrderedDict[tuple[Path, int, str], str] = OrderedDict()

    def of(self, run: Run) -> list[Figure]:
        """The figures with what they say."""
        key = key_of(run)
        with self.lock:
            if key not in self.held:
                self.held[key] = figures_of(run)
                if len(self.held) > KEPT:
                    self.held.popitem(last=False)
            return self.held[key]

    def svg(self, run: Run, name: str) -> str:
        """One of them as an SVG. Raises NotThere."""
        from holdfast.view.svg import as_svg

        found = [one for one in self.of(run) if one.name == name]
        if not found:
            raise NotThere(f"{run.path.name} has no chart {name!r}")
        key = (*key_of(run), name)
        with self.lock:
            if key not in self.drawn:
                self.drawn[key] = as_svg(found[0].chart)
                if len(self.drawn) > KEPT * 8:
                    self.drawn.popitem(last=False)
            return self.drawn[key]


def key_of(run: Run) -> tuple[Path, int]:
    """Figures hold until the scores are written again."""
    return run.path, (run.path / "scores.json").stat().st_mtime_ns


def figures_of(run: Run) -> list[Figure]:
    """What the run has data for: scores, folds, confusion or truth over prediction, attributes, curves."""
    from holdfast.view.classes import confusion_figure
    from holdfast.view.curves import learning_figures
    from holdfast.view.scores import attributes_figure, folds_figure, members_figure
    from holdfast.view.values import truth_figure

    scores = run.scores
    target = TargetSpec.model_validate(scores["target"])
    made = [members_figure(scores), folds_figure(scores)]
    if target.kind != "grid":
        oof = first_repeat(run)
        said = run.predictions(ENSEMBLE)[: len(oof)]
        if target.kind == "real":
            made.append(truth_figure(oof["truth"].to_numpy(dtype=float), said))
        else:
            truth = target.codes_of(list(oof["truth"]), run.path.name)
            counts = np.zeros((target.n_classes, target.n_classes), dtype=int)
            np.add.at(counts, (truth, said.argmax(axis=1)), 1)
            made.append(confusion_figure(target.names, counts.tolist()))
    if scores.get("attributes"):
        made.append(attributes_figure(scores))
    members = [name for name in scores["members"] if name != ENSEMBLE]
    return [*made, *learning_figures(run, members)]


@router.get("/chart/{chart}/{name:path}")
def chart(request: Request, chart: str, name: str, theme: str = "light") -> Response:
    """One chart of a run as an SVG."""
    run = run_at(request.app.state.settings, name)
    with readable(run):
        return coloured(request.app.state.charts.svg(run, chart), theme)
