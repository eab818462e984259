"""Reading windows at other places in time."""

from __future__ import annotations

import numpy as np


def pick(batch: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Of each window `(b, steps, channels)` its own steps `index` `(b, new steps)`, in that order.

    >>> pick(np.array([[[5.0], [6.0], [7.0]]]), np.array([[2, 0]])).ravel()
    array([7., 5.])
    """
    b, steps, channels = batch.shape
    return batch.reshape(b * steps, channels).take(index + steps * np.arange(b)[:, None], axis=0)


def resample(batch: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Each window `(b, steps, channels)` read at its own `places` `(b, new steps)`, linear between steps.

    Places count in steps, from 0 to steps - 1.

    >>> resample(np.array([[[0.0], [10.0]]]), np.array([[0.0, 0.5, 1.0]])).ravel()
    array([ 0.,  5., 10.])
    """
    low = places.astype(np.intp)  # the floor, since no place is negative
    left, right = pick(batch, low), pick(batch, np.minimum(low + 1, batch.shape[1] - 1))
    share = (places - low).astype(batch.dtype)[:, :, None]
    return left + share * (right - left)


def crop(batch: np.ndarray, starts: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """A part of each window `(b, steps, channels)`, resized back to the full length.

    `shares` `(b,)`: length of the part, as a share of the window; `starts` `(b,)`: where it lies, from 0
    (it begins with the window) to 1 (it ends with the window).
    """
    steps = batch.shape[1]
    lengths = shares * (steps - 1)
    begins = starts * (steps - 1 - lengths)
    places = begins[:, None] + lengths[:, None] * np.linspace(0, 1, steps)
    return resample(batch, np.minimum(places, steps - 1))
