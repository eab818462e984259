"""From the name in an address to a run folder below the runs folder, and to nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.board.settings import Settings
from holdfast.errors import BadInput
from holdfast.store.run import Run

INSIDE = ("members", "explain", "comparisons")  # folders of a run that hold its own files; others may be runs


class NotThere(BadInput):
    """What an address names does not exist here: 404."""


def run_at(settings: Settings, name: str) -> Run:
    """The run of a name like `motion` or `study/one`. Raises BadInput where it is none, or leads out of the folder."""
    parts = name.split("/")
    if any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        raise NotThere(f"{name!r} is no name of a run")
    root = settings.root
    path = root.joinpath(*parts)
    try:
        there = (path / "recipe.yaml").is_file()
    except (OSError, ValueError):  # a name that no file can have
        there = False
    if not there:
        raise NotThere(f"there is no run {name!r} in {settings.runs}")
    if not path.resolve().is_relative_to(root):
        raise BadInput(f"{name}: a link that leads out of {settings.runs} is not followed")
    for link in links_of(path):
        if not link.resolve().is_relative_to(root):
            raise BadInput(f"{name}: {link.relative_to(path)} is a link that leads out of {settings.runs}")
    return Run(path)


def links_of(path: Path) -> Iterator[Path]:
    """The links among a run's own files."""
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_symlink():
                yield path / entry.name
            elif entry.is_dir() and entry.name in INSIDE:
                for folder, folders, files in os.walk(entry.path):
                    there = (Path(folder, one) for one in (*folders, *files))
                    yield from (one for one in there if one.is_symlink())


@contextmanager
def readable(run: Run) -> Iterator[None]:
    """Turns whatever goes wrong with a damaged or foreign run folder into one sentence."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:  # a run folder may hold anything
        raise BadInput(f"{run.path.name} cannot be read: {type(error).__name__}: {error}") from error
