"""Run folders written by hand, with figures that tests know, and what a ledger holds of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from holdfast.store.ledger.ledger import Ledger
from holdfast.store.ledger.tables import metadata

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def interval(value: float, half: float = 0.02) -> dict[str, Any]:
    return {
        "value": value,
        "low": value - half,
        "high": value + half,
        "how": "bootstrap over groups",
        "units": 6,
    }


def write_run(runs: Path, path: str, value: float = 0.8, half: float = 0.02, **scores: Any) -> Path:
    """A finished run of accuracy with two members, folds and checks; `scores`: more of scores.json."""
    folder = runs / path
    folder.mkdir(parents=True)
    one = {"accuracy": interval(value, half), "log_loss": interval(1 - value), "per_fold": [[value] * 3] * 2}
    other = {**one, "accuracy": interval(value - 0.1)}
    held = {
        "metric": "accuracy", "greater_is_better": True, "members": {"conv": one, "trees": other, "ensemble": one},
        "floor": {"accuracy": interval(0.4)}, "facts": {}, "notes": [], **scores,
    }  # fmt: skip
    finding = {
        "code": "HF102",
        "name": "near copies",
        "severity": "error",
        "status": "found",
        "said": "two",
        "total": 2,
    }
    passed = {**finding, "code": "HF101", "status": "passed"}
    before = {"mark": "", "findings": [passed, finding]}
    write(folder, "environment.json", {"data": {"samples": 36}})
    write(folder, "folds.json", {"hash": "", "k": 3, "repeats": 2})
    write(folder, "scores.json", held)
    write(folder, "findings.json", {"accepted": ["HF102"], "before": before})
    # last, as in a run; JSON is YAML
    write(
        folder, "recipe.yaml", {"name": f"of {path}", "data": {"kind": "table"}, "metric": {"accuracy": {}}}
    )
    return folder


def write(folder: Path, name: str, values: Any) -> None:
    (folder / name).write_text(json.dumps(values))


def all_rows(ledger: Ledger) -> dict[str, list[Any]]:
    """Every row of every table but when folders were looked at."""
    with ledger.reading() as connection:
        return {
            table.name: sorted(
                repr({**row, "seen": None}) for row in connection.execute(table.select()).mappings()
            )
            for table in metadata.sorted_tables
        }
