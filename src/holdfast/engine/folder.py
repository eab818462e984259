"""Beginning a run folder, or finding the one that the same recipe began."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any

from holdfast.data.dataset import Loaded
from holdfast.data.files import TABLE_ENDINGS
from holdfast.engine.budget import decided, decisions
from holdfast.engine.environment import environment
from holdfast.engine.job import Work
from holdfast.engine.threads import cores
from holdfast.errors import BadInput
from holdfast.fit.precision import chosen_precision
from holdfast.folds.table import save_folds
from holdfast.models.base import Network
from holdfast.recipe.schema import Recipe
from holdfast.store.atomic import write_bytes, write_json, write_text
from holdfast.store.run import Run, as_yaml

ANOTHER = "name another folder with -o, or let --fresh take the next free one"


def free_name(path: Path) -> Path:
    """The path itself, or with the first of -2, -3, … that is free."""
    original, number = path, 2
    while path.exists():
        path, number = original.with_name(f"{original.name}-{number}"), number + 1
    return path


def settle(recipe: Recipe, path: Path, threads: int | None, jobs: int) -> Recipe:
    """Decide once what the machine or the command decides (threads a job, precision, devices); a begun run keeps it."""
    begun = Run(path).recipe if (path / "recipe.yaml").is_file() else {}
    threads = threads or recipe.threads or begun.get("threads") or max(1, cores() // jobs)
    fit = recipe.fit
    if fit.precision == "auto" and any(isinstance(m.model, Network) for m in recipe.members.values()):
        precision = begun.get("fit", {}).get("precision", "auto")
        fit = fit.model_copy(update={"precision": chosen_precision(precision)})
    devices = fit.devices or begun.get("fit", {}).get("devices")
    fit = fit.model_copy(update={"devices": None if devices == 1 else devices})
    settled = recipe.model_copy(update={"threads": threads, "fit": fit})
    held = decisions(path)
    return Recipe.model_validate(decided(settled.written(), held)) if recipe.budget and held else settled


def open_run(path: Path, recipe: Recipe, work: Work, loaded: Loaded, base: Path) -> Run:
    """The run folder: new, or the same recipe's to continue. Another recipe's is refused with the difference.

    `base`: the recipe's folder, which the run remembers.
    """
    text = as_yaml(recipe.written())
    facts = environment(work, loaded.hashes, os.path.relpath(base.resolve(), path.resolve()))
    if (path / "recipe.yaml").is_file():
        _refuse_change(Run(path), recipe, facts)
        return Run(path)
    if path.exists() and not all(_begun(file) for file in path.iterdir()):
        raise BadInput(f"{path} exists and is no run folder; name another with -o")
    write_json(path / "environment.json", facts)
    save_folds(work.folds, work.train, path)
    if loaded.sample is not None:
        write_bytes(path / sample_name(loaded.sample), loaded.sample.read_bytes())
    write_text(path / "recipe.yaml", text)  # last: a folder with a recipe is a run
    return Run(path)


def _begun(file: Path) -> bool:
    """Whether a file may be left of a run that was killed while its folder was being made."""
    return file.name.endswith(".part") or file.name.startswith(("environment.json", "folds.", "sample."))


def sample_name(source: Path) -> str:
    """What a run folder calls its copy of the sample: `sample.csv`, `sample.csv.gz` or `sample.parquet`."""
    return "sample" + next((end for end in TABLE_ENDINGS if source.name.endswith(end)), source.suffix)


def _decides(recipe: dict[str, Any]) -> str:
    """The recipe without what may change when a run is resumed."""
    return as_yaml({key: value for key, value in recipe.items() if key != "track"})


def _refuse_change(run: Run, recipe: Recipe, facts: dict[str, Any]) -> None:
    old = _decides(decided(run.recipe, decisions(run.path)))  # a kill may come between the two files
    text = _decides(recipe.written())
    if old != text:
        names = (f"{run.path}/recipe.yaml", "this recipe")
        diff = difflib.unified_diff(old.splitlines(), text.splitlines(), *names, n=1, lineterm="")
        raise BadInput(
            f"{run.path} was begun with another recipe; nothing is changed there:\n"
            + "\n".join(diff)
            + f"\n{ANOTHER}"
        )
    for key in ("data", "folds", "components"):
        if run.environment.get(key) != facts[key]:
            before, now = json.dumps(run.environment.get(key)), json.dumps(facts[key])
            raise BadInput(f"{run.path} was begun with other {key}: {before}, now {now}; {ANOTHER}")
