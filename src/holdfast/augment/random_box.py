"""Random boxes in a picture."""

from __future__ import annotations

import numpy as np

TRIES = 10  # as in torchvision
DRAWS = 2 * TRIES + 2  # numbers that a box is made from


def random_box(
    drawn: np.ndarray, shape: tuple[int, int], scale: tuple[float, float], ratio: tuple[float, float]
) -> tuple[slice, slice]:
    """Rows and columns of a box that lies whole in a picture of `shape` `(h, w)`.

    Its area, as a share of the picture's, is drawn evenly from `scale`; its width by its height, relative to the
    picture's own, from `ratio`, evenly in the logarithm. Of ten tries the first that fits counts. Where none
    does, the last one is cut to the picture's sides.
    """
    h, w = shape
    area = scale[0] + (scale[1] - scale[0]) * drawn[:TRIES]
    aspect = np.exp(np.log(ratio[0]) + np.log(ratio[1] / ratio[0]) * drawn[TRIES:-2])
    high, wide = np.rint(h * np.sqrt(area / aspect)), np.rint(w * np.sqrt(area * aspect))
    fits = (high <= h) & (wide <= w)
    first = int(fits.argmax()) if fits.any() else -1
    rows, columns = (int(np.clip(side[first], 1, most)) for side, most in ((high, h), (wide, w)))
    top, left = int(drawn[-2] * (h - rows + 1)), int(drawn[-1] * (w - columns + 1))
    return slice(top, top + rows), slice(left, left + columns)
