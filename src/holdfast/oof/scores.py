"""Scores of out-of-fold predictions, with intervals, the floor beside them, and a row for each class."""

from __future__ import annotations

import json
from typing import Any, cast

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.engine.job import Job, Work
from holdfast.fit.doubted import labels_note
from holdfast.fit.reach import reach_note
from holdfast.fit.shares import devices_note
from holdfast.folds.table import Folds
from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import Score, score_with_interval
from holdfast.oof.grid_scores import OF_GRIDS, grid_member_scores, grid_score_so_far, grid_scores
from holdfast.oof.pseudo import ALL_FOLDS, agreement_of, pseudo_note
from holdfast.recipe.registry import parse
from holdfast.recipe.target import TargetSpec
from holdfast.store.run import Run

OF_ATTRIBUTES = ("macro_f1", "accuracy")
ALSO: dict[str, tuple[Any, ...]] = {
    "classes": ("accuracy", "macro_f1", "log_loss"),
    "real": ("rmse", "mae", "r2"),
    "grid": OF_GRIDS,
}


def metrics_of(metric: Metric, target: TargetSpec) -> list[Metric]:
    """The recipe's metric first, then the usual ones of the kind of target."""
    others = [cast("Metric", parse("metric", entry)) for entry in ALSO[target.kind]]
    return [metric, *(one for one in others if one.key != metric.key)]


def all_scores(
    work: Work, metrics: list[Metric], oof: dict[str, Any], constant: tuple[float, ...] | None
) -> dict[str, Any]:
    """What `scores.json` holds: members (the ensemble last), floor, the sample's constant, classes, attributes.

    `oof`: predictions `(repeats, n, …)` of each member and of the ensemble, which is the last.
    """
    if work.target.kind == "grid":
        return grid_scores(work, metrics, oof)
    metric, data = metrics[0], work.train
    assert data.target is not None
    scores: dict[str, Any] = {
        "metric": metric.key,
        "greater_is_better": metric.greater_is_better,
        "of_probabilities": metric.of_probabilities,
        "target": work.target.model_dump(mode="json"),
        "members": {name: member_scores(work, metrics, predictions) for name, predictions in oof.items()},
        "floor": member_scores(work, metrics, floor_predictions(data, work.target, work.folds, metric)),
    }
    if constant is not None:
        said = list(constant_predictions(constant, len(data), work.target))
        scored = score_with_interval(metric, data.target, said, data.groups, work.seed)
        scores["sample"] = {metric.key: scored.plain()}
    if work.target.kind == "classes":
        last = list(oof.values())[-1]
        scores["per_class"] = per_class(data.target, last[0], work.target.names, data.groups)
    if work.target.attributes:
        scores["attributes"] = attribute_scores(work, oof)
    return scores


def attribute_scores(work: Work, oof: dict[str, np.ndarray]) -> dict[str, dict[str, dict[str, Any]]]:
    """Of each attribute: macro F1 and accuracy, by member (the ensemble last), of the marginal probabilities.

    `oof`: joint probabilities `(repeats, n, classes)` of each member and of the ensemble.
    """
    data, metrics = work.train, [cast("Metric", parse("metric", name)) for name in OF_ATTRIBUTES]
    assert data.target is not None
    held: dict[str, dict[str, dict[str, Any]]] = {}
    for attribute in work.target.attributes:
        truth = attribute.codes(data.target)
        held[attribute.name] = {
            member: {
                metric.name: score_with_interval(
                    metric, truth, [attribute.marginal(one) for one in predictions], data.groups, work.seed
                ).plain()
                for metric in metrics
            }
            for member, predictions in oof.items()
        }
    return held


def member_scores(work: Work, metrics: list[Metric], oof: Any) -> dict[str, Any]:
    """Each metric on the pooled rows of `oof` `(repeats, n, …)`, and the first one fold by fold."""
    if work.target.kind == "grid":
        return grid_member_scores(work, metrics, oof)
    truth = work.train.target
    assert truth is not None
    scores: dict[str, Any] = {
        metric.key: score_with_interval(metric, truth, list(oof), work.train.groups, work.seed).plain()
        for metric in metrics
    }
    scores["per_fold"] = [
        [
            metrics[0].score(truth[rows], oof[r, rows])
            for k in range(work.folds.k)
            for rows in [work.folds.part(r, k)[1]]
        ]
        for r in range(work.folds.repeats)
    ]
    return scores


def score_so_far(work: Work, metric: Metric, oof: Any) -> Score:
    """The score on the rows of the folds that are finished."""
    if work.target.kind == "grid":
        return grid_score_so_far(work, metric, oof)
    truth, groups = work.train.target, work.train.groups
    assert truth is not None
    there = ~np.isnan(oof.reshape(len(oof), len(truth), -1)).any(axis=2)
    rows = np.flatnonzero(there[there.sum(axis=1).argmax()])  # any repeat may be ahead
    whole = [part[rows] for part, ok in zip(oof, there) if ok[rows].all()]
    return score_with_interval(
        metric, truth[rows], whole, None if groups is None else groups[rows], work.seed
    )


def floor_predictions(data: Dataset, target: TargetSpec, folds: Folds, metric: Metric) -> np.ndarray:
    """What a constant predictor says, fold by fold: the training part's class shares, mean, or for mae median."""
    y = data.target
    assert y is not None
    tail = (target.n_classes,) if target.kind == "classes" else ()
    out = np.empty((folds.repeats, len(y), *tail))
    for r in range(folds.repeats):
        for k in range(folds.k):
            train, valid = folds.part(r, k)
            if target.kind == "classes":
                out[r, valid] = np.bincount(y[train], minlength=target.n_classes) / len(train)
            else:
                out[r, valid] = np.median(y[train]) if metric.name == "mae" else y[train].mean()
    return out


def constant_predictions(constant: tuple[float, ...], n: int, target: TargetSpec) -> np.ndarray:
    """A sample submission's own constant prediction for every row, `(1, n, …)`."""
    if target.kind == "real":
        return np.full((1, n), constant[0])
    return np.tile(np.asarray(constant, dtype=np.float64), (1, n, 1))


def per_class(
    truth: np.ndarray, prediction: np.ndarray, names: tuple[str, ...], groups: np.ndarray | None
) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each class over the first repeat, its rows, and its groups where known."""
    from sklearn.metrics import precision_recall_fscore_support

    said = prediction.argmax(axis=1)
    table = precision_recall_fscore_support(truth, said, labels=range(len(names)), zero_division=0)
    rows = []
    for c, name in enumerate(names):
        precision, recall, f1, support = (float(column[c]) for column in table)
        row = {"class": name, "rows": int(support), "precision": precision, "recall": recall, "f1": f1}
        if groups is not None:
            row["groups"] = len(np.unique(groups[truth == c]))
        rows.append(row)
    return rows


def notes_of(facts: dict[str, dict[str, Any]]) -> list[str]:
    """What a run says of members' facts: faces not found, forecasts that miss what data reach, pseudo-labels' risk."""
    notes = []
    for name, folds in facts.items():
        told = [fold["face_crop"] for fold in folds.values() if "face_crop" in fold]
        pictures, without = (sum(one[key] for one in told) for key in ("pictures", "without_face"))
        if pictures:
            notes.append(f"{name}: face_crop found no face in {without / pictures:.1%} of the pictures")
        if (short := reach_note(name, folds.values())) is not None:
            notes.append(short)
        if (seen := devices_note(name, folds.values())) is not None:
            notes.append(seen)
        if (risk := pseudo_note(name, folds)) is not None:
            notes.append(risk)
        if (doubts := labels_note(name, folds.values())) is not None:
            notes.append(doubts)
    return notes


def facts_of(run: Run, jobs: dict[str, list[Job]], work: Work) -> dict[str, dict[str, Any]]:
    """What members' fits found out (a hierarchy, the columns kept), by member and fold; members without any left out."""
    held: dict[str, dict[str, Any]] = {}
    for name, mine in jobs.items():
        for job in mine:
            folder = run.fold_folder(name, job.repeat, job.fold)
            if facts := json.loads((folder / "state.json").read_text(encoding="utf-8"))["facts"]:
                held.setdefault(name, {})[folder.name] = facts
        if (asked := work.members[name].pseudo) is not None:
            held[name][ALL_FOLDS] = agreement_of(run, mine, asked)
    return held
