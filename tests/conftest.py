"""Fixtures of all tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacked arrays go to a folder of the test's own, never to the user's cache."""
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path_factory.mktemp("cache")))
