"""The forecast that rain moves on as it moved."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast import radar
from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.models.base import Forecast
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec


@component("optical_flow")
class OpticalFlow(Forecast):
    """The last frame, moved on along the motion of the frames before: dense Lucas-Kanade, semi-Lagrangian (pysteps).

    Rain moves but neither grows nor fades. A field of motion is interpolated between corners that are followed
    from frame to frame (Lucas and Kanade 1981), and the last frame is carried along it (Germann and Zawadzki 2002);
    pysteps (Pulkkinen et al. 2019), with the settings of `holdfast.data.flow`.
    """

    uses_flow: ClassVar[bool] = True

    def check(self, target: TargetSpec, train: Dataset, where: str) -> None:
        if not radar.has_pysteps():
            raise BadInput(f"{where}: needs pysteps, which is not installed; {radar.INSTALL}")
        radar.opencv()

    def forecast(self, X: np.ndarray, names: tuple[str, ...], target: TargetSpec) -> np.ndarray:
        return X[:, [names.index(f"flow-{lead + 1}") for lead in range(target.outputs)]]
