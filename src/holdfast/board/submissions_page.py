"""Submissions: what the day has left, CV against the leaderboard, and forms to add one and to type a score."""

from __future__ import annotations

import getpass
import math
import tempfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from holdfast.board.folders import NotThere, run_at
from holdfast.board.pages import page
from holdfast.board.settings import Settings, is_loopback
from holdfast.board.svgs import coloured
from holdfast.errors import BadInput
from holdfast.store.ledger.contest import OverBudget
from holdfast.store.ledger.facts import FINISHED

SHORT = 200  # characters of a name or a note
OFFERED = 200  # runs to choose from, the newest

router = APIRouter()


@router.get("/submissions", response_class=HTMLResponse)
def submissions(request: Request, run: str = Query("", max_length=1000)) -> str:
    """All of them, the newest first."""
    return shown(request, run)


@router.get("/submissions/chart")
def chart(request: Request, theme: str = "light") -> Response:
    """CV against the leaderboard."""
    from holdfast.board.leaderboard import figure
    from holdfast.view.svg import as_svg

    made = figure(request.app.state.ledger.submissions())
    if made is None:
        raise NotThere("no submission has a score of the leaderboard yet")
    return coloured(as_svg(made.chart), theme)


@router.post("/submissions/add", response_class=HTMLResponse)
async def add(
    request: Request,
    file: UploadFile,
    run: str = Form(max_length=1000),
    who: str = Form(max_length=SHORT),
    note: str = Form("", max_length=SHORT),
) -> Response:
    """Record a submission by its file, which is read for its hash and not kept."""
    with tempfile.TemporaryDirectory(prefix="holdfast-board-") as folder:
        path = Path(folder) / file_name(file.filename or "")
        with path.open("wb") as held:
            while part := await file.read(1 << 20):
                await run_in_threadpool(held.write, part)
        return await run_in_threadpool(written, request, run, lambda: add_file(request, run, path, who, note))


def file_name(given: str) -> str:
    """The name of a file that a browser sends, without the folders that some put before it.

    >>> file_name("C:\\\\data\\\\first.csv"), file_name("../.."), file_name("a\\0b.csv")
    ('first.csv', 'submission', 'ab.csv')
    """
    last = given.replace("\\", "/").rpartition("/")[2]
    shown = "".join(one for one in last if one.isprintable()).encode("utf-8", "ignore")[-SHORT:]
    name = shown.decode("utf-8", "ignore")
    return name if name.strip(". ") else "submission"


@router.post("/submissions/score", response_class=HTMLResponse)
def score(
    request: Request, id: str = Form(max_length=64), value: float = Form(), board: str = Form("public")
) -> Response:
    """Keep a leaderboard's score, typed in."""

    def keep() -> None:
        if not math.isfinite(value):
            raise BadInput(f"a score is a number, not {value}")
        ledger = request.app.state.ledger
        for row in ledger.submissions():
            if row["id"] == id and row["here"]:
                run_at(request.app.state.settings, row["path"])  # its file is written to
        ledger.score_submission(id, value, board == "private")

    return written(request, "", keep)


def add_file(request: Request, run: str, path: Path, who: str, note: str) -> None:
    """Raises OverBudget where the day has none left."""
    opened = run_at(request.app.state.settings, run)
    if not who.strip():
        raise BadInput("who submits? Write a name")
    if not path.stat().st_size:
        raise BadInput("the file of a submission is empty; choose the one that `holdfast submit` wrote")
    request.app.state.ledger.add_submission(opened.path, path, who.strip(), note=note.strip())


def written(request: Request, run: str, write: Any) -> Response:
    """Back to the page after a write; where it is refused, the page with the reason."""
    try:
        write()
    except NotThere as error:
        return HTMLResponse(shown(request, run, str(error)), status_code=404)
    except BadInput as error:
        return HTMLResponse(shown(request, run, str(error)), 409 if isinstance(error, OverBudget) else 422)
    return RedirectResponse("/submissions", status_code=303)


def shown(request: Request, run: str, why: str = "") -> str:
    """The page; `why`: a write was refused."""
    from holdfast.board.leaderboard import agreed, figure

    ledger, settings = request.app.state.ledger, request.app.state.settings
    rows = ledger.submissions()
    recent, _ = ledger.runs(sort="finished", descending=True, limit=OFFERED)
    names = [row["path"] for row in recent if row["here"] and row["state"] == FINISHED]
    return page(
        "submissions.html", here="submissions", rows=rows[::-1], figure=figure(rows), agreed=agreed(rows), run=run, why=why,
        budget=ledger.budget(default_name(settings) or None), names=names, who=default_name(settings),
    )  # fmt: skip


def default_name(settings: Settings) -> str:
    """Who works at this machine, where nobody else reaches the board."""
    return getpass.getuser() if is_loopback(settings.host) else ""
