"""Codes, dBZ and rain rate: known values, there and back, and texts that are read again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from holdfast.data.units import AsUnit, Unit
from holdfast.errors import BadInput

CONTEST = Unit(of="dBZ", scale=70 / 255, offset=-10 - 0.5 * 70 / 255)  # dBZ = (code - 0.5) / 255 · 70 - 10


def test_hundredths_of_a_millimetre() -> None:
    rain = Unit.of_text("0.01 mm/h").rain(np.array([[0, 10], [150, 20000]], dtype=np.uint16))
    assert rain.dtype == np.float32
    assert np.allclose(rain, [[0, 0.1], [1.5, 200]])


def test_marshall_palmer() -> None:
    # Z = 200 R^1.6: 1 mm/h is 23.01 dBZ, 10 mm/h 39.01 dBZ
    dbz = 10 * np.log10(200 * np.array([1.0, 10.0]) ** 1.6)
    assert dbz.round(2).tolist() == [23.01, 39.01]
    assert np.allclose(Unit.of_text("dBZ").rain(dbz), [1, 10], rtol=1e-5)
    other = Unit(of="dBZ", a=300, b=1.4)
    assert np.allclose(other.rain(10 * np.log10(300 * np.array([1.0, 10.0]) ** 1.4)), [1, 10], rtol=1e-5)


def test_the_contests_codes() -> None:
    codes = np.arange(1, 256, dtype=np.uint8)
    dbz = (codes - 0.5) / 255 * 70 - 10
    expected = (10 ** (dbz / 10) / 200) ** (1 / 1.6)
    for held in (codes, codes.astype(np.int32), codes.astype(np.float32)):
        assert np.allclose(CONTEST.rain(held), expected, rtol=1e-4)
    assert CONTEST.rain(np.zeros(3, dtype=np.uint8)).tolist() == [0, 0, 0]  # the bottom of a scale is no rain


@pytest.mark.parametrize(
    ("unit", "codes"),
    [
        (CONTEST, np.arange(256)),
        (Unit.of_text("0.5 dBZ - 32"), np.arange(200)),
        (Unit.of_text("0.01 mm/h"), np.arange(0, 60000, 7)),
        (Unit.of_text("dBZ"), np.arange(-30, 70)),
        (Unit.of_text("0.1 mm/h (missing=65535)"), np.array([0, 1, 65535])),
    ],
)
def test_codes_come_back(unit: Unit, codes: np.ndarray) -> None:
    assert np.array_equal(unit.codes(unit.rain(codes), whole=True), codes)


def test_halves_are_rounded_up() -> None:
    unit = Unit.of_text("mm/h")
    assert unit.codes(np.array([0.5, 1.5, 2.5, 2.49]), whole=True).tolist() == [1, 2, 3, 2]
    assert unit.codes(np.array([0.5, 2.49])).tolist() == [0.5, 2.49]


def test_no_rain_is_the_lowest_code() -> None:
    assert CONTEST.codes(np.array([0.0, 0.001]), whole=True).tolist() == [0, 0]
    assert Unit.of_text("dBZ").codes(np.zeros(1)).tolist() == [-30]


def test_missing() -> None:
    for text in ("0.01 mm/h (missing=255)", "0.5 dBZ - 32 (missing=255)"):
        unit = Unit.of_text(text)
        for dtype in (np.uint8, np.int64, np.float32):
            rain = unit.rain(np.array([100, 255], dtype=dtype))
            assert np.isnan(rain).tolist() == [False, True]
            assert unit.codes(rain, whole=True).tolist() == [100, 255]
    plain = Unit.of_text("mm/h")
    assert np.isnan(plain.rain(np.array([np.nan, 1.0])))[0]
    assert np.isnan(plain.codes(np.array([np.nan])))[0]
    with pytest.raises(BadInput, match="1 values are missing"):
        plain.codes(np.array([np.nan, 1]), whole=True)


def test_written_into_what_is_given() -> None:
    for unit in (CONTEST, Unit.of_text("0.01 mm/h")):
        codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
        out = np.empty((16, 16), dtype=np.float32)
        assert np.shares_memory(unit.rain(codes, out=out), out)
        assert np.array_equal(out, unit.rain(codes))


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("mm/h", Unit(of="mm/h")),
        (" 0.01mm/hr ", Unit(of="mm/h", scale=0.01)),
        ("mm h-1", Unit(of="mm/h")),
        ("dbz", Unit(of="dBZ")),
        ("0.5 dBZ - 32", Unit(of="dBZ", scale=0.5, offset=-32)),
        ("0.5*dBZ+3e-1", Unit(of="dBZ", scale=0.5, offset=0.3)),
        (
            "0.5 dBZ - 32 (a=300, b=1.4, missing=255)",
            Unit(of="dBZ", scale=0.5, offset=-32, a=300, b=1.4, missing=255),
        ),
    ],
)
def test_texts(text: str, unit: Unit) -> None:
    assert Unit.of_text(text) == unit


positive = st.floats(1e-6, 1e6)


@given(
    st.sampled_from(["mm/h", "dBZ"]), positive, st.floats(-1e5, 1e5), positive, positive,
    st.none() | st.floats(-1e6, 1e6),
)  # fmt: skip
def test_text_says_all(
    of: str, scale: float, offset: float, a: float, b: float, missing: float | None
) -> None:
    relation = {"a": a, "b": b} if of == "dBZ" else {}
    unit = Unit.model_validate({"of": of, "scale": scale, "offset": offset, "missing": missing, **relation})
    assert Unit.of_text(unit.text) == unit


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ("mm", "0.01 mm in 5 minutes is 0.12 mm/h"),
        ("parsecs", 'expected "\\[scale\\] mm/h"'),
        ("0 mm/h", "greater than 0"),
        ("-1 mm/h", "is no unit"),
        ("dBZ (missing)", "name=number"),
        ("dBZ (mising=3)", "did you mean 'missing'"),
        ({"of": "dBZ", "scal": 2}, "did you mean 'scale'"),
        ({"of": "inch"}, "mm/h"),
    ],
)
def test_what_is_no_unit(said: object, match: str) -> None:
    class Holder(BaseModel):
        unit: AsUnit

    with pytest.raises(ValidationError, match=match):
        Holder.model_validate({"unit": said})
