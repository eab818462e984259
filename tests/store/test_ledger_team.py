"""Two processes at once: exactly the allowed submissions are stored, and no score is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from attempts import two_at_once


def test_two_processes_into_sqlite(tmp_path: Path) -> None:
    two_at_once(None, [tmp_path, tmp_path], attempts=160, days=3, per_day=10)


@pytest.mark.slow
def test_a_thousand_attempts_into_sqlite(tmp_path: Path) -> None:
    two_at_once(None, [tmp_path, tmp_path], attempts=1000, days=5, per_day=40)


@pytest.mark.system
def test_a_thousand_attempts_of_two_machines_into_postgresql(database: str, tmp_path: Path) -> None:
    two_at_once(database, [tmp_path / "mine", tmp_path / "theirs"], attempts=1000, days=5, per_day=40)
