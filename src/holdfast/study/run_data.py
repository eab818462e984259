"""The data and folds of a finished run, read again and checked to be the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from holdfast.data.base import DataSpec
from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.folds.base import Splitter
from holdfast.folds.table import Folds, make_folds
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import load_user_components
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.store.hashes import hash_file
from holdfast.store.run import Run

FILES = ("train", "labels", "test", "sample", "test_ids")  # fields of data that name a file
SAY = "name the folder that holds it with --data FOLDER"


@dataclass(frozen=True)
class RunData:
    """What a run was made from: its recipe, training samples, target and folds; test samples and the sample file."""

    recipe: Recipe
    train: Dataset
    target: TargetSpec
    folds: Folds
    test: Dataset | None = None
    sample: Path | None = None
    notes: tuple[str, ...] = ()  # what was noticed while the data were read


def data_of(run: Run, folder: Path | None = None) -> RunData:
    """Read a run's data by its recipe, from `folder` or from where they lay when it began.

    Raises BadInput where a file is gone, or no longer what the run was trained on.
    """
    recipe, base = recipe_of(run, folder)
    spec = recipe.data
    assert isinstance(spec, DataSpec)
    loaded = spec.load(base)
    _check_photos(run, loaded.hashes)
    splitter = recipe.folds
    assert isinstance(splitter, Splitter)
    folds = make_folds(splitter, loaded.train, loaded.target, base, drawn=(run.path / "folds.csv").absolute())
    notes = tuple(loaded.notes)
    return RunData(recipe, loaded.train, loaded.target, folds, loaded.test, loaded.sample, notes)


def recipe_of(run: Run, folder: Path | None = None) -> tuple[Recipe, Path]:
    """A run's recipe, with the folder that its paths are relative to; the data lie in `folder`, where it is given.

    Raises BadInput where a file is gone, or no longer what the run was trained on.
    """
    run.refuse_refit()
    base = _recipe_folder(run, folder)
    recipe = _recipe(run, base)
    spec = recipe.data
    assert isinstance(spec, DataSpec)
    if folder is not None:
        spec = spec.model_copy(update={"folder": str(folder.absolute())})
        recipe = recipe.model_copy(update={"data": spec})
    _check_files(run, spec, base)
    return recipe, base


def _recipe_folder(run: Run, folder: Path | None) -> Path:
    """Where the recipe lay; environment.json has it as seen from the run folder."""
    said = run.environment.get("recipe_folder")
    if said is not None:
        return (run.path / said).resolve()
    if folder is None:
        raise BadInput(
            f"{run.path}: its environment.json does not say where the recipe lay, so the data cannot be found;"
            " name their folder with --data FOLDER"
        )
    return Path.cwd()


def _recipe(run: Run, base: Path) -> Recipe:
    files = [base / file for file in run.recipe.get("components") or ()]
    if load_user_components(files) != run.environment["components"]:
        names = ", ".join(str(file) for file in files)
        raise BadInput(f"components: {names}: not as they were when {run.path} was trained; put them back")
    return load_recipe({**run.recipe, "components": [str(file) for file in files]})


def _check_files(run: Run, spec: DataSpec, base: Path) -> None:
    before = run.environment["data"]["files"]
    for field in FILES:
        name = getattr(spec, field, None)
        if name is None:
            continue
        path = base / spec.folder / name
        if path.is_dir():  # of photos, whose hash is made while they are read
            continue
        if not path.is_file():
            raise BadInput(
                f"data.{field}: {path} is not there any more, and {run.path} was made with it; {SAY}"
            )
        now = hash_file(path)
        if before.get(name, now) != now:
            raise BadInput(
                f"data.{field}: {path} is not the file that {run.path} was trained on"
                f" (its hash was {before[name]}, now {now}); {SAY}"
            )


def _check_photos(run: Run, now: dict[str, str]) -> None:
    before = run.environment["data"]["files"]
    for name, found in now.items():
        if before.get(name, found) != found:
            raise BadInput(
                f"data: {name}: not those that {run.path} was trained on (their hash was {before[name]}, now {found});"
                f" {SAY}"
            )
