"""Pseudo-labels: which samples of a pool are taken, with which labels, and what there is to fear of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.losses.base import Loss
from holdfast.models.base import Model, Network
from holdfast.recipe.pseudo import Pseudo
from holdfast.recipe.target import TargetSpec


def check_pseudo(asked: Pseudo, model: Model, loss: Any, target: TargetSpec, where: str) -> None:
    """Raises BadInput where the target, or what learns, takes no such labels."""
    if target.kind != "classes":
        raise BadInput(
            f"{where}.pseudo: pseudo-labels are classes, the target is {target.kind}; leave it out"
        )
    if not asked.soft:
        return
    if not isinstance(model, Network):
        raise BadInput(
            f"{where}.pseudo.soft: {model.name} takes one class a sample, no probabilities; name a threshold or top"
        )
    assert isinstance(loss, Loss)
    if not loss.takes_shares:
        raise BadInput(
            f"{where}.pseudo.soft: the loss {loss.name} takes one class a sample; take cross_entropy, or name a"
            " threshold or top"
        )


def chosen(shares: np.ndarray, asked: Pseudo) -> np.ndarray:
    """Row numbers, ascending, of the samples that are taken, by the teachers' probabilities `(n, classes)`.

    >>> shares = np.array([[0.95, 0.05], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    >>> chosen(shares, Pseudo()).tolist(), chosen(shares, Pseudo(top=0.5)).tolist()
    ([0], [0, 2])
    """
    if asked.soft:
        return np.arange(len(shares))
    label, sure = shares.argmax(axis=1), shares.max(axis=1)
    if asked.top is None:
        return np.flatnonzero(sure >= asked.least)
    taken = []
    for code in range(shares.shape[1]):
        mine = np.flatnonzero(label == code)
        count = math.ceil(round(asked.top * len(mine), 6))  # of a share such as 0.1 as it is meant
        taken.append(mine[np.argsort(-sure[mine], kind="stable")[:count]])
    return np.sort(np.concatenate(taken))


def labelled(pool: Dataset, shares: np.ndarray, asked: Pseudo) -> Dataset:
    """The samples of the pool that are taken, with the labels that teachers gave them."""
    rows = chosen(shares, asked)
    label = shares[rows].argmax(axis=1).astype(np.int64)
    soft = None
    if asked.soft:
        soft = (shares[rows] / shares[rows].sum(axis=1, keepdims=True)).astype(np.float32)
    return replace(pool.take(rows), target=label, shares=soft, teach=None)


def told(shares: np.ndarray, asked: Pseudo, y: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    """Of one round in one fold: how many were taken of each class, how sure the teachers were, how far shares drift.

    `y`: the classes of the labelled training part. `drift`: the total variation between its class shares and those
    of the pseudo-labels, 0 to 1; null where none was taken.
    """
    rows = chosen(shares, asked)
    taken = np.bincount(shares[rows].argmax(axis=1), minlength=len(names))
    there = shares[rows].sum(axis=0, dtype=np.float64) if asked.soft else taken
    before = np.bincount(y, minlength=len(names)) / len(y)
    return {
        "pool": len(shares),
        "taken": dict(zip(names, taken.tolist(), strict=True)),
        "confidence": float(shares[rows].max(axis=1).mean(dtype=np.float64)) if len(rows) else None,
        "drift": float(np.abs(there / there.sum() - before).sum() / 2) if len(rows) else None,
    }
