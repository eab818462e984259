"""How alike photos are: their coarse structure, by which re-encoded, resized and mirrored copies stay near."""

from __future__ import annotations

import numpy as np

from holdfast.check.likeness import Likeness
from holdfast.data.dataset import Dataset
from holdfast.data.scratch import put_together, scratch

SIDE = 32  # pixels of the grey picture that is transformed
KEPT = 12  # lowest frequencies along each axis
GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
FARTHEST = 0.35  # of two copies, where unlike photos are some 1.4 apart


def photos_alike(parts: list[Dataset]) -> Likeness:
    """The numbers behind the perceptual hash (pHash, Zauner 2010), as they are: their signs alone tell less.

    Low frequencies of the grey picture, brought to one length, so that brightness and contrast do not matter. A
    mirrored photo has those of odd order with the other sign.
    """
    chunks = (frequencies(chunk) for part in parts for chunk in part.chunks())
    made = put_together(chunks, sum(map(len, parts)), scratch)
    odd = 1 - 2 * (np.arange(KEPT, dtype=np.float32) % 2)
    both = np.ones_like(odd)
    flips = [np.outer(down, across).ravel() for down in (both, odd) for across in (both, odd)]
    return Likeness(made, np.stack(flips), farthest=FARTHEST)


def frequencies(photos: np.ndarray) -> np.ndarray:
    """Lowest frequencies `(n, KEPT²)` of photos `(n, h, w, 3)`, of length 1; zeros where nothing is to be seen."""
    from scipy.fft import dctn

    n, height, width, channels = photos.shape
    weights = GREY if channels == len(GREY) else np.full(channels, 1 / channels)
    rows = _areas(height).T @ photos.reshape(n, height, -1).astype(np.float32)
    small = rows.reshape(n, SIDE, width, channels) @ weights.astype(np.float32) @ _areas(width)
    low = dctn(small, axes=(1, 2), norm="ortho")[:, :KEPT, :KEPT].reshape(len(photos), -1)
    low[:, 0] = 0
    length = np.linalg.norm(low, axis=1, keepdims=True)
    return np.divide(low, length, out=np.zeros_like(low), where=length > 1e-6)


def _areas(size: int) -> np.ndarray:
    """Weights `(size, SIDE)` by which an axis is brought to SIDE pixels: each is the mean of what it covers."""
    edges = np.linspace(0, size, SIDE + 1)
    pixel = np.arange(size)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return (np.clip(covered, 0, None).T * SIDE / size).astype(np.float32)
