"""Hydra's transform, alone and beside another."""

from __future__ import annotations

from typing import Any

import numpy as np

BLOCK = (
    64  # windows at a time, always as many: the sums of torch's convolution may depend on how many there are
)
GROUP = 8  # kernels of a group, as in the paper


class HydraKernels:
    """aeon's HydraTransformer on `(n, channels, steps)`: square roots of counts, `(n, n_counts_)` float32."""

    def __init__(self, n_groups: int, n_kernels: int, seed: int, threads: int):
        self.n_groups, self.n_kernels, self.seed, self.threads = n_groups, n_kernels, seed, threads

    def fit(self, X: np.ndarray) -> HydraKernels:
        """Draw the kernels; only the shape of `X` is looked at."""
        self.shape_ = X.shape[1:]
        import torch
        from aeon.transformations.collection.convolution_based import HydraTransformer

        threads = torch.get_num_threads()  # aeon sets these and torch's seed for the whole process
        with torch.random.fork_rng(devices=[]):
            self.transform_ = HydraTransformer(
                n_kernels=self.n_kernels,
                n_groups=self.n_groups,
                n_jobs=self.threads,
                random_state=self.seed,
                output_type="numpy",
            ).fit(X[:1])
        torch.set_num_threads(threads)
        self.n_counts_ = self.transform(X[:1]).shape[1]
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        made = []
        for start in range(0, len(X), BLOCK):
            part = X[start : start + BLOCK]
            block = np.zeros((BLOCK, *X.shape[1:]), dtype=np.float32)
            block[: len(part)] = part
            counts = self.transform_.transform(block)[: len(part)]
            made.append(np.sqrt(np.maximum(counts, 0)))
        return np.concatenate(made)

    def __getstate__(self) -> dict[str, Any]:
        """The kernels as arrays, which any file can hold."""
        state = dict(self.__dict__)
        if hasattr(self, "transform_") and hasattr(self, "shape_"):
            drawn = state.pop("transform_")._hydra
            state["kernels"] = [drawn.W.numpy(), *(one.numpy() for one in drawn.idx)]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        kernels = state.pop("kernels", None)
        self.__dict__.update(state)
        if kernels is not None:
            import torch

            self.fit(np.zeros((1, *self.shape_), dtype=np.float32))
            drawn = self.transform_._hydra
            drawn.W, *drawn.idx = (torch.from_numpy(np.array(one)) for one in kernels)


class Beside:
    """Two transforms side by side; the second one gives the counts."""

    def __init__(self, first: Any, second: HydraKernels):
        self.first, self.second = first, second

    def fit(self, X: np.ndarray) -> Beside:
        self.first.fit(X)
        self.n_counts_ = self.second.fit(X).n_counts_
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        return np.concatenate([self.first.transform(X), self.second.transform(X)], axis=1, dtype=np.float32)
