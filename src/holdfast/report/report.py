"""Make the report of a run, or of several compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.errors import BadInput
from holdfast.report import compared
from holdfast.report.blocks import Section
from holdfast.report.failures import failures
from holdfast.report.learning import ablation_of, calibrated, helped, learning, members, reliance
from holdfast.report.made import made
from holdfast.report.page import GENERATOR, page
from holdfast.report.told import Told
from holdfast.report.trust import trust
from holdfast.store.atomic import write_text
from holdfast.store.hashes import hash_value
from holdfast.store.run import Run
from holdfast.study.ablate_result import FILE as ABLATION
from holdfast.view.figure import needed

REPORT, COMPARISON = "report.html", "comparison.html"
HEAD = 4096  # characters in which a report says whose it is
Progress = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Reported:
    """The file, and why samples are not shown in it, where they are not."""

    path: Path
    unread: str


def report(
    paths: Sequence[str | Path],
    output: Path | None = None,
    ablation: Path | None = None,
    samples: bool = True,
    data: Path | None = None,
    force: bool = False,
    progress: Progress = lambda event: None,
) -> Reported:
    """Write one HTML file about a finished run (`RUN/report.html`), or several against the first (`comparison.html`).

    An ablation's folder stands for its base, with the ablation. `ablation`: the folder of one, for what helped.
    `samples`: whether samples are shown. `data`: the folder of the data, where they have moved; without data the
    report is made, and says why no sample is shown. An existing file is overwritten where it is an earlier report of
    the same runs, or with `force`. Raises BadInput, before anything is read that takes long.
    """
    for library in ("altair", "vl_convert"):
        needed(library)
    runs = [_run(Path(path)) for path in paths]
    several = len(runs) > 1
    if several and ablation is not None:
        raise BadInput("--ablation: it belongs to one run; name one")
    file = output or runs[0].path / (COMPARISON if several else REPORT)
    mark = hash_value([_identity(run) for run in runs])
    if file.is_dir():
        raise BadInput(f"-o {file}: expected a file, and this is a folder")
    if not force:
        _refuse_other(file, mark)
    beside = None if several else ablation_of(runs[0].path, ablation)
    tolds = [Told(run, samples, data) for run in runs]
    if several:
        made_of, title = compared.sections(tolds, data), "Runs compared"
        lead = f"{', '.join(compared.run_names([run.path for run in runs]))}: each against the first."
    else:
        made_of, title = _sections(tolds[0], beside, progress), f"Report of {_name(runs[0].path)}"
        lead = _lead(tolds[0])
    progress({"event": "report", "job": "page", "done": 1, "jobs": 1})
    write_text(file, page(title, lead, mark, made_of))
    return Reported(file, "" if several else tolds[0].unread)


def _sections(told: Told, ablation: Path | None, progress: Progress) -> list[Section]:
    makers: list[Callable[[], Section]] = [
        lambda: trust(told),
        lambda: failures(told),
        lambda: learning(told),
        lambda: helped(told, ablation),
        lambda: members(told),
        lambda: reliance(told),
        lambda: calibrated(told),
        lambda: made(told),
    ]
    sections = []
    for number, make in enumerate(makers):
        sections.append(make())
        progress({"event": "report", "job": sections[-1].name, "done": number + 1, "jobs": len(makers)})
    return sections


def _run(path: Path) -> Run:
    """A finished run. Raises BadInput with what to type."""
    run = Run(path / "base") if (path / ABLATION).is_file() and (path / "base").is_dir() else Run(path)
    run.refuse_refit()
    if not run.finished:
        raise BadInput(
            f"{run.path} is not finished, and a report needs all folds; the `holdfast train … -o {run.path}` command that"
            f" began it, once more, continues it (holdfast show {run.path} says what it lacks)"
        )
    return run


def _name(path: Path) -> str:
    """The folder's name; of an ablation's base, the ablation's too.

    >>> _name(Path("/runs/first")), _name(Path("/runs/motion-ablate/base"))
    ('first', 'motion-ablate/base')
    """
    whole = path.resolve()
    return f"{whole.parent.name}/{whole.name}" if whole.name == "base" else whole.name


def _lead(told: Told) -> str:
    rows, units = len(told.oof), "" if told.groups is None else f" of {len(set(told.groups))} groups"
    folds = told.oof["fold"].nunique()
    repeats = int(told.run.oof["repeat"].max()) + 1
    times = f", {repeats} times" if repeats > 1 else ""
    kind = told.run.recipe["data"]["kind"]
    return f"{rows:,} samples{units}, {kind}; {folds} folds{times}; target {told.target.column}."


def _identity(run: Run) -> list[Any]:
    """What makes a run the same run, wherever its folder lies."""
    held = run.environment
    return [run.recipe, held["data"]["hash"], held["folds"]]


def _refuse_other(file: Path, mark: str) -> None:
    """Raises BadInput where a file is there that is no report of these runs."""
    if not file.exists():
        return
    with file.open(encoding="utf-8", errors="replace") as text:
        head = text.read(HEAD)
    said = dict(re.findall(r'<meta name="([a-z-]+)" content="([^"]*)">', head))
    if said.get("generator") != GENERATOR:
        raise BadInput(f"{file} is there and is no report; name another file with -o, or add --force")
    if said.get("holdfast-runs") != mark:
        raise BadInput(f"{file} is the report of another run; name another file with -o, or add --force")
