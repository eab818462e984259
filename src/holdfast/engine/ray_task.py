"""One job as a Ray task: it works in a folder of its own, and what it made travels."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from holdfast.engine.inline import one
from holdfast.engine.job import Job, Work
from holdfast.engine.worker import portable
from holdfast.store.atomic import write_bytes
from holdfast.store.run import RunFolder

DONE, DRAFT = "done.json", ".part"

Files = dict[str, bytes]  # by their path in a fold's folder


@dataclass(frozen=True)
class Made:
    """What a task made: the files of its fold; `error`: what it raised."""

    files: Files
    error: Exception | None = None


def carry_out(
    components: list[tuple[str, bytes]], held: tuple[bytes, list[Any]], key: str, job: Job, named: str, begun: Files,
    weights: bytes | None, queue: Any, *before: Made,
) -> Made:  # fmt: skip
    """One job in a folder of its own, somewhere. `begun`: what an earlier call left of it; `before`: its teachers."""
    from holdfast.recipe.registry import load_user_components

    with TemporaryDirectory(prefix="holdfast-") as folder:
        base = Path(folder)
        try:
            files = [base / "components" / str(i) / name for i, (name, _) in enumerate(components)]
            for file, (_, content) in zip(files, components, strict=True):
                write_bytes(file, content)
            load_user_components(files)
            work: Work = pickle.loads(held[0], buffers=held[1])[key]
            run = RunFolder(base / "run")
            for need, made in zip(work.needs(job), before, strict=True):
                if made.error is not None:
                    return made
                unpack(made.files, run.fold_folder(need.member, need.repeat, need.fold))
            mine = run.fold_folder(job.member, job.repeat, job.fold)
            unpack(begun, mine)
            if weights is not None:
                _start_here(work, job, base / "start.safetensors", weights)
            one(work, job, run, queue.put, named)
            return Made(files_of(mine))
        except Exception as error:
            return Made({}, portable(error))


def _start_here(work: Work, job: Job, file: Path, weights: bytes) -> None:
    """Let a network start from weights that came along."""
    write_bytes(file, weights)
    start = work.members[job.member].start
    assert start is not None
    start.files[job.repeat, job.fold] = file


def files_of(folder: Path) -> Files:
    """What a fold's folder holds, folders inside it too."""
    if not folder.is_dir():
        return {}
    there = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.endswith(DRAFT)]
    return {str(file.relative_to(folder)): file.read_bytes() for file in there}


def unpack(files: Files, folder: Path) -> None:
    """Write them, `done.json` last."""
    for name in sorted(files, key=lambda name: name == DONE):
        write_bytes(folder / name, files[name])
