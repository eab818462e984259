"""Means of members."""

from __future__ import annotations

import numpy as np

from holdfast.ensemble.geometric_mean import GeometricMean


def test_geometric_mean_by_hand() -> None:
    members = np.array([[[0.9, 0.1]], [[0.4, 0.6]]])
    roots = np.sqrt(members[0] * members[1])
    np.testing.assert_allclose(GeometricMean().predict(None, members), roots / roots.sum())


def test_equal_members_stay_as_they_are() -> None:
    one = np.array([[0.7, 0.2, 0.1], [0.98, 0.01, 0.01]])
    np.testing.assert_allclose(GeometricMean().predict(None, np.stack([one, one, one])), one)


def test_a_member_that_says_never_does_not_silence_the_others() -> None:
    members = np.array([[[1.0, 0.0]], [[0.001, 0.999]]])
    made = GeometricMean().predict(None, members)
    assert np.isfinite(made).all()
    assert made[0, 1] > 0


def test_values_have_the_plain_mean() -> None:
    np.testing.assert_allclose(GeometricMean().predict(None, np.array([[-1.0, 2.0], [3.0, 4.0]])), [1.0, 3.0])
