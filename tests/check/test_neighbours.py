"""The nearest of very many samples, mirrored ones too, in bounded memory."""

from __future__ import annotations

import tracemalloc

import numpy as np

from holdfast.check.neighbours import nearest

MANY, FEATURES = 60_000, 16
BLOCK = 110 * 2**20  # bytes; with all 300 queries at once it takes 207 MiB


def test_mirrored_copies_are_nearest_and_only_a_part_is_compared_at_once() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((MANY, FEATURES)).astype(np.float32)
    rows = np.arange(0, MANY, 200)
    X[rows + 1] = -X[rows]
    flips = np.stack([np.ones(FEATURES), -np.ones(FEATURES)]).astype(np.float32)
    tracemalloc.start()
    distance, index = nearest(X, rows, rows, np.arange(MANY), flips)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(index[:, 0], rows + 1)
    assert distance[:, 0].max() == 0
    assert (distance[:, 1] > 0.1).all()
    assert most < BLOCK


def test_a_row_never_meets_its_own_code() -> None:
    X = np.array([[0.0], [0.1], [5.0], [5.2]])
    own = np.array([0, 0, 1, 1])
    distance, index = nearest(X, np.arange(4), own, own, np.ones((1, 1)), k=3)
    assert index[:, 0].tolist() == [2, 2, 1, 1]
    assert np.allclose(distance[:, 0], [5.0, 4.9, 4.9, 5.1])
    assert np.isinf(distance[:, 2]).all()
