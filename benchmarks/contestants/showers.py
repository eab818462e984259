"""Simulated showers, the frames that all contestants get: blobs of rain that move and fade. numpy alone is needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

STEPS = 4  # frames that a forecast starts from; one more is to be predicted
CELLS = 5  # blobs in a sample
HUNDREDTHS = 100  # codes a mm/h
POOL = 32  # different samples of a large set; the others are these, shifted


def simulated(samples: int, side: int, seed: int = 0) -> np.ndarray:
    """Frames `(samples, 5, side, side)` float32 in mm/h, the last to be predicted; dry over most of their area."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, side, (samples, CELLS, 1, 2))
    speed = rng.normal(0, side / 60, (samples, 1, 1, 2)) + rng.normal(0, side / 240, (samples, CELLS, 1, 2))
    middle = start + np.arange(STEPS + 1)[:, None] * speed  # (samples, cells, frames, 2)
    size = rng.uniform(side / 30, side / 8, (samples, CELLS, 1, 1))
    across, along = (np.exp(-(((np.arange(side) - middle[..., axis, None]) / size) ** 2)) for axis in (0, 1))
    peak = rng.gamma(1.0, 6.0, (samples, CELLS, 1)) * rng.uniform(0.9, 1.1, (samples, CELLS, 1)) ** np.arange(
        STEPS + 1
    )
    rain = np.einsum("nct,ncty,nctx->ntyx", peak, across, along)
    return np.where(rain < 0.05, 0, rain).astype(np.float32)


def write_codes(file: Path, samples: int, side: int) -> None:
    """A file `(samples, 5, side, side)` uint16 in 0.01 mm/h, written a part at a time."""
    pool = (simulated(min(POOL, samples), side) * HUNDREDTHS).clip(0, 60_000).astype(np.uint16)
    out = np.lib.format.open_memmap(file, "w+", np.uint16, (samples, *pool.shape[1:]))
    for turn, start in enumerate(range(0, samples, len(pool))):
        part = out[start : start + len(pool)]
        part[:] = np.roll(pool, (turn, 3 * turn), axis=(2, 3))[: len(part)]
    out.flush()
