"""Where forecasts of rain err, in numbers: by what fell, by what was said, by lead time, by sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

CLASSES = (
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    20.0,
    50.0,
)  # mm/h at which a class of rain begins; less is dry
COUNT, TRUTH, SAID, ERROR = range(4)  # what is summed: pixels, mm/h that fell, mm/h said, absolute errors


@dataclass(frozen=True)
class Tally:
    """Sums over the pixels that were measured: of a forecast `(n, leads, h, w)` beside the truth, in mm/h."""

    by_truth: np.ndarray  # (4, classes): pixels whose true rain is of a class
    by_said: np.ndarray  # (4, classes): pixels whose forecast is of a class
    by_lead: np.ndarray  # (4, leads)
    by_sample: np.ndarray  # (4, n)

    @property
    def mae(self) -> np.ndarray:
        """Mean absolute error of each sample; NaN where nothing was measured."""
        return _mean(self.by_sample, ERROR)

    @property
    def bias(self) -> np.ndarray:
        """Mean of forecast less truth of each sample."""
        return _mean(self.by_sample, SAID) - _mean(self.by_sample, TRUTH)

    def plain(self, leads: tuple[float, ...], groups: np.ndarray | None) -> dict[str, Any]:
        """Plain values, to keep; `leads` in minutes, or empty."""
        pixels = self.by_lead[COUNT].sum()
        numbers = [lead + 1 for lead in range(self.by_lead.shape[1])]
        return {
            "pixels": int(pixels),
            "mae": _number(self.by_lead[ERROR].sum() / pixels),
            "bias": _number((self.by_lead[SAID] - self.by_lead[TRUTH]).sum() / pixels),
            "by_rain": _rows(_bounds(), self.by_truth),
            "reliability": _rows(_bounds(), self.by_said),
            "thresholds": self.thresholds(),
            "by_lead": _rows([{"lead": one} for one in (leads or numbers)], self.by_lead),
            "by_event": [] if groups is None else self.by_event(groups),
        }

    def by_event(self, groups: np.ndarray) -> list[dict[str, Any]]:
        """The same sums for each event, those that err most first."""
        names, codes = np.unique(groups, return_inverse=True)
        sums = np.stack([np.bincount(codes, row, len(names)) for row in self.by_sample])
        made = _rows([{"event": str(name)} for name in names], sums)
        return sorted(made, key=lambda row: -(row["mae"] or 0))

    def thresholds(self) -> list[dict[str, Any]]:
        """How often rain of a class or more fell, and how often it was said."""
        pixels = max(self.by_truth[COUNT].sum(), 1)
        fell, said = (counts[COUNT][::-1].cumsum()[::-1] / pixels for counts in (self.by_truth, self.by_said))
        return [
            {"mm_h": start, "observed": _number(fell[i + 1]), "forecast": _number(said[i + 1])}
            for i, start in enumerate(CLASSES)
        ]


def tally(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> Tally:
    """Sum over pairs of truth and forecast, `(b, leads, h, w)` each, NaN left out.

    >>> one = tally([(np.array([[[[0.0, 2.0, np.nan]]]]), np.array([[[[0.5, 1.0, 9.0]]]]))])
    >>> one.mae.tolist(), one.bias.tolist()
    ([0.75], [-0.25])
    """
    parts = [_part(*pair) for pair in pairs]
    by_truth, by_said, by_lead = (sum(part[i] for part in parts) for i in range(3))
    return Tally(
        np.asarray(by_truth),
        np.asarray(by_said),
        np.asarray(by_lead),
        np.concatenate([part[3] for part in parts], axis=1),
    )


def class_of(rain: np.ndarray) -> np.ndarray:
    """The class of each value in mm/h; 0 is dry.

    >>> class_of(np.array([0.0, 0.1, 0.7, 80.0])).tolist()
    [0, 1, 3, 9]
    """
    return np.searchsorted(np.array(CLASSES, dtype=rain.dtype), rain, side="right")


def _part(truth: np.ndarray, said: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    there = ~(np.isnan(truth) | np.isnan(said))
    values = np.where(there, np.stack([there, truth, said, np.abs(said - truth)]), 0).astype(np.float64)
    flat = [row[there] for row in values]
    sums = (
        np.stack([np.bincount(codes, row, len(CLASSES) + 1) for row in flat])
        for codes in (class_of(truth[there]), class_of(said[there]))
    )
    return *sums, values.sum(axis=(1, 3, 4)), values.sum(axis=(2, 3, 4))


def _bounds() -> list[dict[str, Any]]:
    """From and to of each class in mm/h; the last is open."""
    return [{"from": low, "to": high} for low, high in zip((0.0, *CLASSES), (*CLASSES, None), strict=True)]


def _rows(named: list[dict[str, Any]], sums: np.ndarray) -> list[dict[str, Any]]:
    means = {
        name: _mean(sums, what) for name, what in (("observed", TRUTH), ("forecast", SAID), ("mae", ERROR))
    }
    means["bias"] = means["forecast"] - means["observed"]
    return [
        {**one, "pixels": int(sums[COUNT][i]), **{name: _number(values[i]) for name, values in means.items()}}
        for i, one in enumerate(named)
    ]


def _mean(sums: np.ndarray, what: int) -> np.ndarray:
    return np.asarray(sums[what] / np.where(sums[COUNT] > 0, sums[COUNT], np.nan))


def _number(value: float) -> float | None:
    """Six digits; None, which JSON knows, in place of NaN."""
    return None if np.isnan(value) else float(f"{value:.6g}")
