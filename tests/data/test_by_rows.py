"""Arrays whose rows are made when they are asked for say what whole arrays say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdfast.data import slices
from holdfast.data.by_rows import ByRows, Layers, changed, layered, merged, parts_of, some
from holdfast.data.dataset import Dataset
from holdfast.data.slices import pieces
from holdfast.store.atomic import write_array, write_rows

HELD = np.random.default_rng(0).random((50, 2, 3, 4), dtype=np.float32)
LAZY = ByRows(HELD.shape, HELD.__getitem__)


@pytest.mark.parametrize(
    "rows",
    [slice(3, 9), slice(None), np.array([4, 4, 0]), HELD[:, 0, 0, 0] > 0.5],
    ids=["slice", "all", "numbers", "mask"],
)
def test_rows_are_those_of_the_whole(rows: slice | np.ndarray) -> None:
    assert np.array_equal(LAZY[rows], HELD[rows])


def test_the_whole_is_there_for_who_asks() -> None:
    assert np.array_equal(np.asarray(LAZY), HELD)
    assert np.array_equal(np.concatenate(list(parts_of(LAZY))), HELD)
    assert (LAZY.nbytes, LAZY.ndim, len(LAZY)) == (HELD.nbytes, 4, 50)


def test_some_of_some_are_read_as_numbers_of_the_first() -> None:
    first = np.array([9, 2, 7, 30])
    assert np.array_equal(some(some(LAZY, first), np.array([3, 0]))[:], HELD[[30, 9]])
    assert np.array_equal(some(HELD, first), HELD[first])


def test_layers_are_a_stack() -> None:
    both, stack = layered([LAZY, changed(LAZY, np.negative)]), np.stack([HELD, -HELD])
    assert isinstance(both, Layers)
    assert both.shape == stack.shape
    assert np.array_equal(both[:, 3:8], stack[:, 3:8])
    assert np.array_equal(both[1, np.array([5, 1])], stack[1, [5, 1]])
    assert np.array_equal(np.asarray(both), stack)
    assert np.array_equal(merged(both, lambda one: one.mean(axis=0))[:], stack.mean(axis=0))
    assert isinstance(layered([HELD, HELD]), np.ndarray), "arrays are stacked as ever"


def test_what_is_written_by_rows_is_the_same_file(tmp_path: Path) -> None:
    write_array(tmp_path / "whole.npy", HELD)
    write_rows(tmp_path / "rows.npy", HELD.shape, (HELD[start : start + 7] for start in range(0, 50, 7)))
    assert (tmp_path / "rows.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_a_file_of_too_few_rows_is_not_left_there(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="49 of 50 rows"):
        write_rows(tmp_path / "rows.npy", HELD.shape, [HELD[:49]])
    assert list(tmp_path.iterdir()) == []


def test_pieces_are_whole_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "PIECE", 1000)
    made = list(pieces(200, 10))
    assert np.array_equal(np.concatenate(made), np.arange(200))
    assert all(len(one) % 64 == 0 for one in made[:-1])
    assert [len(one) for one in pieces(10, 10**6)] == [10]


def test_a_reader_of_chunks_asks_for_few_rows() -> None:
    class Counted:
        """A source that is no array, and notes how many rows are asked for at once."""

        shape, dtype, most = (4000, 64, 64), np.dtype(np.float32), 0

        def __getitem__(self, rows: slice) -> np.ndarray:
            made = np.zeros((len(range(*rows.indices(4000))), 64, 64), dtype=np.float32)
            self.most = max(self.most, made.nbytes)
            return made

    pictures = Dataset(
        "images", np.arange(4000).astype(str), np.zeros((4000, 128, 128, 3), np.uint8), ("r", "g", "b")
    )
    assert 4 * next(pictures.chunks()).nbytes <= 1 << 26, "they become float32"
    source = Counted()
    data = Dataset("frames", np.arange(4000).astype(str), source, ("t",))  # type: ignore[arg-type]
    assert sum(len(chunk) for chunk in data.chunks()) == 4000
    assert 0 < source.most <= 1 << 26


def test_what_is_read_may_be_changed() -> None:
    data = Dataset("windows", np.arange(50).astype(str), HELD[:, 0], ("a",))
    for read in (
        data.read(),
        data.read(slice(2, 5)),
        data.read(np.array([1])),
        data.take(np.arange(9)).read(slice(3)),
    ):
        assert not np.shares_memory(read, HELD)
