"""`submissions.jsonl` of a run folder: every submission of the run, and every score that was typed in afterwards.

    {"event": "submission", "id": "3f09c1aa", "who": "ada", "made": "2026-11-21T19:12:00.000+00:00", "file": "first.csv",
     "hash": "98824de7f6be2051", "note": "", "state": "added", "competition": null}
    {"event": "state", "id": "3f09c1aa", "state": "withdrawn", "made": …}      what became of one that was sent
    {"event": "score", "id": "3f09c1aa", "board": "public", "value": 0.83, "made": …}

Lines are added at its end only, one writer at a time; the last line of a kind is the one that holds.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from holdfast.store.ledger.tables import submissions
from holdfast.store.ledger.typed import typed
from holdfast.store.run import SUBMISSIONS

ADDED, SENDING, SENT, WITHDRAWN = "added", "sending", "sent", "withdrawn"
BOARDS = ("public", "private")
KEPT = ("id", "who", "made", "file", "hash", "note", "state", "competition")


def append(folder: Path, event: dict[str, Any]) -> None:
    """Add a line, and return when it is on the disk."""
    line = json.dumps(event, ensure_ascii=False).encode() + b"\n"
    with (folder / SUBMISSIONS).open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # a line that a power cut tore
                line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def submissions_of(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The submissions of a run folder in the order of their lines, and which lines cannot be read."""
    file = folder / SUBMISSIONS
    if not file.is_file():
        return [], []
    rows: dict[str, dict[str, Any]] = {}
    torn = []
    for n, line in enumerate(file.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            _take(rows, json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            torn.append(f"{SUBMISSIONS} line {n}: {error!s:.100}")
    return list(rows.values()), torn


def _take(rows: dict[str, dict[str, Any]], event: dict[str, Any]) -> None:
    kind = event["event"]
    if kind == "submission":
        row = {name: event[name] for name in KEPT}
        (rows[str(row["id"])],) = typed(
            submissions, [{**row, "public": None, "private": None, "scored": None}]
        )
    elif kind == "state":
        rows[event["id"]] |= typed(submissions, [{"state": event["state"]}])[0]
    elif kind == "score" and event["board"] in BOARDS:
        rows[event["id"]] |= typed(submissions, [{event["board"]: event["value"], "scored": event["made"]}])[
            0
        ]
    else:
        raise ValueError(f"{kind!r} is no event")
