"""The contract of kinds of data."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast.data.dataset import Loaded
from holdfast.recipe.registry import parse
from holdfast.testing.base import ComponentContract


class DataContract(ComponentContract):
    """What a data spec reads from a folder; give `arrange` to have the reading tested too."""

    def arrange(self, folder: Path) -> Any:
        """Write a small folder with a test set, and return the spec that reads it."""
        pytest.skip("this contract has no `arrange`")

    @pytest.fixture
    def loaded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
        monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path / "cache"))
        folder = tmp_path / "data"
        folder.mkdir()
        return self.arrange(folder).load(folder)

    def test_default_preparations_exist_and_take_it(self) -> None:
        for name in self.component.default_prepare:
            assert self.component.name in parse("prepare", name).takes  # type: ignore[attr-defined]

    def test_samples_have_ids_inputs_and_targets(self, loaded: Loaded) -> None:
        data = loaded.train
        assert data.kind == self.component.name
        assert len(np.unique(data.ids)) == len(data) == len(data.source)
        assert data.target is not None
        assert len(data.target) == len(data)
        assert len(data.names) == data.shape[0 if data.kind == "frames" else -1]
        assert data.read().dtype == data.dtype

    def test_grids_are_those_of_the_samples(self, loaded: Loaded) -> None:
        data, target = loaded.train, loaded.target
        assert (data.grids is not None) == (target.kind == "grid")
        if target.kind != "grid":
            return
        grids = data.read_grids()
        assert grids.dtype == np.float32
        assert grids.shape == (len(data), *target.shape)
        assert target.shape[1:] == data.shape[1:]
        rows = np.array([3, 0, 2])
        assert np.array_equal(data.take(rows).read_grids(), grids[rows], equal_nan=True)
        again = pickle.loads(pickle.dumps(data))
        assert np.array_equal(again.read_grids(), grids, equal_nan=True)
        assert loaded.test is None or loaded.test.grids is None

    def test_view_shows_the_same_samples(self, loaded: Loaded) -> None:
        rows = np.array([3, 0, 2])
        view = loaded.train.take(rows)
        assert view.source is loaded.train.source
        assert np.array_equal(view.read(), loaded.train.read()[rows], equal_nan=True)
        assert np.array_equal(view.take(np.array([2])).ids, loaded.train.ids[[2]])

    def test_travels_to_another_process(self, loaded: Loaded) -> None:
        again = pickle.loads(pickle.dumps(loaded.train))
        assert np.array_equal(again.read(), loaded.train.read(), equal_nan=True)

    def test_test_samples_have_the_same_form(self, loaded: Loaded) -> None:
        assert loaded.test is not None
        assert loaded.test.shape == loaded.train.shape
        assert loaded.test.names == loaded.train.names
        assert loaded.test.target is None

    def test_files_are_hashed(self, loaded: Loaded) -> None:
        assert loaded.hashes
        assert loaded.train.fingerprint
