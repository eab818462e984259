"""Hydra's transform: keyed, block by block, scaled as counts are."""

from __future__ import annotations

import numpy as np
import torch

from holdfast.models.hydra_kernels import BLOCK, GROUP, Beside, HydraKernels
from holdfast.models.rocket_head import FeatureScaler
from holdfast.recipe.registry import parse
from holdfast.testing.samples import CLASSES, tiny_data


def windows(n: int, steps: int = 32, channels: int = 3) -> np.ndarray:
    """Simulated `(n, channels, steps)`; the first half of each window stands still."""
    X = np.random.default_rng(0).normal(size=(n, channels, steps)).astype(np.float32)
    X[:, :, : steps // 2] = 0.3
    return X


def test_a_window_has_the_same_features_wherever_it_stands() -> None:
    X = windows(BLOCK + 9)
    made = HydraKernels(8, GROUP, 1, 1).fit(X)
    whole = made.transform(X)
    order = np.random.default_rng(1).permutation(len(X))
    assert np.array_equal(made.transform(X[order]), whole[order])
    assert np.array_equal(made.transform(X[BLOCK + 2 : BLOCK + 3]), whole[BLOCK + 2 : BLOCK + 3])


def test_only_the_seed_draws_the_kernels() -> None:
    X = windows(4)
    torch.manual_seed(7)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    first = HydraKernels(8, GROUP, 1, threads + 1).fit(X)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    torch.manual_seed(8)
    assert np.array_equal(HydraKernels(8, GROUP, 1, 1).fit(X).transform(X), first.transform(X))
    assert not np.array_equal(HydraKernels(8, GROUP, 2, 1).fit(X).transform(X), first.transform(X))


def test_counts_of_each_group_add_up_to_the_steps() -> None:
    """At each step one kernel of a group fits least: these counts, squared again, sum to the steps."""
    X = windows(5, steps=40)
    made = HydraKernels(4, GROUP, 0, 1).fit(X)
    shape = (5, -1, 2, 2, 2, GROUP)  # dilations, signal or differences, most or least, groups, kernels
    least = np.square(made.transform(X)).reshape(shape)[:, :, :, 1].sum(axis=-1)
    np.testing.assert_allclose(least[:, :, 0], 40, rtol=1e-5)
    np.testing.assert_allclose(least[:, :, 1], 39, rtol=1e-5)
    assert made.n_counts_ == made.transform(X).shape[1]


def test_scaled_counts_keep_their_zeros_and_seldom_ones_stay_small() -> None:
    rng = np.random.default_rng(0)
    dense = rng.normal(5, 2, size=(200, 1))
    often, seldom = rng.random((200, 1)) < 0.5, rng.random((200, 1)) < 0.02
    F = np.concatenate([dense, often, seldom], axis=1).astype(np.float32)
    kept, scaler = F.copy(), FeatureScaler(counts=2)
    scaler.fit_transform(F)
    np.testing.assert_allclose([F[:, 0].mean(), F[:, 0].std()], [0, 1], atol=1e-4)
    assert ((F[:, 1:] == 0) == (kept[:, 1:] == 0)).all()
    assert F[:, 2].max() < 1 < kept[seldom[:, 0], 2].mean() / kept[:, 2].std()
    again = kept.copy()
    scaler.transform(again)
    assert np.array_equal(again, F)


def test_beside_puts_counts_last() -> None:
    X = windows(6)
    both = Beside(HydraKernels(8, GROUP, 1, 1), HydraKernels(4, GROUP, 2, 1)).fit(X)
    F = both.transform(X)
    assert F.dtype == np.float32
    assert np.array_equal(F[:, : -both.n_counts_], both.first.transform(X))
    assert np.array_equal(F[:, -both.n_counts_ :], both.second.transform(X))


def test_multirocket_hydra_puts_hydra_beside_multirocket() -> None:
    model = parse("model", {"multirocket_hydra": {"n_kernels": 84, "n_groups": 4}})
    kernels = model.build(CLASSES, 3, 1).kernels_  # type: ignore[attr-defined]
    assert (type(kernels.first).__name__, kernels.first.n_kernels) == ("MultiRocket", 84)
    assert (kernels.second.n_groups, kernels.second.n_kernels) == (4, GROUP)


def test_hydra_tells_the_classes_apart() -> None:
    data = tiny_data()
    assert data.target is not None
    made = parse("model", {"hydra": {"n_groups": 8}}).build(CLASSES, 0, 1)  # type: ignore[attr-defined]
    made.fit(data.read()[:24], data.target[:24], groups=data.groups[:24])
    p = made.predict_proba(data.read()[24:])
    assert ((p > 0) & (p < 1)).all()
    assert (p.argmax(axis=1) == data.target[24:]).mean() > 0.8
