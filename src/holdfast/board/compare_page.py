"""Chosen runs against the first of them, with the paired verdict of `holdfast compare`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from holdfast.board.folders import readable, run_at
from holdfast.board.pages import page
from holdfast.board.settings import Settings
from holdfast.errors import BadInput
from holdfast.store.run import ENSEMBLE, Run

MOST = 12  # runs beside one another

router = APIRouter()


@router.get("/compare", response_class=HTMLResponse)
def compare_runs(
    request: Request, run: Annotated[list[str] | None, Query()] = None, member: str = ENSEMBLE
) -> str:
    """The comparison, or the sentence that says why there is none."""
    names = list(dict.fromkeys(run or []))
    found, why = None, ""
    try:
        found = told(request.app.state.settings, names, member)
    except BadInput as error:
        why = str(error)
    return page("compare.html", here="runs", names=names, member=member, found=found, why=why)


def told(settings: Settings, names: list[str], member: str) -> dict[str, Any]:
    """The comparison as plain values, runs by their names. Raises BadInput where they cannot be compared."""
    from holdfast.study.compare import compare

    if len(names) < 2:
        raise BadInput("Choose two runs or more: the others are compared with the first.")
    if len(names) > MOST:
        raise BadInput(f"Choose at most {MOST} runs.")
    runs = [run_at(settings, name) for name in names]
    for name, run in zip(names, runs, strict=True):
        with readable(run):
            refuse_code(run, name)
    with readable(runs[0]):
        found = compare([run.path for run in runs], member)
        plain = found.plain()
    plain["first"]["run"] = names[0]
    for row, name in zip(plain["compared"], names[1:], strict=True):
        row["run"] = name
    return {**plain, "rope": found.rope}


def refuse_code(run: Run, name: str) -> None:
    """Raises BadInput where a run needs components of the user's: the board imports nothing that a run names."""
    if run.recipe.get("components"):
        files = ", ".join(map(str, run.recipe["components"]))
        raise BadInput(
            f"{name} was made with components of its own ({files}), and the board runs no code that a run names;"
            " `holdfast compare` does"
        )
