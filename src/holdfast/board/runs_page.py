"""The list of runs: searched, filtered by metric and kind, sorted by a column, page by page."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Literal

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from holdfast.board.ledgers import Choices
from holdfast.board.pages import page
from holdfast.store.ledger.tables import SORTS

ROWS = 50
KEPT = 512  # pages
AT_ONCE = 2  # pages in the making: more would only wait for each other
COLUMNS = (  # what is sorted by, how it is called, whether it holds numbers
    ("path", "Run", False), ("value", "Score", True), ("metric", "Metric", False), ("kind", "Data", False),
    ("members", "Members", True), ("samples", "Samples", True), ("groups", "Groups", True), ("warnings", "Findings", True),
    ("finished", "Finished", False),
)  # fmt: skip
DESCENDING = ("finished", "warnings")  # columns that begin with their largest


class Asked(BaseModel):
    """What an address of the list says; other keys do not count."""

    q: str = Field("", max_length=200)
    metric: str = Field("", max_length=100)
    kind: str = Field("", max_length=100)
    sort: str = Field("", max_length=40)
    order: Literal["", "up", "down"] = ""
    page: int = Field(1, ge=1, le=1_000_000)


class Pages:
    """Pages as they were made, by their address, for as long as the ledger does not change."""

    def __init__(self, mark: Callable[[], int]):
        self.mark, self.seen = mark, mark()
        self.held: OrderedDict[bytes, str] = OrderedDict()
        self.made: dict[bytes, asyncio.Future[str]] = {}  # in the making, for all that ask meanwhile
        self.turns = asyncio.Semaphore(AT_ONCE)

    async def get(self, key: bytes, make: Callable[[], str]) -> str:
        """The page of an address, made in a thread where it is not there."""
        if (now := self.mark()) != self.seen:
            self.seen = now
            self.held.clear()
            self.made.clear()  # those who wait still get theirs
        if (there := self.held.get(key)) is not None:
            self.held.move_to_end(key)
            return there
        if (coming := self.made.get(key)) is not None:
            return await asyncio.shield(coming)
        return await self._made(key, make)

    async def _made(self, key: bytes, make: Callable[[], str]) -> str:
        async def work() -> str:
            async with self.turns:
                return await run_in_threadpool(make)

        seen, task = self.seen, asyncio.ensure_future(work())
        self.made[key] = task
        try:
            text = await asyncio.shield(task)
        finally:
            if self.made.get(key) is task:
                del self.made[key]
        if seen == self.seen:
            self.held[key] = text
            if len(self.held) > KEPT:
                self.held.popitem(last=False)
        return text


async def runs(request: Request) -> HTMLResponse:
    """A page of runs."""
    state = request.app.state
    try:
        asked = Asked.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None
    key = request.scope["query_string"]
    return HTMLResponse(await state.pages.get(key, lambda: listed(state.ledger, state.choices, asked)))


def listed(ledger: Any, choices: Choices, asked: Asked) -> str:
    """The page's text. Scores of one metric are ranked by it; those of several cannot be, so the newest come first."""
    metrics, kinds = choices.now()
    only = asked.metric or (next(iter(metrics)) if len(metrics) == 1 else "")
    ranked = metrics.get(only)
    sort = asked.sort if asked.sort in SORTS else ("finished" if ranked is None else "value")
    down = {"up": False, "down": True}.get(asked.order, starts_down(sort, ranked))
    begin = (asked.page - 1) * ROWS
    search = asked.q.strip()
    rows, total = ledger.runs(search, sort, down, asked.metric or None, asked.kind or None, begin, ROWS)
    same = {"q": asked.q, "metric": asked.metric, "kind": asked.kind}
    heads = [
        {
            "title": title, "number": numeric, "aria": ("descending" if down else "ascending") if name == sort else None,
            "link": {**same, "sort": name, "order": ("up" if down else "down") if name == sort else ""},
        }
        for name, title, numeric in COLUMNS
    ]  # fmt: skip
    return page(
        "runs.html", here="runs", rows=rows, heads=heads, metrics=list(metrics), kinds=kinds, **same,
        sort=sort, order="down" if down else "up", total=total, number=asked.page, pages=max(1, -(-total // ROWS)),
        unranked=ranked is None and len(metrics) > 1, direction=ranked,
    )  # fmt: skip


def starts_down(sort: str, greater_is_better: bool | None) -> bool:
    """Whether a column that is sorted by begins with its largest: the best score, the newest run."""
    return bool(greater_is_better) if sort == "value" else sort in DESCENDING
