"""What was run: recipe, versions, hashes, time, energy; and the command that repeats it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from holdfast.report.blocks import Block, Code, Section, Table
from holdfast.report.told import Told
from holdfast.store.hashes import hash_file
from holdfast.store.run import Run

WATT_HOUR = 3600.0  # joules


def made(told: Told) -> Section:
    run = told.run
    blocks: list[Block] = [
        Code("The command that repeats it", command(run)),
        Table("What it took", ("what", "how much"), [*cost(run)]),
        Table("Hashes", ("what", "hash"), [*_hashes(run)]),
        Table("Versions and machine", ("what", "version"), [*_versions(run)]),
        Code("The recipe, resolved", (run.path / "recipe.yaml").read_text(encoding="utf-8"), long=True),
    ]
    return Section("made", "What was run", blocks)


def command(run: Run) -> str:
    """What to type, from the folder that this is typed in now; data lie where they lay when the run began."""
    path, again = _near(run.path), _near(run.path.with_name(f"{run.path.name}-again"))
    if runs := run.environment.get("runs"):
        others = " ".join(shlex.quote(_near(run.path / one)) for one in runs)
        blend = run.recipe.get("ensemble")
        name = next(iter(blend)) if isinstance(blend, dict) else blend
        return f"holdfast blend {others} -o {shlex.quote(again)} --ensemble {name}"
    folder = run.recipe["data"].get("folder", ".")
    said = run.environment.get("recipe_folder")
    lay = "" if said is None else str((run.path / said / folder).resolve())
    where = f" --set {shlex.quote(f'data.folder={lay}')}" if lay else ""
    return f"holdfast train {shlex.quote(path + '/recipe.yaml')}{where} -o {shlex.quote(again)}"


def _near(path: Path) -> str:
    """As seen from here, where it lies below."""
    seen = os.path.relpath(path)
    return str(path.resolve()) if seen.startswith("..") else seen


def _states(run: Run) -> list[dict[str, Any]]:
    files = sorted(run.path.glob("members/*/fold-*/state.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def cost(run: Run) -> Iterator[tuple[str, str]]:
    """Time, memory and energy of all jobs."""
    states = _states(run)
    if not states:
        yield "training", "none: members are those of other runs"
        return
    yield "jobs (member and fold)", str(len(states))
    yield "time of all jobs", duration(sum(one["seconds"] for one in states))
    yield "most memory of a job", f"{max(one['peak_bytes'] for one in states) / 2**30:.2f} GiB"
    yield "threads a job", ", ".join(sorted({str(one["threads"]) for one in states}))
    yield "energy of the processors", _energy(states)


def _energy(states: list[dict[str, Any]]) -> str:
    known = [one["joules"] for one in states if one.get("joules") is not None]
    if not known:
        return "not readable on this machine"
    some = "" if len(known) == len(states) else f" (of {len(known)} of {len(states)} jobs)"
    total = sum(known)
    return f"{total:,.0f} J, {total / WATT_HOUR:.2f} Wh{some}; of the whole machine, once for each job"


def duration(seconds: float) -> str:
    """Hours, minutes, seconds.

    >>> duration(3725), duration(61.4), duration(2.34)
    ('1 h 2 min', '1 min 1 s', '2.3 s')
    """
    if seconds >= 3600:
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s" if seconds >= 60 else f"{seconds:.1f} s"


def _hashes(run: Run) -> Iterator[tuple[str, str]]:
    held = run.environment
    yield "recipe.yaml", hash_file(run.path / "recipe.yaml")
    yield f"data, {held['data'].get('samples', '?')} samples", held["data"]["hash"]
    yield from held["data"]["files"].items()
    yield "folds", held["folds"]
    if held.get("components"):
        yield "own components", held["components"]


def _versions(run: Run) -> Iterator[tuple[str, str]]:
    held = run.environment
    yield from ((name, one) for name, one in held["versions"].items() if one is not None)
    hardware = held.get("hardware", {})
    for name in ("system", "processor", "cores"):
        if name in hardware:
            yield name, str(hardware[name])
    if hardware.get("gpus"):
        yield "GPUs", ", ".join(hardware["gpus"])
    seeds = ", ".join(f"{name} {one}" for name, one in held["seeds"].items())
    yield "seeds", seeds
