"""Another way to wear the device."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field

from holdfast.augment.base import Augmentation
from holdfast.errors import BadInput
from holdfast.keys import uniforms
from holdfast.recipe.channels import triples
from holdfast.recipe.registry import component

AXES = "augment.rotation.axes"


def random_rotations(keys: np.ndarray, degrees: float) -> np.ndarray:
    """`(b, 3, 3)` float32 rotation matrices: axis evenly over all directions, angle evenly from 0 to `degrees`."""
    from scipy.spatial.transform import Rotation as Rotations

    height, around, angle = uniforms(keys, 3).T
    height, around = 2 * height - 1, 2 * np.pi * around
    flat = np.sqrt(1 - height**2)
    axis = np.stack([flat * np.cos(around), flat * np.sin(around), height], axis=1)
    turns = Rotations.from_rotvec(axis * (np.deg2rad(degrees) * angle)[:, None])
    return turns.as_matrix().astype(np.float32)


@component("rotation")
class Rotation(Augmentation):
    """Turn the sensor's frame by a random 3-D rotation (Um et al. 2017), as if the device were worn otherwise.

    All groups turn by the same rotation, as accelerometer and gyroscope of one device do. For several devices,
    name rotation once for each, with its groups under axes.
    """

    axes: tuple[tuple[str | int, ...], ...] = Field(
        (),
        description="groups of three channels x, y, z, by name or position; empty: all that the names show",
        examples=[[["acc_x", "acc_y", "acc_z"], ["gyro_x", "gyro_y", "gyro_z"]]],
    )
    degrees: float = Field(
        15.0,
        gt=0,
        le=180,
        description="largest angle; 15 for a strap that slips, 180 for any way to carry it",
    )

    def for_channels(self, names: tuple[str, ...]) -> Self:
        groups = triples(names, self.axes, AXES)
        turned = [channel for group in groups for channel in group]
        twice = sorted({names[channel] for channel in turned if turned.count(channel) > 1})
        if twice:
            raise BadInput(f"{AXES}: {', '.join(twice)} stands in two groups; name each channel in one")
        return self.model_copy(update={"axes": tuple(groups)})

    def apply(
        self, batch: np.ndarray, targets: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        b, steps, _ = batch.shape
        turned = np.array(self.axes).ravel()
        vectors = batch[:, :, turned].reshape(b, -1, 3)
        out = batch.copy()
        rotations = random_rotations(keys, self.degrees)
        out[:, :, turned] = (vectors @ rotations.transpose(0, 2, 1)).reshape(b, steps, -1)
        return out, targets
