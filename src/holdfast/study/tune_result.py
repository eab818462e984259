"""What a study has found, and the files that say so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from holdfast.store.atomic import write_text
from holdfast.store.run import as_yaml
from holdfast.study.tune_ask import ERROR, place_of
from holdfast.study.tune_finalists import FRESH, Finalist


@dataclass(frozen=True)
class Tuned:
    """What a study has found."""

    folder: Path
    metric: str
    trials: list[FrozenTrial]
    finalists: list[Finalist]  # the best on fresh folds first; none where others are still at work
    again: str = FRESH  # what the finalists were scored again on
    recipe: Path | None = None  # what was written

    @property
    def counts(self) -> dict[str, int]:
        """How many trials were scored, pruned, failed, and are at work."""
        kinds = {
            "scored": TrialState.COMPLETE,
            "pruned": TrialState.PRUNED,
            "at work": TrialState.RUNNING,
        }
        counted = {name: sum(one.state == state for one in self.trials) for name, state in kinds.items()}
        return {**counted, "failed": sum(ERROR in one.user_attrs for one in self.trials)}

    def plain(self) -> dict[str, Any]:
        """What `tune.json` holds."""
        trials = [
            {
                "number": place_of(one), "state": one.state.name.lower(), "value": one.value, "params": one.params,
                "error": one.user_attrs.get(ERROR),
            }
            for one in self.trials
        ]  # fmt: skip
        return {
            "metric": self.metric, "trials": trials, "again": self.again,
            "finalists": [one.plain() for one in self.finalists],
            "recipe": None if self.recipe is None else self.recipe.name,
        }  # fmt: skip


def write_recipe(path: Path, values: dict[str, Any], number: int) -> Path:
    """`RECIPE-tuned.yaml`, or the next free name: no file is written over."""
    text = (
        f"# {path.name} as trial {number} of its study has it; written by holdfast tune.\n{as_yaml(values)}"
    )
    made, n = path.with_name(f"{path.stem}-tuned.yaml"), 2
    while made.exists() and made.read_text(encoding="utf-8") != text:
        made, n = path.with_name(f"{path.stem}-tuned-{n}.yaml"), n + 1
    write_text(made, text)
    return made
