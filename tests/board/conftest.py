"""A runs folder that is trained once, and boards over it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tiny import TABLE, recipe, table_folder

from holdfast.board.app import make_app
from holdfast.board.settings import Settings
from holdfast.train import train

ADDRESS = "http://127.0.0.1:8765"
FOREST = {"model": {"extra_trees": {"n_estimators": 9, "max_depth": 2}}}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project: `data`, and `runs` with the finished `first` and `second` on the same folds."""
    project = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_CACHE", str(project / "cache"))
        data = table_folder(project / "data")
        for name, members in (("first", None), ("second", {"forest": FOREST})):
            train(recipe(TABLE, data, members), project / "runs" / name, accept=None)
    return project


@pytest.fixture
def project(trained: Path, tmp_path: Path) -> Path:
    """A copy of it, to change."""
    shutil.copytree(trained, tmp_path / "project", symlinks=True)
    return tmp_path / "project"


@pytest.fixture
def opened() -> Iterator[Callable[..., TestClient]]:
    """`opened(runs, token=…)`: a browser's view of a board; it follows no redirection."""
    clients = []

    def make(runs: Path, address: str = ADDRESS, **settings: Any) -> TestClient:
        client = TestClient(make_app(Settings(runs, **settings)), base_url=address, follow_redirects=False)
        clients.append(client)
        return client.__enter__()

    yield make
    for client in clients:
        client.__exit__(None, None, None)
