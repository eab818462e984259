"""Scores of forecast grids: members, the ensemble and what forecasts without learning, on the same samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.data.by_rows import layered, parts_of, some
from holdfast.data.dataset import Dataset
from holdfast.data.flow import latest
from holdfast.data.slices import slices_of
from holdfast.engine.job import Work
from holdfast.metrics.base import Metric
from holdfast.metrics.crps import crps_parts
from holdfast.metrics.intervals import (
    Score,
    Units,
    change_of_draws,
    mean_score,
    resampled,
    score_of_draws,
    score_of_parts,
    units_of,
)
from holdfast.metrics.real import Mae
from holdfast.store.run import ENSEMBLE

OF_GRIDS = (
    "mae",
    "rmse",
    "mae_csi",
    *({"csi": {"threshold": rain}} for rain in (0.1, 1.0, 5.0)),
    *({name: {"threshold": 1.0}} for name in ("pod", "far", "fss")),
)
PERSISTENCE, OPTICAL_FLOW = "persistence", "optical_flow"
FLOOR = "floor: "  # before a floor's name among forecasts, where members have names of the user's choice
Parts = Mapping[tuple[str, str], np.ndarray]  # by forecast and metric: `(repeats, n, d)`


@dataclass(frozen=True)
class Told:
    """A score, and its values in the resamples of the units `(RESAMPLES,)`."""

    value: float
    draws: np.ndarray


def grid_scores(work: Work, metrics: list[Metric], oof: Mapping[str, Any]) -> dict[str, Any]:
    """What `scores.json` holds where grids are forecast.

    `oof`: forecasts `(repeats, n, leads, h, w)` of each member and of the ensemble, which is the last. `floors`: what
    forecasts without learning. `against`: by floor and metric, the ensemble's score less the floor's, in the same
    resamples. `per_group`: the scores of each group alone. `crps`: of the members together, where they are several.
    """
    data, metric = work.train, metrics[0]
    units, parts = units_of(len(data), data.groups), grid_parts(data, metrics, oof)
    told = _told(metrics, parts, units, work.seed)
    floors = [name for name, key in parts if name.startswith(FLOOR) and key == metric.key]
    scores: dict[str, Any] = {
        "metric": metric.key,
        "greater_is_better": metric.greater_is_better,
        "of_probabilities": metric.of_probabilities,
        "directions": {one.key: one.greater_is_better for one in metrics},
        "target": work.target.model_dump(mode="json"),
        "members": {name: _scores_of(name, work, metrics, parts, told, units) for name in oof},
        "floors": {_plain(name): _scores_of(name, work, metrics, parts, told, units) for name in floors},
        "against": {_plain(floor): _against(floor, metrics, told, units) for floor in floors},
    }
    if data.groups is not None:
        scores["per_group"] = _per_group(data.groups, metrics, parts, units, (ENSEMBLE, *floors))
    members = [name for name in oof if name != ENSEMBLE]
    if len(members) > 1:
        scores["crps"] = _crps(work, [oof[name] for name in members], units).plain()
    return scores


def grid_member_scores(work: Work, metrics: list[Metric], oof: Any) -> dict[str, Any]:
    """Each metric on all rows of `oof` `(repeats, n, leads, h, w)`, and the first one fold by fold."""
    units = units_of(len(work.train), work.train.groups)
    parts = grid_parts(work.train, metrics, {"": oof}, floors=False)
    return _scores_of("", work, metrics, parts, _told(metrics, parts, units, work.seed), units)


def grid_score_so_far(work: Work, metric: Metric, oof: Any) -> Score:
    """The score on the rows of the folds that are finished; rows of others are NaN throughout."""
    there = np.stack([_there(part) for part in oof])
    rows = np.flatnonzero(there[there.sum(axis=1).argmax()])  # any repeat may be ahead
    whole = layered([some(part, rows) for part, ok in zip(oof, there) if ok[rows].all()])
    data = work.train.take(rows)
    parts = grid_parts(data, [metric], {"": whole}, floors=False)["", metric.key]
    return score_of_parts(metric, list(parts), units_of(len(data), data.groups), work.seed)


def _there(forecasts: Any) -> np.ndarray:
    """Which rows `(n,)` hold a number."""
    return np.concatenate(
        [~np.isnan(part.reshape(len(part), -1)).all(axis=1) for part in parts_of(forecasts)]
    )


def grid_parts(
    data: Dataset, metrics: list[Metric], forecasts: Mapping[str, Any], floors: bool = True
) -> Parts:
    """What each sample adds to each metric of each forecast `(repeats, n, leads, h, w)`, and of the floors."""
    made: dict[tuple[str, str], list[np.ndarray]] = {}
    for rows in _slices(data, floors):
        truth = data.read_grids(rows)
        here = {name: one[:, rows] for name, one in forecasts.items()}
        if floors:
            found = floor_forecasts(data, rows, truth.shape[1])
            here |= {FLOOR + name: one[None] for name, one in found.items()}
        for name, repeats in here.items():
            for metric in metrics:
                parts = [metric.parts(truth, one) for one in repeats]
                made.setdefault((name, metric.key), []).append(np.stack(parts))  # type: ignore[arg-type]
    return {key: np.concatenate(pieces, axis=1) for key, pieces in made.items()}


def _slices(data: Dataset, inputs: bool) -> Iterator[slice]:
    """The rows some at a time, as many as fit with what is read of them: grids, and perhaps inputs."""
    bytes_ = max(data.grid_bytes, data.nbytes if inputs else 0)
    yield from slices_of(len(data), bytes_ // max(len(data), 1))


def _plain(name: str) -> str:
    return name.removeprefix(FLOOR)


def floor_forecasts(data: Dataset, rows: slice, leads: int) -> dict[str, np.ndarray]:
    """What forecasts without learning, `(b, leads, h, w)`: the last frame stays; where flow is known, it moves on."""
    frames = data.shape[0]
    X = (data if data.flow is None else data.with_flow()).read(rows)
    made = {PERSISTENCE: np.repeat(latest(X[:, :frames])[:, None], leads, axis=1)}
    if data.flow is not None:
        made[OPTICAL_FLOW] = X[:, frames : frames + leads]
    return made


def _told(metrics: list[Metric], parts: Parts, units: Units, seed: int) -> dict[tuple[str, str], Told]:
    """The score of each forecast by each metric, all in the same resamples."""
    by_key = {metric.key: metric for metric in metrics}
    drawn = iter(resampled([one for repeats in parts.values() for one in repeats], units, seed))
    told = {}
    for (name, key), repeats in parts.items():
        value = float(mean_score(by_key[key], list(repeats.sum(axis=1))))
        told[name, key] = Told(value, mean_score(by_key[key], [next(drawn) for _ in repeats]))
    return told


def _scores_of(
    name: str, work: Work, metrics: list[Metric], parts: Parts, told: Mapping[tuple[str, str], Told], units: Units
) -> dict[str, Any]:  # fmt: skip
    """One forecast's scores with their intervals; floors say the same in every repeat."""
    held = {metric.key: told[name, metric.key] for metric in metrics}
    scores: dict[str, Any] = {
        key: score_of_draws(one.value, one.draws, units).plain() for key, one in held.items()
    }
    first, folds = parts[name, metrics[0].key], work.folds
    scores["per_fold"] = [
        [
            float(metrics[0].combine(first[min(r, len(first) - 1), folds.part(r, k)[1]].sum(axis=0)))
            for k in range(folds.k)
        ]
        for r in range(folds.repeats)
    ]
    return scores


def _against(
    floor: str, metrics: list[Metric], told: Mapping[tuple[str, str], Told], units: Units
) -> dict[str, dict[str, Any]]:
    pairs = {metric.key: (told[ENSEMBLE, metric.key], told[floor, metric.key]) for metric in metrics}
    return {
        key: change_of_draws(own.value, other.value, own.draws, other.draws, units).plain()
        for key, (own, other) in pairs.items()
    }


def _per_group(
    groups: np.ndarray, metrics: list[Metric], parts: Parts, units: Units, names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """A row a group: how many samples, and each forecast's scores on them."""
    values = {
        (name, metric.key): mean_score(metric, [units.sums(one) for one in parts[name, metric.key]])
        for name in names
        for metric in metrics
    }
    return [
        {
            "group": str(group),
            "rows": int(rows),
            "scores": {
                _plain(name): {one.key: float(values[name, one.key][i]) for one in metrics} for name in names
            },
        }
        for i, (group, rows) in enumerate(zip(*np.unique(groups, return_counts=True)))
    ]


def _crps(work: Work, members: list[Any], units: Units) -> Score:
    """Of all members' forecasts `(repeats, n, leads, h, w)` together, the mean over repeats."""
    data, made = work.train, []
    for rows in _slices(data, inputs=False):
        truth = data.read_grids(rows)
        made.append(
            [crps_parts(truth, np.stack([one[r, rows] for one in members])) for r in range(len(members[0]))]
        )
    parts = [np.concatenate([piece[r] for piece in made]) for r in range(len(members[0]))]
    return score_of_parts(Mae(), parts, units, work.seed)  # a mean over pixels, as MAE is
