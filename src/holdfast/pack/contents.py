"""What of a run goes into its pack: texts without this machine's paths, arrays, weights as data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.data.form import Form
from holdfast.ensemble.chain import FittedChain
from holdfast.pack.weights import plain_chain, plain_member
from holdfast.store.plain import PLAIN, NotPlain
from holdfast.store.run import CHAIN, ENSEMBLE, FORM, REFIT, Run, as_yaml
from holdfast.study.deployed import model_folders

DATA = "data"  # the folder beside the recipe where who trains again puts the data
TEXTS = (
    "environment.json", "folds.csv", "folds.json", "findings.json", "budget.json", REFIT, "scores.json", "importance.json",
)  # fmt: skip
ARRAYS = ("oof.parquet", "test.parquet", "oof-*.npy", "test-*.npy", "sample.*")
OF_FOLD = ("weights.safetensors", "state.json", "curve.csv", "oof.npy", "done.json")
CHAIN_PICKLE = f"{CHAIN}.joblib"


@dataclass(frozen=True)
class Part:
    """A file of a pack: its content, or where it lies. `why`: what only a pickle holds."""

    name: str
    content: bytes | Path
    why: str = ""


def contents(run: Run, form: Form, learned: list[FittedChain], base: Path) -> Iterator[Part]:
    """The files of a finished run, one after the other; models are loaded to be written as data."""
    clean = Cleaner.of(run, base)
    recipe, files = _recipe(run)
    yield Part("recipe.yaml", clean.text(as_yaml(recipe)))
    yield from (Part(place, base / one, "the run's own component") for place, one in files.items())
    for name in TEXTS:
        if (file := run.path / name).is_file():
            yield Part(name, clean.json(_facts(name, file)) if name.endswith(".json") else file)
    for pattern in ARRAYS:
        yield from (Part(file.name, file) for file in sorted(run.path.glob(pattern)) if file.is_file())
    yield Part(FORM, clean.json(form.plain()))
    pooled = bool((run.recipe.get("predict") or {}).get("pool"))
    for member in run.scores["members"]:
        if member != ENSEMBLE:
            for folder in model_folders(run, member):
                yield from _fold(run, folder, form, pooled)
    yield _chain(run, learned, form)


def _recipe(run: Run) -> tuple[dict[str, Any], dict[str, str]]:
    """The recipe as it stands in the pack, and its component files by their names there."""
    files = {
        f"components/{i}/{Path(file).name}": file for i, file in enumerate(run.recipe.get("components") or ())
    }
    data = dict(run.recipe["data"])
    data["folder"] = DATA
    for field, value in data.items():
        if isinstance(value, str) and Path(value).is_absolute():
            data[field] = Path(value).name
    return {**run.recipe, "components": list(files), "data": data}, files


def _facts(name: str, file: Path) -> Any:
    held = json.loads(file.read_text(encoding="utf-8"))
    return {**held, "recipe_folder": "."} if name == "environment.json" else held


def _fold(run: Run, folder: Path, form: Form, pooled: bool) -> Iterator[Part]:
    inside = folder.relative_to(run.path).as_posix()
    yield from (Part(f"{inside}/{name}", folder / name) for name in OF_FOLD if (folder / name).is_file())
    for one in sorted(folder.glob("seed-*")) or [folder]:
        there = one.relative_to(run.path).as_posix()
        if one != folder and (weights := one / "weights.safetensors").is_file():
            yield Part(f"{there}/weights.safetensors", weights)
        try:
            yield Part(f"{there}/model{PLAIN}", plain_member(one, form, pooled))
        except NotPlain as error:
            yield Part(f"{there}/model.joblib", one / "model.joblib", str(error))


def _chain(run: Run, learned: list[FittedChain], form: Form) -> Part:
    import io

    import joblib

    try:
        return Part(f"{CHAIN}{PLAIN}", plain_chain(learned, form))
    except NotPlain as error:
        made = io.BytesIO()
        joblib.dump(learned, made)
        return Part(CHAIN_PICKLE, made.getvalue(), str(error))


@dataclass(frozen=True)
class Cleaner:
    """Takes the folders of this machine out of texts; each is replaced by its last name."""

    folders: tuple[str, ...]

    @classmethod
    def of(cls, run: Run, base: Path) -> Cleaner:
        data = base / str(run.recipe["data"].get("folder", "."))
        known = [run.path, run.path.parent, base, data, Path.cwd(), Path.home()]
        found = {text for path in known for text in (str(path.absolute()), str(path.resolve()))} - {"/"}
        return cls(tuple(sorted(found, key=len, reverse=True)))

    def text(self, text: str) -> bytes:
        home = str(Path.home())
        for folder in self.folders:
            text = text.replace(folder, "~" if folder == home else Path(folder).name)
        return text.encode()

    def json(self, value: Any) -> bytes:
        return self.text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")

    def left_in(self, content: bytes) -> str | None:
        """A folder of this machine that stands in a file all the same."""
        return next((folder for folder in self.folders if folder.encode() in content), None)
