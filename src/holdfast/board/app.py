"""The board as an application (ASGI): its pages, and the guard before them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from holdfast.board import charts, compare_page, live, run_page, runs_page, sample_page, submissions_page
from holdfast.board.folders import NotThere
from holdfast.board.guard import Guard
from holdfast.board.ledgers import Changes, Choices, Keeper
from holdfast.board.pages import page
from holdfast.board.samples import Samples
from holdfast.board.settings import Settings
from holdfast.errors import BadInput
from holdfast.store.ledger.opening import open_ledger

STATIC = Path(__file__).parent / "static"


def make_app(settings: Settings) -> Guard:
    """The board over a runs folder. Raises BadInput where its ledger cannot be used."""
    ledger = open_ledger(settings.ledger, settings.runs)
    ledger.refresh()
    changes = Changes(ledger)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        keeper = Keeper(ledger)
        keeper.start()
        yield
        keeper.stop()
        changes.close()
        ledger.close()

    app = FastAPI(title="holdfast board", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    state = app.state
    state.settings, state.ledger, state.streams = settings, ledger, 0
    state.choices, state.pages = Choices(ledger), runs_page.Pages(changes.mark)
    state.charts, state.samples = charts.Charts(), Samples(settings)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_route("/", runs_page.runs)
    for part in (run_page, live, compare_page, sample_page, charts, submissions_page):
        app.include_router(part.router)
    app.add_exception_handler(BadInput, bad_input)
    app.add_exception_handler(HTTPException, no_page)
    app.add_exception_handler(RequestValidationError, bad_request)
    return Guard(app, settings)


def problem(status: int, title: str, said: str) -> HTMLResponse:
    """A page that says what is wrong."""
    return HTMLResponse(page("problem.html", here="", title=title, said=said), status_code=status)


def bad_input(request: Request, error: Exception) -> HTMLResponse:
    """One sentence, as on the command line."""
    if isinstance(error, NotThere):
        return problem(404, "Not there", str(error))
    return problem(422, "This cannot be shown", str(error))


def no_page(request: Request, error: Exception) -> HTMLResponse:
    """An address that no page has, a method that it does not take, or a body that is too large."""
    assert isinstance(error, HTTPException)
    said = "The board has no such page." if error.status_code == 404 else str(error.detail)
    return problem(error.status_code, "Not there" if error.status_code == 404 else "Refused", said)


def bad_request(request: Request, error: Exception) -> HTMLResponse:
    """A field that is missing or has another form than it takes."""
    assert isinstance(error, RequestValidationError)
    said = "\n".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
    return problem(422, "This address or form is not in order", said)
