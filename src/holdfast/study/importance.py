"""Which clusters of columns a finished run's members rely on: grouped permutation importance, held-out rows only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.engine.threads import cores, limited
from holdfast.errors import BadInput
from holdfast.fit.estimator import FittedEstimator
from holdfast.fit.member import load_fitted
from holdfast.folds.table import Folds
from holdfast.keys import seed_of
from holdfast.metrics.base import Metric
from holdfast.models.base import Network
from holdfast.recipe.strict import nearest
from holdfast.select.importance import clusters, grouped_permutation, oriented
from holdfast.store.run import ENSEMBLE, Run
from holdfast.study.importance_result import Importance, save, stem
from holdfast.study.run_data import RunData, data_of

Report = Callable[[dict[str, Any]], None]
THRESHOLD = 0.9
ROWS = 500  # held-out rows of a fold that are permuted; an SVC predicts about so many in half a second


def importance(
    run_path: str | Path,
    members: Sequence[str] | None = None,
    repeats: int = 5,
    top: int = 10,
    threshold: float = THRESHOLD,
    rows: int = ROWS,
    data: Path | None = None,
    like: Importance | None = None,
    report: Report = lambda event: None,
) -> Importance:
    """Importance of clusters of correlated columns for the members of a finished run that see a table.

    Each fold's model is asked on at most `rows` of the fold's held-out rows, before calibration and without
    test-time augmentation, by the recipe's metric. Clusters are made once, of the first member's table of all
    training rows, or are those of `like`, for the same columns. `data`: the folder of the data, where they
    have moved. Written to the run folder as `importance.json` and `importance.parquet`
    (`importance-NAME` where members are named). Raises BadInput.
    """
    run = Run(run_path)
    asked = _asked(run, members)
    held = data_of(run, data)
    tables, left_out = _tables(run, held, asked)
    columns = _columns(held.train, tables[0][1])
    together = _clusters(held.train, tables[0][1], columns, threshold, like)
    metric = held.recipe.metric
    assert isinstance(metric, Metric)
    names = tuple(name for name, _ in tables)
    places, drops = _drops(run, held, metric, names, together, repeats, rows, report)
    threshold = threshold if like is None else like.threshold
    found = Importance(
        str(run.path),
        metric.name,
        threshold,
        top,
        rows,
        names,
        left_out,
        columns,
        tuple(together),
        places,
        drops,
    )
    save(found, run, stem(members))
    return found


def _asked(run: Run, members: Sequence[str] | None) -> list[str]:
    """The members to look at, checked to be in the run."""
    there = [name for name in run.scores["members"] if name != ENSEMBLE]
    for name in members or ():
        if name not in there:
            raise BadInput(f"--member: {run.path} has no member {name!r}; {nearest(name, there)}")
    return list(members or there)


def _tables(
    run: Run, held: RunData, asked: list[str]
) -> tuple[list[tuple[str, FittedEstimator]], dict[str, str]]:
    """The members that see the same table as the first that sees one, each with its first fold's fit; the others."""
    kept: list[tuple[str, FittedEstimator]] = []
    left_out: dict[str, str] = {}
    shape: tuple[Any, ...] = ()
    for name in asked:
        if isinstance(held.recipe.members[name].model, Network):
            left_out[name] = "a network, it sees no table"
            continue
        if held.recipe.members[name].seeds > 1:
            left_out[name] = "models of several seeds"
            continue
        fitted = load_fitted(run.fold_folder(name, 0, 0))
        assert isinstance(fitted, FittedEstimator)
        seen = _table(fitted, held.train.take(np.arange(1)))
        mine = (seen.shape[1:], [maker.entry() for maker in fitted.features])
        if seen.ndim != 2:
            left_out[name] = "it sees no table"
        elif kept and mine != shape:
            left_out[name] = f"its table has other columns than that of {kept[0][0]}"
        else:
            shape = mine
            kept.append((name, fitted))
    if not kept:
        why = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise BadInput(f"{run.path}: no member is an estimator on a table, so there are no columns ({why})")
    return kept, left_out


def _table(fitted: FittedEstimator, data: Dataset) -> np.ndarray:
    """What the estimator sees of samples, `(n, features)`, all columns."""
    return np.concatenate([fitted.table(fitted.pipeline.before(raw)) for raw in data.chunks()])


def _columns(train: Dataset, fitted: FittedEstimator) -> tuple[str, ...]:
    """The data's own names, or `feature_17` where the columns are made from windows."""
    width = _table(fitted, train.take(np.arange(1))).shape[1]
    named = train.kind == "table" and len(train.names) == width
    return train.names if named else tuple(f"feature_{i}" for i in range(width))


def _clusters(
    train: Dataset,
    fitted: FittedEstimator,
    columns: tuple[str, ...],
    threshold: float,
    like: Importance | None,
) -> list[np.ndarray]:
    if like is None:
        return clusters(_table(fitted, train), threshold)
    if like.columns != columns:
        strange = sorted(set(columns) ^ set(like.columns))[:3]
        raise BadInput(
            f"{like.run} and the other run have different columns (as {', '.join(strange)}); compare runs on the same data"
        )
    return list(like.clusters)


def _drops(
    run: Run, held: RunData, metric: Metric, names: tuple[str, ...], together: list[np.ndarray], repeats: int,
    rows: int, report: Report,
) -> tuple[tuple[tuple[int, int], ...], np.ndarray]:  # fmt: skip
    """The folds and the drops in each; a fold whose score is no number (one class only, as for roc_auc) is left out."""
    train, folds = held.train, held.folds
    assert train.target is not None
    places = list(product(range(folds.repeats), range(folds.k)))
    drops = np.empty((len(names), len(places), len(together), repeats))
    with limited(cores()):
        for done, ((m, name), (p, (repeat, fold))) in enumerate(product(enumerate(names), enumerate(places))):
            seed = seed_of(held.recipe.seed, "importance", repeat, fold)
            watched = train.take(_held_out(folds, repeat, fold, rows, seed))
            assert watched.target is not None
            fitted = load_fitted(run.fold_folder(name, repeat, fold))
            assert isinstance(fitted, FittedEstimator)
            X = _table(fitted, watched)
            score_of = oriented(metric, fitted.said)
            drops[m, p] = grouped_permutation(score_of, X, watched.target, together, repeats, seed)
            job = f"{name} fold {fold}" + (f" repeat {repeat}" if repeat else "")
            report({"event": "importance", "job": job, "done": done + 1, "jobs": len(names) * len(places)})
    known = np.flatnonzero(np.isfinite(drops).all(axis=(0, 2, 3)))
    if not len(known):
        raise BadInput(
            f"{run.path}: {metric.name} is no number on the held-out rows of any fold; take larger folds"
        )
    return tuple(places[p] for p in known), drops[:, known]


def _held_out(folds: Folds, repeat: int, fold: int, rows: int, seed: int) -> np.ndarray:
    """Row numbers of at most `rows` samples that the fold's models have not seen, ascending."""
    scored = folds.part(repeat, fold)[1]
    return np.sort(np.random.default_rng(seed_of(seed, "rows")).permutation(scored)[:rows])
