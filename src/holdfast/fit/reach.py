"""Whether a network's forecasts reach the rates that its data reach: a dead output lets the loss fall all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from holdfast.data.dataset import Dataset

SAMPLES = 256  # of the training part, evenly spread: enough for the rates that matter
BATCH = 32
THRESHOLDS = (0.1, 1.0, 5.0)  # mm/h
QUANTILES = (0.9, 0.99, 0.999)
ENOUGH = 1e-3  # share of the pixels from which on a threshold is one that the data reach


def reach_of(forecast: Callable[[Dataset], np.ndarray], train: Dataset) -> dict[str, Any]:
    """The highest rate that `forecast` gives on samples of the training part, beside what fell there; of each lead.

    `forecast` gives `(n, leads, h, w)` in mm/h. `highest` and `truth` (its greatest) in mm/h, `quantiles` of the
    truth, and `shares` of its pixels at each of THRESHOLDS or more, which are lists by lead time.
    """
    rows = np.unique(np.linspace(0, len(train) - 1, min(SAMPLES, len(train))).astype(np.int64))
    some = train.take(rows)
    parts = [np.arange(start, min(start + BATCH, len(rows))) for start in range(0, len(rows), BATCH)]
    highest = np.max([forecast(some.take(part)).max(axis=(0, 2, 3)) for part in parts], axis=0)
    truth = some.read_grids()
    leads = [rain[~np.isnan(rain)] for rain in truth.swapaxes(0, 1)]
    return {
        "samples": len(rows),
        "highest": [_plain(rate) for rate in highest],
        "truth": [_plain(rain.max(initial=0)) for rain in leads],
        "quantiles": {
            f"{level}": [_plain(np.quantile(rain, level) if rain.size else 0) for rain in leads]
            for level in QUANTILES
        },
        "shares": {
            f"{threshold:g}": [_plain((rain >= threshold).mean() if rain.size else 0) for rain in leads]
            for threshold in THRESHOLDS
        },
    }


def reach_note(name: str, folds: Iterable[Mapping[str, Any]]) -> str | None:
    """What a run says of a member whose forecasts miss a threshold that the data reach, from its folds' `facts`.

    None: they reach all.
    """
    told = [fold["reach"] for fold in folds if "reach" in fold]
    short = [(one, lead) for one in told for lead in range(len(one["highest"])) if missed(one, lead)]
    if not short:
        return None
    one, lead = min(short, key=lambda each: each[0]["highest"][each[1]])
    most = missed(one, lead)[-1]
    of = "" if len(one["highest"]) == 1 else f", lead {lead + 1}"
    folds_short = sum(any(missed(one, lead) for lead in range(len(one["highest"]))) for one in told)
    return (
        f"{name}: never forecasts more than {one['highest'][lead]:.2g} mm/h{of} ({folds_short} of {len(told)} folds),"
        f" where the data have {most:g} mm/h in {one['shares'][f'{most:g}'][lead]:.1%} of the pixels; its CSI there"
        " is 0. Train longer, with another seed, or with a lower fit.lr; balanced_mae weighs such rain more"
    )


def missed(reach: Mapping[str, Any], lead: int) -> list[float]:
    """The thresholds that the data of a lead time reach and the forecast never does.

    >>> missed({"highest": [0.9], "shares": {"0.1": [0.2], "1": [0.1], "5": [0.0]}}, 0)
    [1.0]
    """
    return [
        float(threshold)
        for threshold, shares in reach["shares"].items()
        if shares[lead] >= ENOUGH and reach["highest"][lead] < float(threshold)
    ]


def _plain(value: Any) -> float:
    """A float with the digits that matter, as it is written to JSON."""
    return float(f"{float(value):.4g}")
