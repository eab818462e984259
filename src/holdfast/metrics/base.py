"""What every metric does."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.errors import BadInput
from holdfast.recipe.registry import Component
from holdfast.recipe.target import TargetSpec


class Metric(Component):
    """`score(truth, prediction) → float` over pooled rows, with a direction.

    Most scores are a function of sums over rows. Such a metric gives `parts`, what each row adds, and
    `combine`, the score of such sums; a bootstrap then costs a matrix product. Others give `direct`.

    Truth: class codes `(n,)`, values `(n,)`, or grids `(n, leads, h, w)` in mm/h with NaN where nothing was
    measured. Prediction: probabilities `(n, classes)`, values `(n,)` or grids. Those of grids have `parts`, and
    are asked for them some rows at a time.
    """

    kind: ClassVar[str] = "metric"
    targets: ClassVar[frozenset[str]]
    greater_is_better: ClassVar[bool] = True
    of_probabilities: ClassVar[bool] = False  # scores probabilities, not the most probable class
    of_right_rows: ClassVar[bool] = False  # 0 and 1 mean that every row is wrong or right

    @property
    def key(self) -> str:
        """What scores are kept and shown under: the name, and what tells apart metrics of one name."""
        return self.name

    def check(self, target: TargetSpec) -> None:
        """Raises BadInput where the metric does not suit the target; called before any work starts."""
        if target.kind not in self.targets:
            scored = " or ".join(kind for kind in ("classes", "real", "grid") if kind in self.targets)
            raise BadInput(
                f"metric: {self.name} scores {scored}, the target {target.column!r} is {target.kind}"
            )

    def parts(self, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray | None:
        """`(n, d)`: what each row adds; None where the score is no function of sums."""
        return None

    def combine(self, sums: np.ndarray) -> np.ndarray:
        """Scores `(…)` of sums `(…, d)`."""
        raise NotImplementedError

    def direct(self, truth: np.ndarray, prediction: np.ndarray) -> float:
        """The score itself, where there are no parts."""
        raise NotImplementedError

    def score(self, truth: np.ndarray, prediction: np.ndarray) -> float:
        parts = self.parts(truth, prediction)
        return self.direct(truth, prediction) if parts is None else float(self.combine(parts.sum(axis=0)))
