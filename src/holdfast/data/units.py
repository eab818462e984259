"""What the numbers in radar files mean: codes, dBZ and rain rate, there and back."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from holdfast.errors import BadInput
from holdfast.recipe.strict import Strict

DRY = (
    -30.0
)  # dBZ from which down nothing falls, where a scale does not begin above it; pysteps writes it for no echo
RATE = r"mm\s*/\s*h(?:r|our)?|mm\s*h(?:r)?\s*(?:\^|\*\*)?\s*-1"
NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
TEXT = re.compile(
    rf"\s*(?:(?P<scale>{NUMBER})\s*\*?\s*)?(?P<of>dbz|{RATE})\s*(?:(?P<sign>[+-])\s*(?P<offset>{NUMBER}))?"
    r"\s*(?:\((?P<more>[^()]*)\))?\s*",
    re.IGNORECASE,
)
EXPECTED = 'expected "[scale] mm/h" or "[scale] dBZ [+ offset]", as "0.01 mm/h" or "0.5 dBZ - 32"'

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Unit(Strict):
    """value = scale · code + offset, in mm/h, or in dBZ, which becomes rain by Z = a R^b.

    The bottom of a scale of dBZ (code 0 where the offset is below 0, else -30 dBZ) is no rain at all.

    >>> unit = Unit.of_text("0.5 dBZ - 32")
    >>> rain = unit.rain(np.array([0, 64, 110], dtype=np.uint8))
    >>> [f"{one:.3f}" for one in rain]
    ['0.000', '0.036', '0.999']
    >>> unit.codes(rain, whole=True).tolist()
    [0, 64, 110]
    """

    of: Literal["mm/h", "dBZ"] = Field(description="what scale · code + offset is")
    scale: Positive = Field(1.0, description="of a code, 1 up")
    offset: Finite = Field(0.0, description="value of the code 0")
    a: Positive = Field(200.0, description="of Z = a R^b; 200 and 1.6 are Marshall and Palmer (1948)")
    b: Positive = Field(1.6, description="of Z = a R^b")
    missing: Finite | None = Field(None, description="code of what was not measured; null: none, or NaN")

    @staticmethod
    def of_text(text: str) -> Unit:
        """Raises ValueError for a text that is no unit."""
        return Unit.model_validate(_fields(text))

    @property
    def text(self) -> str:
        """The unit in one line, which `of_text` reads again."""
        said = [] if self.scale == 1 else [_short(self.scale)]
        said.append(self.of)
        if self.offset:
            said += ["-" if self.offset < 0 else "+", _short(abs(self.offset))]
        more = {"missing": self.missing} if self.missing is not None else {}
        if self.of == "dBZ" and (self.a, self.b) != (200.0, 1.6):
            more = {"a": self.a, "b": self.b, **more}
        if more:
            said.append("(" + ", ".join(f"{name}={_short(value)}" for name, value in more.items()) + ")")
        return " ".join(said)

    @property
    def lowest(self) -> float:
        """dBZ at which there is no rain."""
        return self.offset if self.offset < 0 else DRY

    def rain(self, codes: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Codes of any shape in mm/h, float32; NaN where nothing was measured. `out`: where to write it."""
        if self.of == "dBZ" and codes.dtype.kind == "u" and codes.dtype.itemsize <= 2:
            table = _table(self, codes.dtype.itemsize)  # a tenth of the time of as many powers
            return table.take(codes, out=out, mode="clip")
        return self._rain(codes, out)

    def codes(self, rain: np.ndarray, whole: bool = False) -> np.ndarray:
        """Rain in mm/h as codes, float64; `whole`: int64, the nearest one, halves up. Raises BadInput for a code of NaN."""
        value = np.asarray(rain, dtype=np.float64)
        if self.of == "dBZ":
            with np.errstate(divide="ignore"):
                value = 10 * (math.log10(self.a) + self.b * np.log10(np.maximum(value, 0)))
            value = np.maximum(value, self.lowest)
        code = (value - self.offset) / self.scale
        if self.missing is not None:
            code = np.where(np.isnan(code), self.missing, code)
        if not whole:
            return code
        if np.isnan(code).any():
            raise BadInput(
                f"{int(np.isnan(code).sum())} values are missing, and {self.text} has no code for that"
            )
        return np.floor(code + 0.5).astype(np.int64)

    def _rain(self, codes: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        parts = round(1 / self.scale)
        # 10 hundredths are 0.1, the usual threshold, which 10 times a rounded 0.01 falls short of
        whole = parts > 1 and abs(parts * self.scale - 1) < 1e-12
        by, factor = (np.divide, parts) if whole else (np.multiply, self.scale)
        value = by(codes, np.float32(factor), out=out, dtype=np.float32, casting="same_kind")
        if self.offset:
            value += np.float32(self.offset)
        if self.of == "dBZ":
            dry = value <= np.float32(self.lowest)
            value -= np.float32(10 * math.log10(self.a))
            value *= np.float32(math.log(10) / (10 * self.b))
            np.exp(value, out=value)
            value[dry] = 0
        if self.missing is not None:
            value[codes == self.missing] = np.nan
        return value


@lru_cache(maxsize=8)
def _table(unit: Unit, size: int) -> np.ndarray:
    """The rain of each code of one or two bytes."""
    return unit._rain(np.arange(1 << (8 * size), dtype=np.uint32))


def _fields(value: Any) -> Any:
    """The fields that a text stands for; anything else as it is."""
    if not isinstance(value, str):
        return value
    found = TEXT.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is no unit; {EXPECTED}{_hint(value)}")
    fields: dict[str, Any] = {"of": "dBZ" if found["of"].lower() == "dbz" else "mm/h"}
    if found["scale"]:
        fields["scale"] = float(found["scale"])
    if found["offset"]:
        fields["offset"] = float(found["sign"] + found["offset"])
    for item in filter(None, (found["more"] or "").split(",")):
        name, _, said = item.partition("=")
        try:
            number = float(said)
        except ValueError:
            raise ValueError(f"{value!r}: expected name=number in brackets, got {item.strip()!r}") from None
        fields[name.strip()] = number
    return fields


def _hint(text: str) -> str:
    if re.fullmatch(rf"\s*(?:{NUMBER}\s*)?(?:mm|kg\s*/?\s*m(?:-2|2|\^2))\s*", text, re.IGNORECASE):
        return "; an amount in m minutes is 60 / m times that a hour: 0.01 mm in 5 minutes is 0.12 mm/h"
    return ""


def _short(number: float) -> str:
    """As few digits as say it exactly."""
    return short if float(short := f"{number:g}") == number else repr(number)


AsUnit = Annotated[Unit, BeforeValidator(_fields, json_schema_input_type=str | Unit)]
