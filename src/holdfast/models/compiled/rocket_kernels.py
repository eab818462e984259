"""MiniRocket's transform over the kernels and biases that aeon fits. Imported where a member is built.

It stands apart from the components, since numba takes half a second to import.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any

import numpy as np
from numba import njit

from holdfast.errors import BadInput

# of a kernel's nine weights three are 2, the others -1: at these shifts from the middle, in units of the dilation
DOUBLED = np.array(list(combinations(range(-4, 5), 3)))
PART = 16  # windows that a thread takes at once


class MiniRocketKernels:
    """`(n, channels, steps)` float32 to shares of positive values `(n, features)` float32.

    The values are those of aeon's transform. That one makes an array for each feature of each window; this one
    counts in place, in threads of its own.
    """

    def __init__(self, n_kernels: int, seed: int, threads: int):
        self.n_kernels, self.seed, self.threads = n_kernels, seed, threads

    def fit(self, X: np.ndarray) -> MiniRocketKernels:
        """Draw channels, and take the biases from windows of `X`."""
        from aeon.transformations.collection.convolution_based import MiniRocket

        self.parameters_ = MiniRocket(n_kernels=self.n_kernels, random_state=self.seed).fit(X).parameters
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Raises BadInput where the windows, or what a file brought as parameters, do not fit."""
        self._refuse_unfit(X)
        out = np.empty((len(X), len(self.parameters_[-1])), dtype=np.float32)

        def part(start: int) -> None:
            _fill(out[start : start + PART], X[start : start + PART], DOUBLED, *self.parameters_)

        with ThreadPoolExecutor(max(self.threads, 1)) as pool:
            list(pool.map(part, range(0, len(X), PART)))
        return out

    def _refuse_unfit(self, X: np.ndarray) -> None:
        """What is compiled looks at no bounds, and parameters may come from a stranger's pack."""
        channels_of, channels, dilations, features_of, biases = self.parameters_
        fits = (
            all(one.ndim == 1 for one in self.parameters_)
            and all(one.dtype.kind in "iu" for one in self.parameters_[:-1])
            and (len(features_of), len(channels_of)) == (len(dilations), len(dilations) * len(DOUBLED))
            and (channels_of >= 1).all()
            and channels_of.sum() == len(channels)
            and ((channels >= 0) & (channels < X.shape[1])).all()
            and ((dilations >= 1) & (8 * dilations < X.shape[2])).all()
            and (features_of >= 0).all()
            and features_of.sum() * len(DOUBLED) == len(biases)
        )
        if not fits:
            raise BadInput(
                f"minirocket: its kernels do not fit windows of {X.shape[1]} channels and {X.shape[2]} steps, or were"
                " changed; train the member again"
            )


@njit(cache=True, nogil=True)
def _fill(
    out: Any, X: Any, doubled: Any,
    channels_of: Any, channels: Any, dilations: Any, features_of: Any, biases: Any,
) -> None:  # fmt: skip
    """For each window and bias, the share of the steps where the convolution exceeds it.

    A convolution is minus the sum of nine shifted series, plus three times three of them; beyond the ends lie
    zeros. Every other kernel looks only at the steps where none of the nine lies beyond.
    """
    n, n_channels, steps = X.shape
    edge = 4 * dilations.max()
    series = np.zeros((n_channels, edge + steps + edge), dtype=np.float32)
    sums = np.zeros((n_channels, steps), dtype=np.float32)
    made = np.zeros(steps, dtype=np.float32)
    for i in range(n):
        for channel in range(n_channels):
            for t in range(steps):
                series[channel, edge + t] = X[i, channel, t]
        feature, combination, first = 0, 0, 0
        for j in range(len(dilations)):
            dilation = dilations[j]
            for channel in range(n_channels):
                _sum_of_nine(sums[channel], series[channel], edge, dilation)
            for k in range(len(doubled)):
                last = first + channels_of[combination]
                for at in range(first, last):
                    row = series[channels[at]]
                    one = row[edge + doubled[k, 0] * dilation :]
                    two = row[edge + doubled[k, 1] * dilation :]
                    three = row[edge + doubled[k, 2] * dilation :]
                    _add(made, sums[channels[at]], one, two, three, at == first)
                inside = 4 * dilation if (j + k) % 2 else 0
                seen = made[inside : steps - inside]
                for at in range(feature, feature + features_of[j]):
                    out[i, at] = _share_above(seen, biases[at])
                feature += features_of[j]
                combination += 1
                first = last


@njit(cache=True, nogil=True)
def _sum_of_nine(out: Any, row: Any, edge: int, dilation: int) -> None:
    """Minus the sum of nine shifted series, the middle one first, as aeon adds them: the last bits are the same."""
    for t in range(len(out)):
        out[t] = -row[edge + t]
    for shift in (-4, -3, -2, -1, 1, 2, 3, 4):
        shifted = row[edge + shift * dilation :]
        for t in range(len(out)):
            out[t] -= shifted[t]


@njit(cache=True, nogil=True)
def _add(made: Any, sums: Any, one: Any, two: Any, three: Any, fresh: bool) -> None:
    for t in range(len(made)):
        before = np.float32(0) if fresh else made[t]
        made[t] = before + (
            sums[t] + np.float32(3) * one[t] + np.float32(3) * two[t] + np.float32(3) * three[t]
        )


@njit(cache=True, nogil=True, fastmath=True)  # whole numbers below 2**24: their sum is exact in any order
def _share_above(made: Any, bias: float) -> Any:
    above = np.float32(0)
    for t in range(len(made)):
        if made[t] > bias:
            above += np.float32(1)
    return above / len(made)
