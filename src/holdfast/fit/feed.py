"""Batches of a training part: from memory where it fits, else streamed from the memory map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from holdfast.augment.base import Augmentation
from holdfast.balance.base import Balance
from holdfast.data.dataset import Dataset
from holdfast.data.scratch import put_together
from holdfast.errors import BadInput
from holdfast.fit.memory import free_memory
from holdfast.fit.shares import part_of
from holdfast.keys import for_step, item_keys, seed_of
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.target import TargetSpec

MEMORY_SHARE = 0.4  # of what is free now: the most that prepared inputs may take


@dataclass(frozen=True)
class Batch:
    inputs: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor | None
    of: int | None = None  # samples of all ranks together, where this is one rank's share

    @property
    def n(self) -> int:
        """Samples of the whole batch."""
        return len(self.inputs) if self.of is None else self.of


class Feed:
    """The batches of each epoch, in an order and with changes that depend on (seed, epoch, item) alone.

    Without augmentation everything is prepared once. With it, gaps are closed once, and each batch is
    augmented and then goes through the rest of the pipeline. `sample_shape`: of one prepared sample.
    """

    def __init__(
        self, train: Dataset, y: np.ndarray, pipeline: Pipeline, augments: Sequence[Augmentation],
        balances: Sequence[Balance], target: TargetSpec, batch_size: int, seed: int, in_memory: bool | None = None,
    ):  # fmt: skip
        self.train, self.pipeline, self.augments, self.balances = (
            train,
            pipeline,
            tuple(augments),
            tuple(balances),
        )
        self.target, self.batch_size, self.seed = target, batch_size, seed
        first = train.read(slice(0, 1))
        prepared = pipeline.transform(first)
        self.sample_shape: tuple[int, ...] = tuple(prepared.shape[1:])
        fits = (train.nbytes + train.grid_bytes) * (
            1 + prepared.nbytes / max(first.nbytes, 1)
        ) < MEMORY_SHARE * free_memory()
        self.y, self.groups, self.shares = y, train.groups, train.shares
        self.own = (
            [] if train.weight is None else [train.weight]
        )  # weights of samples, beside those of classes
        self.items = np.arange(len(train))  # what a sample's randomness is keyed by
        self.base = self._in_memory() if (fits if in_memory is None else in_memory) else None
        if self.base is None and any(type(balance).extra is not Balance.extra for balance in self.balances):
            raise BadInput(
                "balance: oversample makes new samples in memory, and these data do not fit; use balanced_sampler"
            )
        weights = [*self.own, *(w for b in self.balances if (w := b.weights(self.y, target)) is not None)]
        self.weights = torch.from_numpy(np.prod(weights, axis=0, dtype=np.float32)) if weights else None
        self.targets = torch.from_numpy(self._targets())
        # prepared once, where nothing changes from epoch to epoch
        self.ready = None
        if self.base is not None and self._prepared_once():
            self.ready = torch.from_numpy(np.ascontiguousarray(pipeline.after(self.base)))
            self.base = None

    def _prepared_once(self) -> bool:
        return not self.augments

    def _targets(self) -> np.ndarray:
        """Values, codes, or class shares `(n, classes)`: of soft labels, or where an augmentation mixes samples."""
        if self.target.kind == "real":
            return self.y.astype(np.float32)
        if self.shares is not None:
            return self.shares
        if any(augment.mixes_targets for augment in self.augments):
            return np.eye(self.target.n_classes, dtype=np.float32)[self.y]
        return self.y

    def _in_memory(self) -> np.ndarray:
        base = put_together((self.pipeline.before(chunk) for chunk in self.train.chunks()), len(self.train))
        for i, balance in enumerate(self.balances):
            made = balance.extra(base, self.y, self.target, seed_of(self.seed, "balance", i))
            if made is not None:
                base, self.y = np.concatenate([base, made[0]]), np.concatenate([self.y, made[1]])
                self.own = [np.concatenate([weight, weight[made[2]]]) for weight in self.own]
                if self.shares is not None:
                    self.shares = np.concatenate([self.shares, self.shares[made[2]]])
                if self.groups is not None:
                    self.groups = np.concatenate([self.groups, self.groups[made[2]]])
        self.items = np.arange(len(base))
        return base

    def rows(self, epoch: int) -> np.ndarray:
        """Which samples the epoch sees, in order."""
        rows = np.arange(len(self.y))
        for i, balance in enumerate(self.balances):
            groups = None if self.groups is None else self.groups[rows]
            drawn = balance.rows(self.y[rows], self.target, seed_of(self.seed, "sampler", i, epoch), groups)
            rows = rows if drawn is None else rows[drawn]
        return np.random.default_rng(seed_of(self.seed, "order", epoch)).permutation(rows)

    def steps(self) -> int:
        """Batches an epoch."""
        return len(cuts(len(self.rows(0)), self.batch_size))

    def batches(self, epoch: int, rank: int = 0, ranks: int = 1) -> Iterator[Batch]:
        """The epoch's batches, or one rank's share of each."""
        rows = self.rows(epoch)
        keys = item_keys(seed_of(self.seed, "augment", epoch), self.items[rows], _copy_numbers(rows))
        for start, stop in cuts(len(rows), self.batch_size):
            if ranks == 1:
                yield self.batch(rows[start:stop], keys[start:stop])
            else:
                yield self._share(rows[start:stop], keys[start:stop], rank, ranks)

    def _share(self, rows: np.ndarray, keys: np.ndarray, rank: int, ranks: int) -> Batch:
        """One rank's part of a batch, cut after augmentation where that mixes the samples of a batch."""
        part = part_of(len(rows), rank, ranks)
        if not any(augment.mixes_targets for augment in self.augments):
            return replace(self.batch(rows[part], keys[part]), of=len(rows))
        made = self.batch(rows, keys)
        weights = None if made.weights is None else made.weights[part]
        return Batch(made.inputs[part], made.targets[part], weights, len(rows))

    def batch(self, rows: np.ndarray, keys: np.ndarray) -> Batch:
        """Samples with the changes that their keys name."""
        index = torch.from_numpy(rows)
        targets = self.targets[index]
        weights = None if self.weights is None else self.weights[index]
        if self.ready is not None:
            return Batch(self.ready[index], targets, weights)
        base = self.pipeline.before(self.train.read(rows)) if self.base is None else self.base[rows]
        changed = targets.numpy()
        for step, augment in enumerate(self.augments):
            base, changed = augment.apply(base, changed, for_step(keys, step))
        inputs = torch.from_numpy(np.ascontiguousarray(self.pipeline.after(base)))
        return Batch(inputs, torch.from_numpy(changed), weights)


def cuts(n: int, size: int) -> list[tuple[int, int]]:
    """Batch bounds; a last batch of one sample joins the one before, since batch norm needs two."""
    starts = list(range(0, n, size))
    if len(starts) > 1 and n - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], n]))


def _copy_numbers(rows: np.ndarray) -> np.ndarray:
    """How often each entry's row stood before in `rows`: a sample drawn twice is changed in two ways."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]]
    starts = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    copies = np.empty(len(rows), dtype=np.int64)
    copies[order] = np.arange(len(rows)) - starts
    return copies
