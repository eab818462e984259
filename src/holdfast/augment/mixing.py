"""What the augmentations that mix the samples of a batch share: partners, shares, mixed targets."""

from __future__ import annotations

import numpy as np

from holdfast.keys import uniforms


def partners(keys: np.ndarray) -> np.ndarray:
    """Position of another sample of the batch for each, `(b,)`: the one with the next larger key.

    So each sample is a partner once, in whatever order the batch stands. One alone is its own partner.

    >>> partners(np.array([30, 10, 20], dtype=np.uint64))
    array([1, 2, 0])
    """
    order = np.argsort(keys, kind="stable")
    found = np.empty_like(order)
    found[order] = np.roll(order, -1)
    return found


def own_shares(keys: np.ndarray, alpha: float) -> np.ndarray:
    """What each sample keeps of itself, `(b,)`: λ or 1 - λ of Beta(alpha, alpha), whichever is larger.

    Every sample is a partner too, so pairs are mixed as in the papers; but the larger part of each mix is the
    sample whose weight (class_weights) it carries.
    """
    from scipy.special import betaincinv

    drawn = betaincinv(alpha, alpha, uniforms(keys, 1)[:, 0])
    return np.maximum(drawn, 1 - drawn)


def mixed(values: np.ndarray, partner: np.ndarray, share: np.ndarray) -> np.ndarray:
    """`share` `(b,)` of each sample's values and the rest of its partner's; `values` `(b, …)` float."""
    own = share.astype(values.dtype).reshape(len(values), *[1] * (values.ndim - 1))
    return own * values + (1 - own) * values[partner]
