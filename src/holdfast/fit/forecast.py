"""A forecast that learns nothing, behind a member."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.models.base import Forecast
from holdfast.predict.test_time import AtTestTime
from holdfast.recipe.target import TargetSpec
from holdfast.store.atomic import write_whole

BATCH = 64
FILE = "model.joblib"


@dataclass
class FittedForecast:
    """The model and what it is asked for."""

    model: Forecast
    target: TargetSpec
    at_test_time: AtTestTime
    facts: dict[str, Any] = field(default_factory=dict)

    def predict(self, data: Dataset) -> np.ndarray:
        """Grids `(n, leads, h, w)` in mm/h, the mean over views; float32."""
        data = data.seen_by(self.model)
        return self.at_test_time.predict(
            data, self.target, lambda X: X, lambda X: self.model.forecast(X, data.names, self.target), BATCH
        )

    def save(self, folder: Path) -> None:
        write_whole(folder / FILE, lambda file: joblib.dump(self, file))
