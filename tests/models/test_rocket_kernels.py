"""MiniRocket's transform against aeon's own, and the ridge's solutions in one piece of memory."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from scipy.linalg import solve

from holdfast.errors import BadInput
from holdfast.models.compiled.rocket_kernels import PART, MiniRocketKernels
from holdfast.models.rocket_head import ALPHAS, _solutions


@pytest.mark.parametrize(("steps", "channels"), [(9, 1), (40, 3)])
def test_values_are_those_of_aeons_transform(steps: int, channels: int) -> None:
    from aeon.transformations.collection.convolution_based import MiniRocket

    rng = np.random.default_rng(0)
    X = rng.standard_normal((PART + 3, channels, steps), dtype=np.float32).cumsum(axis=2)
    X[0] = 0.3  # a still sensor: sums of equal values tie with biases
    made = MiniRocketKernels(300, 5, 2).fit(X).transform(X)
    assert made.dtype == np.float32
    theirs = MiniRocket(n_kernels=300, random_state=5).fit(X).transform(X)
    np.testing.assert_array_equal(made, theirs)


def test_values_depend_neither_on_threads_nor_on_the_windows_beside() -> None:
    rng = np.random.default_rng(1)
    X = rng.standard_normal((2 * PART + 1, 2, 30), dtype=np.float32)
    one = MiniRocketKernels(84, 0, 1).fit(X)
    three = MiniRocketKernels(84, 0, 3).fit(X)
    np.testing.assert_array_equal(one.transform(X), three.transform(X))
    np.testing.assert_array_equal(one.transform(X)[5:7], three.transform(X[5:7]))
    assert one.transform(X[:0]).shape == (0, 84)


def test_kernels_that_were_saved_predict_without_aeon() -> None:
    X = np.random.default_rng(2).standard_normal((4, 2, 20), dtype=np.float32)
    kernels = MiniRocketKernels(84, 0, 1).fit(X)
    script = (
        "import pickle, sys; sys.modules['aeon'] = None; kernels, X = pickle.load(sys.stdin.buffer);"
        " sys.stdout.buffer.write(kernels.transform(X).tobytes())"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps((kernels, X)), capture_output=True, check=True
    )
    np.testing.assert_array_equal(np.frombuffer(said.stdout, np.float32).reshape(4, -1), kernels.transform(X))


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (0, lambda one: one + 1),
        (1, lambda one: one + 2),
        (1, lambda one: one[:-1]),
        (2, lambda one: one * 9),
        (2, lambda one: one.astype(float)),
        (3, lambda one: one - one.max() - 1),
        (4, lambda one: one[:-1]),
    ],
)
def test_parameters_that_would_read_beyond_the_windows_are_refused(place: int, change) -> None:
    X = np.random.default_rng(2).standard_normal((2, 2, 20), dtype=np.float32)
    kernels = MiniRocketKernels(84, 0, 1).fit(X)
    assert np.isfinite(kernels.transform(X)).all()
    held = list(kernels.parameters_)
    held[place] = change(held[place])
    kernels.parameters_ = tuple(held)
    with pytest.raises(BadInput, match="do not fit windows of 2 channels and 20 steps"):
        kernels.transform(X)


def test_each_penalty_gets_its_own_solution() -> None:
    rng = np.random.default_rng(3)
    F = rng.standard_normal((30, 50), dtype=np.float32)
    K, Y, inverse = F @ F.T, rng.standard_normal((30, 2)), rng.uniform(0.5, 2, size=30)
    rows, kept = rng.permutation(30)[:20], K.copy()
    part = K[np.ix_(rows, rows)].astype(float)
    for alpha, dual in _solutions(K, rows, Y, inverse, ALPHAS):
        np.testing.assert_allclose(dual, solve(part + alpha * np.diag(inverse[rows]), Y[rows]), rtol=1e-8)
    np.testing.assert_array_equal(K, kept)
