"""Fixtures of all tests."""

from __future__ import annotations

import os

import pytest

# Nets and tables of tests are tiny: more threads would only wait for each other. Read when torch loads.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacked arrays go to a folder of the test's own, never to the user's cache."""
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path_factory.mktemp("cache")))
