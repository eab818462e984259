"""Finished parts of a long measurement: a line each, so that a script that was killed goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Kept:
    """A file of rows, each under its `mark`."""

    def __init__(self, file: Path):
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        self.rows: dict[str, dict[str, Any]] = {}
        whole = ""
        for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else []:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue  # a kill cut it; its part is measured again
            self.rows[row["mark"]] = row
            whole += line + "\n"
        file.write_text(whole, encoding="utf-8")

    def keep(self, row: dict[str, Any]) -> None:
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.rows[row["mark"]] = row
