"""Class-balanced weights against the paper's formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.recipe.registry import parse
from holdfast.testing.samples import CLASSES

Y = np.repeat([0, 1, 2], [2000, 60, 2])


def of_classes(entry: Any) -> np.ndarray:
    """The weight of each class."""
    return parse("balance", entry).weights(Y, CLASSES)[[0, 2000, 2060]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("beta", [0.9, 0.99, 0.9999])
def test_weights_follow_the_formula(beta: float) -> None:
    expected = [(1 - beta) / (1 - beta**n) for n in (2000, 60, 2)]
    made = of_classes({"effective_number": {"beta": beta}})
    np.testing.assert_allclose(made / made[0], np.array(expected) / expected[0], rtol=1e-5)


def test_from_no_weights_to_inverse_counts() -> None:
    np.testing.assert_allclose(of_classes({"effective_number": {"beta": 0}}), 1)
    nearly = of_classes({"effective_number": {"beta": 1 - 1e-9}})
    np.testing.assert_allclose(nearly, of_classes("class_weights"), rtol=1e-4)
