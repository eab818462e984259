"""The live page: how far a run is, sent by the server as it goes on (server-sent events)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from holdfast.board.curves import drawn
from holdfast.board.folders import readable, run_at
from holdfast.board.pages import page
from holdfast.board.watch import IN_WORK, Watched, state_of
from holdfast.errors import BadInput

EVERY = 1.0  # seconds between two looks
SILENCE = 15.0  # seconds after which a line keeps the connection open
MOST_STREAMS = 100

router = APIRouter()


@router.get("/live/{name:path}", response_class=HTMLResponse)
def live(request: Request, name: str) -> str:
    """The page: complete as it stands; the browser then asks for what follows."""
    run = run_at(request.app.state.settings, name)
    with readable(run):
        watched = Watched(run)
        while watched.look():
            pass
        return page("live.html", here="runs", name=name, **told(watched))


@router.get("/live-events/{name:path}")
def live_events(request: Request, name: str) -> StreamingResponse:
    """Events `state` with the page's changing part, and a last one, `over`, when the run works no more."""
    state = request.app.state
    run = run_at(state.settings, name)
    if state.streams >= MOST_STREAMS:
        raise BadInput(f"{MOST_STREAMS} live pages are open already; close one")

    async def events() -> AsyncIterator[str]:
        state.streams += 1
        try:
            async for text in followed(Watched(run), name):
                yield text
        finally:
            state.streams -= 1

    return StreamingResponse(events(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def followed(watched: Watched, name: str, every: float = EVERY) -> AsyncIterator[str]:
    """The stream of a run until it works no more. The browser that lost it comes back, and begins with all."""
    yield "retry: 1000\n\n"
    shown, silent = "", 0.0
    while True:
        text, over = await run_in_threadpool(now, watched, name)
        if text != shown:
            shown, silent = text, 0.0
            yield as_event("state", text)
        if over:
            yield as_event("over", "over")
            return
        await asyncio.sleep(every)
        silent += every
        if silent >= SILENCE:
            silent = 0.0
            yield ": still here\n\n"


def now(watched: Watched, name: str) -> tuple[str, bool]:
    """The changing part of the page, and whether it changes no more."""
    over = state_of(watched.run) != IN_WORK  # before the last look, which then sees the last line
    while watched.look():
        pass
    return page("live_state.html", name=name, **told(watched)), over


def as_event(name: str, text: str) -> str:
    """One server-sent event.

    >>> as_event("state", "a\\nb")
    'event: state\\ndata: a\\ndata: b\\n\\n'
    """
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"


def told(watched: Watched) -> dict[str, Any]:
    """What the templates show of a run in progress."""
    made = (drawn(member, folds) for member, folds in watched.losses().items())
    return {
        "state": state_of(watched.run),
        "watched": watched,
        "left": watched.left(),
        "charts": [one for one in made if one is not None],
    }
