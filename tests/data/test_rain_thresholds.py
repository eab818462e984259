"""Codes on a threshold of rain count as reaching it."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.data.units import Unit


@pytest.mark.parametrize(("unit", "per"), [("0.01 mm/h", 100), ("0.1 mm/h", 10), ("0.02 mm/h", 50)])
def test_a_code_on_a_threshold_is_no_less(unit, per):
    codes = np.arange(0, 200 * per, dtype=np.uint16)
    rain = Unit.of_text(unit).rain(codes)
    np.testing.assert_array_equal(rain, (codes / per).astype(np.float32))
    for threshold in (0.1, 0.3, 0.7, 1.0, 5.0):
        np.testing.assert_array_equal(rain >= threshold, codes / per >= threshold)
