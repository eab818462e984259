"""Fixtures of all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from postgres import database, postgres

__all__ = ["database", "postgres"]  # fixtures

# The same examples in every run, so that a change is judged by itself. To look further:
# pytest --hypothesis-profile=search
settings.register_profile("same", derandomize=True)
settings.register_profile("search", max_examples=300)
settings.load_profile("same")

# Nets and tables of tests are tiny: more threads would only wait for each other. Read when torch loads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# It has no doctest, and the one of an earlier folder is loaded under its name.
collect_ignore = ["conftest.py"]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacked arrays go to a folder of the test's own, never to the user's cache."""
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("HOLDFAST_LEDGER", raising=False)  # nor runs to the ledger of the user's team
