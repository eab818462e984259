"""Batches of frames with the grids to learn, changed and scaled alike."""

from __future__ import annotations

import numpy as np
import torch

from holdfast.fit.feed import Batch, Feed
from holdfast.keys import for_step


def filled(frames: np.ndarray) -> np.ndarray:
    """Prepared frames with 0 where nothing was measured."""
    return np.nan_to_num(frames, copy=False, nan=0.0)


class GridFeed(Feed):
    """A feed whose targets are grids: augmentation changes them with the frames, preparation scales them alike.

    What was not measured is 0 in the inputs and NaN in the targets, which losses leave out.
    """

    def _targets(self) -> np.ndarray:
        """Nothing is held: grids are read with the frames, from memory where the frames are."""
        self.grids = None if self.base is None else self.train.read_grids()
        return np.zeros(len(self.y), dtype=np.float32)

    def _prepared_once(self) -> bool:
        return False

    def batch(self, rows: np.ndarray, keys: np.ndarray) -> Batch:
        """Frames and grids with the changes that their keys name."""
        base = self.pipeline.before(self.train.read(rows)) if self.base is None else self.base[rows]
        grids = self.train.read_grids(rows) if self.grids is None else self.grids[rows]
        for step, augment in enumerate(self.augments):
            base, grids = augment.apply(base, grids, for_step(keys, step))
        inputs = filled(self.pipeline.after(base))
        targets = self.pipeline.transform_rain(grids)
        return Batch(
            torch.from_numpy(np.ascontiguousarray(inputs)),
            torch.from_numpy(np.ascontiguousarray(targets)),
            None,
        )
