"""What is to be predicted."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from holdfast.errors import BadInput


class Attribute(BaseModel):
    """One of several properties that make up a joint class, as mask, gender and age of a photo.

    `of_class`: the code of this attribute for each joint class. `ordered`: whether its values stand in order.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    values: tuple[str, ...]
    of_class: tuple[int, ...]
    ordered: bool = False

    def codes(self, y: np.ndarray) -> np.ndarray:
        """Codes of this attribute for joint class codes `(n,)`."""
        return np.asarray(self.of_class, dtype=np.int64)[y]

    def marginal(self, shares: np.ndarray) -> np.ndarray:
        """Shares of the attribute's values `(n, values)` from those of the joint classes `(n, classes)`.

        >>> mask = Attribute(name="mask", values=("no", "yes"), of_class=(0, 0, 1))
        >>> mask.marginal(np.array([[0.5, 0.2, 0.3]])).tolist()
        [[0.7, 0.3]]
        """
        return shares @ np.eye(len(self.values), dtype=shares.dtype)[list(self.of_class)]


class TargetSpec(BaseModel):
    """Classes (names, and their codes 0, 1, … in this order), a real value, or a grid of values for each lead time.

    `aliases` holds other columns that name the same classes one to one (a description beside a code).
    `attributes`: what each class is made of, where classes are joint ones. Of a grid: its `shape`
    (lead times, height, width), `leads` in minutes where they are known, and the `unit` that a submission is
    written in, with the largest code `top` that the files' type holds, where that is whole numbers; all that
    models and metrics see is in mm/h.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["classes", "real", "grid"]
    column: str = "target"
    names: tuple[str, ...] = ()
    aliases: dict[str, tuple[str, ...]] = {}
    attributes: tuple[Attribute, ...] = ()
    shape: tuple[int, ...] = ()
    leads: tuple[float, ...] = ()
    unit: str = ""
    top: int | None = None

    @property
    def n_classes(self) -> int:
        return len(self.names)

    @property
    def outputs(self) -> int:
        """Columns of a prediction: one a class, one value, or a lead time of a grid."""
        return {"classes": self.n_classes, "real": 1, "grid": self.shape[0] if self.shape else 0}[self.kind]

    def codes_of(self, named: list[Any], where: str) -> np.ndarray:
        """Codes of classes named in a recipe; raises BadInput for a name that is no class."""
        wanted = [str(name) for name in named]
        strange = [name for name in wanted if name not in self.names]
        if strange:
            raise BadInput(f"{where}: no class is named {strange[0]!r}; classes: {', '.join(self.names)}")
        return np.array([self.names.index(name) for name in wanted], dtype=np.int64)


def class_names(values: pd.Series) -> tuple[str, ...]:
    """Class names in their order: numeric where all are numbers, else alphabetical.

    >>> class_names(pd.Series(["10", "9", "9"]))
    ('9', '10')
    """
    names = [str(value) for value in values.dropna().unique()]
    try:
        return tuple(sorted(names, key=float))
    except ValueError:
        return tuple(sorted(names))


def encode(values: pd.Series, names: tuple[str, ...]) -> np.ndarray:
    """Codes (int64) of string class values; -1 where a value is none of the names."""
    return pd.Categorical(values.astype(str), categories=list(names)).codes.astype(np.int64)
