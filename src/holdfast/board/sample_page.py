"""A run's mistakes, and the page of one sample: its inputs, its truth and what every run said."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from holdfast.board.folders import NotThere, readable, run_at
from holdfast.board.ledgers import siblings
from holdfast.board.pages import page
from holdfast.board.said import mistakes, prediction, predictions
from holdfast.board.svgs import coloured
from holdfast.errors import BadInput
from holdfast.store.run import ENSEMBLE

ROWS = 50
MOST_RUNS = 40  # whose predictions of a sample are shown

router = APIRouter()


@router.get("/mistakes/{name:path}", response_class=HTMLResponse)
def worst(
    request: Request,
    name: str,
    member: str = ENSEMBLE,
    number: int = Query(1, alias="page", ge=1, le=100_000),
) -> str:
    """The worst first."""
    run = run_at(request.app.state.settings, name)
    with readable(run):
        found = mistakes(run, member, (number - 1) * ROWS, ROWS)
        members = list(run.scores["members"])
    head = [key for key in (found.rows[0] if found.rows else ()) if key != "id"]
    return page(
        "mistakes.html", here="runs", name=name, member=member, members=members, found=found, head=head,
        number=number, pages=-(-found.wrong // ROWS),
    )  # fmt: skip


@router.get("/sample", response_class=HTMLResponse)
def sample(request: Request, run: str, id: str = Query(max_length=1000)) -> str:
    """One sample of a run."""
    state = request.app.state
    opened = run_at(state.settings, run)
    with readable(opened):
        own = prediction(opened, id)
        if own is None:
            raise NotThere(f"{run} has no sample {id!r}")
        others = siblings(state.ledger, state.settings, opened, run)
        said = predictions(others[:MOST_RUNS], opened, id)
    drawn, why = None, ""
    try:
        with readable(opened):
            drawn = state.samples.drawn(opened, id)
    except BadInput as error:
        why = str(error)
    return page(
        "sample.html", here="runs", name=run, id=id, own=own, said=[{"run": run, **own}, *said],
        drawn=drawn, why=why, more=max(0, len(others) - MOST_RUNS),
    )  # fmt: skip


@router.get("/sample-picture")
def picture(request: Request, run: str, id: str = Query(max_length=1000), theme: str = "light") -> Response:
    """The picture of a sample, which its page names."""
    state = request.app.state
    opened = run_at(state.settings, run)
    with readable(opened):
        drawn = state.samples.drawn(opened, id)
    if drawn.picture is None:
        raise NotThere(f"sample {id!r} has values and no picture")
    if drawn.picture.svg:
        return coloured(drawn.picture.svg, theme)
    return Response(drawn.picture.data, media_type=drawn.picture.mime)
