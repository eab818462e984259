"""What every preparation does."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np

from holdfast.recipe.registry import Component


class Transformer(Protocol):
    """scikit-learn's transformer, as far as the pipeline uses it. `transform` keeps the number of rows."""

    def transform(self, X: np.ndarray) -> np.ndarray: ...


class Preparation(Component):
    """Makes inputs fit for a model; what it learns it learns from the training part alone.

    `build` gives a scikit-learn transformer on `(n, steps, channels)` with NaN for gaps, `(n, features)`, or
    pictures `(n, h, w, channels)`: uint8, as they also come out of what acts before augmentation; float32 after.
    Of frames `(n, channels, h, w)` float32 with NaN a step changes the channels of rain alone, elementwise; it has
    `transform_rain` and `inverse_transform` too, of rain alone in any shape. `names` are those of the channels.
    A transformer that learns has `partial_fit` (called a chunk at a time) or `fit` (called once on all rows).
    One that has something to tell has `facts_`, a dict of plain values.
    """

    kind: ClassVar[str] = "prepare"
    takes: ClassVar[frozenset[str]] = frozenset({"windows"})
    # Augmentation acts in the data's own units: what closes gaps comes before it, what rescales or adds after.
    before_augment: ClassVar[bool] = False
    keeps_steps: ClassVar[bool] = True  # windows come out as long, pictures as large, as they went in
    gaps: ClassVar[str] = "kept"  # or "closed"; "read" where it must stand before all that close them

    def build(self, names: tuple[str, ...]) -> Any:
        """A new transformer for data with these channels (or features) of their own.

        Steps before it may have added channels; the data's own are the first ones. Raises BadInput where
        the recipe names a channel that is not there.
        """
        raise NotImplementedError
