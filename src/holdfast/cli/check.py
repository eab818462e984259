"""`holdfast check RECIPE` or `RUN`: what is wrong with data, folds and predictions, before it is believed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from holdfast.check.base import Finding, Seen

STANDS = 1  # exit code where an error-level finding stands


def check(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="RECIPE|RUN", help="recipe file; or run folder, for predictions too", show_default=False
        ),
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="override of a recipe, as in folds.k=3"),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="an error-level finding that may stand, as HF102; again for more"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="where a run's data lie now, if they have moved"),
    ] = None,
    suspects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="write all labels of a run, the likeliest wrong first, as CSV"),
    ] = None,
    mosaic: Annotated[
        Path | None, typer.Option(metavar="FILE", help="draw the first 60 photos of that list, as PNG")
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="only this attribute in that list; again for more"),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="print the findings as JSON")] = False,
) -> None:
    """Look for leaks, wrong labels, broken values, shift and hopeless comparisons.

    A recipe's data and folds are looked at; of a run the out-of-fold predictions too. Exit code 1 where an
    error-level finding stands that is not accepted.
    """
    from holdfast.check.aside import beside
    from holdfast.engine.threads import cores

    with beside(cores()) as aside:
        from holdfast.check.all import all_checks
        from holdfast.check.base import run_checks, standing
        from holdfast.check.gate import Findings, known_codes

        accepted = [*known_codes(accept or ()), *Findings.read(path).accepted]
        seen = replace(_seen(path, set_, data), aside=aside)
        if suspects is not None or mosaic is not None:
            _write_suspects(seen, suspects, mosaic, attribute or [])
        findings = run_checks(seen, all_checks())
    left = standing(findings, accepted)
    if json_:
        typer.echo(json.dumps([one.plain() for one in findings], indent=1, ensure_ascii=False))
    else:
        for line in lines_of(findings, accepted):
            typer.echo(line)
    if left:
        raise typer.Exit(STANDS)


def _write_suspects(seen: Seen, file: Path | None, mosaic: Path | None, attributes: list[str]) -> None:
    from holdfast.check.suspects_list import suspects_list, write_list, write_photos

    listed = suspects_list(seen, attributes)
    if file is not None:
        write_list(listed, file)
    if mosaic is not None:
        for note in write_photos(listed, seen, mosaic):
            typer.echo(f"note: {note}", err=True)


def _seen(path: Path, overrides: list[str] | None, data: Path | None) -> Seen:
    """A recipe's data and folds; of a run folder the data that it was made from, its folds and predictions."""
    from holdfast.check.base import Seen
    from holdfast.errors import BadInput
    from holdfast.recipe.load import load_recipe
    from holdfast.train import prepare

    if path.is_dir():
        if overrides:
            raise BadInput("--set: a run's recipe is what it is; check the recipe file, or leave --set out")
        return _of_run(path, data)
    if data is not None:
        raise BadInput("--data: it is for run folders; a recipe says where its data lie, in data.folder")
    recipe = load_recipe(path, overrides)
    plan = prepare(recipe.model_copy(update={"threads": recipe.threads or 1}), path.parent)
    return Seen.of(recipe, plan.loaded, plan.work.folds)


def _of_run(path: Path, data: Path | None) -> Seen:
    from holdfast.check.base import Seen
    from holdfast.store.run import ENSEMBLE, Run
    from holdfast.study.run_data import data_of

    run = Run(path)
    held = data_of(run, data)
    members = [name for name in run.scores["members"] if name != ENSEMBLE] if run.finished else []
    repeats = held.folds.repeats
    oof, tested = {}, {}
    for name in members:
        made = run.predictions(name)
        oof[name] = made.reshape(repeats, len(held.train), *made.shape[1:])
        if held.test is not None and (run.path / f"test-{name}.npy").is_file():
            tested[name] = run.test_predictions(name)
    return Seen(
        held.recipe, held.train, held.target, held.test, held.sample, held.folds, oof or None, tested or None, held.notes
    )  # fmt: skip


def lines_of(findings: list[Finding], accepted: list[str]) -> list[str]:
    """A table of all checks, then what was found, with ids and what to do."""
    from holdfast.check import words
    from holdfast.check.base import standing
    from holdfast.check.gate import level_of
    from holdfast.cli.columns import columns

    marks = {"found": "FOUND", "passed": "passed", "not applicable": "-"}
    rows = [["code", "", "", "check"]]
    rows += [[one.code, marks[one.status], level_of(one, accepted), one.name] for one in findings]
    lines = columns(rows)
    for one in findings:
        if one.status == "found":
            lines += ["", *words.lines_of(one)]
    left = len(standing(findings, accepted))
    found = sum(one.status == "found" for one in findings)
    return [*lines, "", f"{len(findings)} checks, {found} found something; errors that stand: {left}"]
