"""The list of runs: searched, filtered by metric and kind, sorted by a column, page by page."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from holdfast.board.ledgers import choices
from holdfast.board.pages import page
from holdfast.store.ledger.tables import SORTS

ROWS = 50
FRESH = 1.0  # seconds that a page is shown again as it was made: many look at the same one
KEPT = 256  # pages
COLUMNS = (  # what is sorted by, how it is called, whether it holds numbers
    ("path", "Run", False), ("value", "Score", True), ("metric", "Metric", False), ("kind", "Data", False),
    ("members", "Members", True), ("samples", "Samples", True), ("groups", "Groups", True), ("warnings", "Findings", True),
    ("finished", "Finished", False),
)  # fmt: skip
DESCENDING = ("finished", "warnings")  # columns that begin with their largest

router = APIRouter()


class Pages:
    """Pages that were made a moment ago, by their address."""

    def __init__(self) -> None:
        self.held: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        made, body = self.held.get(key, (0.0, b""))
        return body if time.monotonic() - made < FRESH and body else None

    def put(self, key: str, body: bytes) -> None:
        self.held[key] = (time.monotonic(), body)
        self.held.move_to_end(key)
        if len(self.held) > KEPT:
            self.held.popitem(last=False)


@router.get("/", response_class=HTMLResponse)
async def runs(
    request: Request,
    q: str = Query("", max_length=200),
    metric: str = Query("", max_length=100),
    kind: str = Query("", max_length=100),
    sort: str = Query("", max_length=40),
    order: str = Query("", pattern="^(up|down|)$"),
    number: int = Query(1, alias="page", ge=1, le=1_000_000),
) -> HTMLResponse:
    """A page of runs."""
    key = repr((q, metric, kind, sort, order, number))
    body = request.app.state.pages.get(key)
    if body is None:
        made = await run_in_threadpool(
            listed, request.app.state.ledger, q.strip(), metric, kind, sort, order, number
        )
        body = made.encode()
        request.app.state.pages.put(key, body)
    return HTMLResponse(body)


def listed(ledger: Any, q: str, metric: str, kind: str, sort: str, order: str, number: int) -> str:
    """The page's text. Scores of one metric are ranked by it; those of several cannot be, so the newest come first."""
    metrics, kinds = choices(ledger)
    only = metric or (metrics[0][0] if len(metrics) == 1 else "")
    ranked = next((greater for name, greater in metrics if name == only), None)
    sort = sort if sort in SORTS else ("finished" if ranked is None else "value")
    down = {"up": False, "down": True}.get(order, starts_down(sort, ranked))
    rows, total = ledger.runs(q, sort, down, metric or None, kind or None, (number - 1) * ROWS, ROWS)
    asked = {"q": q, "metric": metric, "kind": kind}
    heads = [
        {
            "name": name, "title": title, "number": numeric,
            "aria": ("descending" if down else "ascending") if name == sort else None,
            "link": {**asked, "sort": name, "order": flipped(down) if name == sort else ""},
        }
        for name, title, numeric in COLUMNS
    ]  # fmt: skip
    return page(
        "runs.html", here="runs", rows=rows, heads=heads, metrics=[name for name, _ in metrics], kinds=kinds, **asked,
        sort=sort, order="down" if down else "up", total=total, number=number, pages=max(1, -(-total // ROWS)),
        first=(number - 1) * ROWS + 1, unranked=ranked is None and len(metrics) > 1, direction=ranked,
    )  # fmt: skip


def starts_down(sort: str, greater_is_better: bool | None) -> bool:
    """Whether a column that is sorted by begins with its largest: the best score, the newest run."""
    return bool(greater_is_better) if sort == "value" else sort in DESCENDING


def flipped(down: bool) -> str:
    return "up" if down else "down"
