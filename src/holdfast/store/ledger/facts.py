"""What a run folder's files say, as rows of the ledger's tables. Nothing here asks a database."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast.store.hashes import hash_file, hash_value
from holdfast.store.ledger import tables
from holdfast.store.ledger.moments import of_file
from holdfast.store.ledger.submission_file import submissions_of
from holdfast.store.ledger.typed import number, typed
from holdfast.store.run import COMPARISONS, ENSEMBLE, FINDINGS, REFIT

FINISHED, IN_WORK, BEGUN, BROKEN = "finished", "in work", "begun", "broken"
FIGURES = ("value", "low", "high")
COMPARED = ("value", "difference", "low", "high", "p", "adjusted", "helps", "equivalent", "hurts", "rope")
Row = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """The rows of a run folder; `damage`: what could not be read, and why."""

    run: Row
    scores: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    comparisons: list[Row] = field(default_factory=list)
    submissions: list[Row] = field(default_factory=list)
    damage: tuple[str, ...] = ()


def run_id(place: str, path: str) -> str:
    """A run's key: the same whenever the ledger is made anew."""
    return hash_value([place, path])


def facts_of(runs: Path, path: str, place: str, seen: str) -> Facts:
    """What the run folder `runs/path` says; of a damaged one as much as can be read. `seen`: see `folders.stamp`."""
    folder, key = runs / path, run_id(place, path)
    damage: list[str] = []
    run: Row = {
        "id": key, "place": place, "path": path, "name": folder.name, "state": BEGUN, "why": "", "mark": "", "seen": seen,
    }  # fmt: skip
    scored: list[Row] = []
    found: list[Row] = []
    try:
        said, scored, found = _said(folder)
        run, scored = typed(tables.runs, [run | said])[0], typed(tables.scores, scored)
        found = typed(tables.findings, found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        run |= {"state": BROKEN, "why": _first_line(error)}
        scored, found = [], []
        damage.append(run["why"])
    compared, broken = _comparisons(folder, path)
    submitted, torn = submissions_of(folder)
    scored, found, compared, submitted = (
        [{"run": key, **row} for row in rows] for rows in (scored, found, compared, submitted)
    )
    return Facts(run, scored, found, compared, submitted, (*damage, *broken, *torn))


def _said(folder: Path) -> tuple[Row, list[Row], list[Row]]:
    """The columns of the run, its scores and its findings. Raises where a file cannot be read as it should."""
    recipe = _yaml(folder / "recipe.yaml")
    environment, folds, scores = (
        _json(folder / f"{name}.json") for name in ("environment", "folds", "scores")
    )
    data, metric = recipe.get("data") or {}, recipe.get("metric")
    run: Row = {
        "name": recipe.get("name", folder.name), "kind": data.get("kind"),
        "metric": next(iter(metric), None) if isinstance(metric, dict) else metric,
        "members": len(recipe.get("members") or ()), "recipe": hash_file(folder / "recipe.yaml"),
        "samples": environment.get("data", {}).get("samples"), "folds": folds.get("k"), "repeats": folds.get("repeats"),
        "mark": mark_of(folder, environment, scores), **_times(folder),
    }  # fmt: skip
    if scores:
        run |= {**_scored(scores), "state": FINISHED}
    elif in_work(folder):
        run["state"] = IN_WORK
    found = _findings(folder)
    return run | _counts(found), list(_score_rows(scores)) if scores else [], found


def in_work(folder: Path) -> bool:
    """Whether a process holds the run folder's lock."""
    try:
        with (folder / ".lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def mark_of(folder: Path, environment: Row, scores: Row) -> str:
    """What a run is, where it is no ordinary one: habits, refit, blend, ablation or trial."""
    above = folder.parent
    facts = [fold for member in (scores.get("facts") or {}).values() for fold in member.values()]
    if any(isinstance(one, dict) and one.get("habits") for one in facts):
        return "habits"
    if (folder / REFIT).is_file():
        return "refit"
    if "runs" in environment:
        return "blend"
    if (above / "tune.json").is_file() or folder.name.startswith(("trial-", "finalist-")):
        return "trial"
    if (above / "results.json").is_file() and not (above / "begun.json").is_file():
        return "ablation"  # the folder of habits has a begun.json, and its run is an honest one
    return ""


def _scored(scores: Row) -> Row:
    """The columns of a finished run: the ensemble's score, the best member's."""
    metric, higher = scores["metric"], bool(scores["greater_is_better"])
    members = scores["members"]
    one = members[ENSEMBLE][metric]
    row: Row = {
        "metric": metric,
        "greater_is_better": higher,
        **{name: number(one[name]) for name in FIGURES},
    }
    row["units"] = one["units"]
    row["groups"] = one["units"] if str(one["how"]).endswith("groups") else None
    row["members"] = len(members) - 1
    values = {name: number(held[metric]["value"]) for name, held in members.items() if name != ENSEMBLE}
    there = {name: value for name, value in values.items() if value is not None}
    if there:
        best = (max if higher else min)(there, key=there.__getitem__)
        row |= {"best_member": best, "best_value": there[best]}
    per_fold = members[ENSEMBLE].get("per_fold")
    if per_fold:
        row |= {"repeats": len(per_fold), "folds": len(per_fold[0])}
    return row


def _score_rows(scores: Row) -> Iterator[Row]:
    floors = scores.get("floors") or ({"floor": scores["floor"]} if "floor" in scores else {})
    sample = {"sample": scores["sample"]} if "sample" in scores else {}
    for role, held in (("member", scores["members"]), ("floor", floors), ("sample", sample)):
        for member, metrics in held.items():
            for metric, one in metrics.items():
                if isinstance(one, dict) and "value" in one:
                    yield {
                        "role": ENSEMBLE if (role, member) == ("member", ENSEMBLE) else role,
                        "member": member, "metric": metric, **{name: one[name] for name in FIGURES},
                        "how": one["how"], "units": one["units"],
                    }  # fmt: skip


def _findings(folder: Path) -> list[Row]:
    """What the checks found, in their order."""
    held = _json(folder / FINDINGS)
    accepted = held.get("accepted", [])
    every = [one for part in ("before", "after") for one in held.get(part, {}).get("findings", [])]
    found = [one for one in every if one["status"] == "found"]
    return [
        {
            "position": i, **{name: one[name] for name in ("code", "name", "severity", "said")},
            "total": one.get("total", 0), "accepted": one["code"] in accepted,
        }
        for i, one in enumerate(found)
    ]  # fmt: skip


def _counts(found: list[Row]) -> Row:
    by = [one["severity"] for one in found]
    return {"errors": by.count("error"), "warnings": by.count("warning")}


def _comparisons(folder: Path, path: str) -> tuple[list[Row], list[str]]:
    """The rows of the comparisons that name this run first, and which files cannot be read."""
    rows: dict[tuple[str, str], Row] = {}
    broken = []
    for file in sorted((folder / COMPARISONS).glob("*.json")):
        try:
            held = json.loads(file.read_text(encoding="utf-8"))
            told = [
                {
                    "file": file.name, "other": _beside(path, one["run"]),
                    **{name: held[name] for name in ("made", "member", "metric", "greater_is_better")},
                    "first_value": held["first"]["value"], **{name: one.get(name) for name in COMPARED},
                    "verdict": one["verdict"],
                }
                for one in held["compared"]
            ]  # fmt: skip
            rows |= {(row["file"], row["other"]): row for row in typed(tables.comparisons, told)}
        except (OSError, ValueError, TypeError, KeyError) as error:
            broken.append(f"{COMPARISONS}/{file.name}: {_first_line(error)}")
    return list(rows.values()), broken


def _beside(path: str, other: str) -> str:
    """A path relative to the run folder `path`, as one relative to the runs folder.

    >>> _beside("motion-ablate/base", "../../first")
    'first'
    """
    import posixpath

    return posixpath.normpath(posixpath.join(path, other))


def _times(folder: Path) -> Row:
    """When a run began and ended, by its files."""
    began = [folder / name for name in ("environment.json", "folds.json", REFIT)]
    there = [file.stat().st_mtime for file in began if file.is_file()]
    ended = folder / "scores.json"
    return {
        "began": of_file(min(there)) if there else None,
        "finished": of_file(ended.stat().st_mtime) if ended.is_file() else None,
    }


def _json(file: Path) -> Row:
    """What a file holds; nothing where there is none. Raises ValueError, which names the file."""
    if not file.is_file():
        return {}
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file.name}: {error}") from None
    if not isinstance(held, dict):
        raise ValueError(f"{file.name}: expected an object")
    return held


def _yaml(file: Path) -> Row:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # twenty times as fast
    try:
        held = yaml.load(file.read_text(encoding="utf-8"), loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{file.name}: {_first_line(error)}") from None
    if not isinstance(held, dict):
        raise ValueError(f"{file.name}: expected keys and values")
    return held


def _first_line(error: Exception) -> str:
    lines = str(error).strip().split("\n")
    return lines[0] if not isinstance(error, KeyError) else f"the key {lines[0]} is missing"
