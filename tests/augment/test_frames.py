"""What changes the sensor's frame: rotation and mirror."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.augment.rotation import random_rotations
from holdfast.errors import BadInput
from holdfast.keys import item_keys
from holdfast.recipe.registry import parse

N, STEPS = 300, 10
NAMES = ("acc_x", "acc_y", "acc_z", "heart", "gyro_x", "gyro_y", "gyro_z")
KEYS = item_keys(3, np.arange(N))
X = np.random.default_rng(0).normal(size=(N, STEPS, len(NAMES))).astype(np.float32)
ACC, GYRO = slice(0, 3), slice(4, 7)


def changed(name: str, fields: dict[str, Any], batch: np.ndarray = X) -> np.ndarray:
    spec = parse("augment", {name: fields}).for_channels(NAMES)  # type: ignore[attr-defined]
    made = spec.apply(batch, np.zeros(len(batch)), KEYS[: len(batch)])[0]
    assert isinstance(made, np.ndarray)
    assert made.dtype == np.float32
    return made


# rotation


def test_rotation_keeps_each_groups_norm_and_leaves_other_channels() -> None:
    made = changed("rotation", {"degrees": 180})
    for group in (ACC, GYRO):
        assert not np.allclose(made[:, :, group], X[:, :, group], atol=0.1)
        norms = [np.linalg.norm(values[:, :, group], axis=2) for values in (made, X)]
        np.testing.assert_allclose(norms[0], norms[1], rtol=1e-4)
    assert np.array_equal(made[:, :, 3], X[:, :, 3])


def test_accelerometer_and_gyroscope_turn_alike_and_all_steps_do() -> None:
    both = X.copy()
    both[:, :, GYRO] = both[:, :, ACC]
    made = changed("rotation", {"degrees": 180}, both)
    assert np.array_equal(made[:, :, ACC], made[:, :, GYRO])
    inner = [
        np.einsum("btc,bc->bt", values[:, :, ACC], values[:, 0, GYRO])
        for values in (X, changed("rotation", {}))
    ]
    np.testing.assert_allclose(inner[0], inner[1], atol=1e-4)  # angles between any two vectors stay


def test_rotations_are_rotations_up_to_the_angle_about_any_axis() -> None:
    turns = random_rotations(KEYS, 40).astype(float)
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.tile(np.eye(3), (N, 1, 1)), atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(turns), 1, atol=1e-6)  # a mirror image has -1
    angles = np.rad2deg(np.arccos(np.clip((np.trace(turns, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    assert 38 < angles.max() <= 40.01
    assert angles.mean() == pytest.approx(20, abs=2)
    axes = np.stack(
        [turns[:, 2, 1] - turns[:, 1, 2], turns[:, 0, 2] - turns[:, 2, 0], turns[:, 1, 0] - turns[:, 0, 1]]
    )
    axes /= np.linalg.norm(axes, axis=0)
    np.testing.assert_allclose(axes.mean(axis=1), 0, atol=0.12)
    np.testing.assert_allclose((axes**2).mean(axis=1), 1 / 3, atol=0.06)


def test_groups_are_found_by_name_or_named() -> None:
    by_name = changed("rotation", {"axes": [["acc_x", "acc_y", "acc_z"], ["gyro_x", "gyro_y", "gyro_z"]]})
    assert np.array_equal(by_name, changed("rotation", {}))
    assert np.array_equal(by_name, changed("rotation", {"axes": [[0, 1, 2], [4, 5, 6]]}))
    acc = changed("rotation", {"axes": [["acc_x", "acc_y", "acc_z"]]})
    assert np.array_equal(acc[:, :, ACC], by_name[:, :, ACC])
    assert np.array_equal(acc[:, :, 3:], X[:, :, 3:])


@pytest.mark.parametrize(
    ("axes", "names", "said"),
    [
        ([["acc_x", "acc_y", "acc_w"]], NAMES, r"augment\.rotation\.axes: no channel is named 'acc_w'; did you mean"),
        ([["acc_x", "acc_y"]], NAMES, r"augment\.rotation\.axes: expected three different channels"),
        ([[0, 1, 2], [2, 4, 5]], NAMES, r"augment\.rotation\.axes: acc_z stands in two groups"),
        ([], ("a", "b", "c"), r"augment\.rotation\.axes: no channel names end"),
    ],
)  # fmt: skip
def test_axes_that_do_not_suit_are_refused(axes: Any, names: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        parse("augment", {"rotation": {"axes": axes}}).for_channels(names)  # type: ignore[attr-defined]


# mirror

BOTH = {"signs": ["acc_y", "gyro_y"], "swap": [["acc_y", "gyro_y"], [0, "gyro_x"]], "p": 1.0}


def test_mirror_twice_is_the_identity_and_once_is_as_named() -> None:
    once = changed("mirror", BOTH)
    want = X.copy()
    want[:, :, 1], want[:, :, 5] = -X[:, :, 5], -X[:, :, 1]
    want[:, :, 0], want[:, :, 4] = X[:, :, 4], X[:, :, 0]
    assert np.array_equal(once, want)
    assert np.array_equal(changed("mirror", BOTH, once), X)


def test_mirror_takes_its_share_of_windows_whole() -> None:
    made = changed("mirror", {"signs": ["heart"], "p": 0.3})
    assert np.array_equal(np.delete(made, 3, axis=2), np.delete(X, 3, axis=2))
    turned = (made[:, :, 3] == -X[:, :, 3]).all(axis=1)
    assert np.array_equal(made[~turned], X[~turned])
    assert turned.mean() == pytest.approx(0.3, abs=0.08)
    assert parse("augment", {"mirror": {"signs": ["heart"]}}).p == 0.5  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"signs": ["acc_q"]}, r"augment\.mirror\.signs: no channel is named 'acc_q'; did you mean"),
        ({"signs": [], "swap": [["acc_x", 9]]}, r"augment\.mirror\.swap: channel 9 of 7"),
        ({"signs": [], "swap": [[0, 1], [1, 2]]}, r"augment\.mirror\.swap: a channel stands there twice"),
        ({"signs": ["acc_x"], "swap": [[0, 1]]}, r"augment\.mirror\.signs: acc_x and acc_y trade places; name both"),
    ],
)  # fmt: skip
def test_mirror_that_is_none_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        parse("augment", {"mirror": fields}).for_channels(NAMES)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("fields", "said"), [({"signs": []}, "found none"), ({}, "required")])
def test_mirror_without_channels_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse("augment", {"mirror": fields})
