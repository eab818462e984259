"""The contract of splitters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from holdfast.data.dataset import Dataset
from holdfast.folds.table import Folds, make_folds
from holdfast.store.atomic import write_text
from holdfast.testing.base import ComponentContract
from holdfast.testing.samples import CLASSES, tiny_data


class SplitterContract(ComponentContract):
    """Every sample scored once a repeat, by a model that saw neither it nor its group; decided by the seed."""

    def data(self) -> Dataset:
        data = tiny_data(groups=12, each=6)
        assert data.order is not None
        data = replace(data, order=60 * data.order)  # an hour apart, for those that count in minutes
        return data if self.component.keeps_groups else replace(data, groups=None)

    def arrange(self, folder: Path, data: Dataset) -> None:
        """Write what the splitter reads; a folds.csv for those that read one."""
        assert data.groups is not None
        fold = np.unique(data.groups, return_inverse=True)[1] % 3
        write_text(folder / "folds.csv", "id,fold\n" + "".join(f"{i},{k}\n" for i, k in zip(data.ids, fold)))

    @pytest.fixture
    def folds(self, tmp_path: Path) -> Folds:
        self.arrange(tmp_path, tiny_data(groups=12, each=6))
        return make_folds(self.component, self.data(), CLASSES, tmp_path)

    def test_every_sample_is_scored_once_a_repeat(self, folds: Folds) -> None:
        for repeat in range(folds.repeats):
            scored = np.concatenate([folds.part(repeat, k)[1] for k in range(folds.k)])
            assert np.array_equal(np.sort(scored), np.arange(len(self.data())))

    def test_no_sample_or_group_on_both_sides(self, folds: Folds) -> None:
        data = self.data()
        for repeat in range(folds.repeats):
            for k in range(folds.k):
                train, valid = folds.part(repeat, k)
                assert len(train)
                assert len(valid)
                assert not np.intersect1d(train, valid).size
                if data.groups is not None:
                    assert not np.intersect1d(data.groups[train], data.groups[valid]).size

    def test_drawn_twice_is_equal(self, folds: Folds, tmp_path: Path) -> None:
        again = make_folds(self.component, self.data(), CLASSES, tmp_path)
        assert folds.hash == again.hash

    def test_has_as_many_folds_as_it_says(self, folds: Folds) -> None:
        assert folds.k == getattr(self.component, "k", folds.k)
