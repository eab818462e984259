"""Ranges that a change's strength is drawn from, written as torchvision writes them."""

from __future__ import annotations

from math import inf

from pydantic import AfterValidator

Range = float | tuple[float, float]


def within(low: float, high: float, largest: float = inf) -> AfterValidator:
    """Check of a Range: a number from 0 to `largest`, or two in order from `low` to `high`."""

    def checked(value: Range) -> Range:
        if isinstance(value, tuple):
            if not low <= value[0] <= value[1] <= high:
                raise ValueError(f"expected [least, largest] between {low:g} and {high:g}")
        elif not 0 <= value <= min(largest, high) or value == inf:
            raise ValueError(
                f"expected a finite number from 0 to {min(largest, high):g}, or [least, largest]"
            )
        return value

    return AfterValidator(checked)


def in_order(value: tuple[float, float]) -> tuple[float, float]:
    """Check of two bounds."""
    if not value[0] <= value[1]:
        raise ValueError("expected [least, largest], the least first")
    return value


def drawn_from(value: Range, number: float, centre: float = 0.0, floor: float = -inf) -> float:
    """Where `number` in [0, 1) falls in the range; one value alone spreads to both sides of `centre`.

    >>> drawn_from(0.5, 0.0, centre=1.0), drawn_from((2.0, 4.0), 0.5), drawn_from(3.0, 0.5, floor=0.0)
    (0.5, 3.0, 1.5)
    """
    low, high = value if isinstance(value, tuple) else (max(floor, centre - value), centre + value)
    return low + (high - low) * number
