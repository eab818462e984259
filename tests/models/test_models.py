"""What single models promise beyond their contract."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from holdfast.models.calibrated import fit_calibrator
from holdfast.models.rocket_head import ALPHAS, KernelRidge
from holdfast.recipe.registry import parse
from holdfast.testing.samples import CLASSES, tiny_data


@pytest.mark.parametrize("shape", [(600, 18), (8, 1), (2, 3), (1, 1)])
@pytest.mark.parametrize("blocks", [1, 3])
def test_conv_residual_takes_any_window(shape: tuple[int, int], blocks: int) -> None:
    net = parse("model", {"conv_residual": {"width": 4, "blocks": blocks}}).build(shape, 5)  # type: ignore[attr-defined]
    assert net(torch.randn(3, *shape)).shape == (3, 5)


def test_conv_residual_adds_the_first_convolution_before_its_norm() -> None:
    net = parse("model", {"conv_residual": {"width": 2, "kernel": 1, "blocks": 1}}).build((6, 1), 2)  # type: ignore[attr-defined]
    block = net.blocks[0].eval()
    with torch.no_grad():
        block.convolutions[2].weight.zero_()  # only the skip is left
        x = torch.randn(4, 1, 1, 6)
        first = block.convolutions[0](x)
        torch.testing.assert_close(block(x), torch.nn.functional.elu(block.norms[2](first)))


def test_ridge_by_kernel_equals_scikit_learns() -> None:
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    F, y = rng.normal(size=(40, 100)).astype(np.float32), rng.normal(size=40)
    head = KernelRidge("real", 2, 0)
    head.fit(F, y, None, None)
    assert head.alpha_ in ALPHAS
    want = Ridge(alpha=head.alpha_, fit_intercept=False).fit(F, y - y.mean()).predict(F) + y.mean()
    np.testing.assert_allclose(head.decision(F)[:, 0], want, rtol=1e-3, atol=1e-3)


def test_calibration_gives_probabilities_that_fit() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(600) % 3
    decision = np.eye(3)[y] + rng.normal(size=(600, 3))
    p = fit_calibrator(decision, y, np.arange(3)).probabilities(decision)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    sure = p.max(axis=1) > 0.7
    assert (p[sure].argmax(axis=1) == y[sure]).mean() == pytest.approx(p[sure].max(axis=1).mean(), abs=0.08)


def test_calibration_of_a_class_it_never_saw() -> None:
    p = fit_calibrator(np.array([[0.0], [1.0]]), np.array([0, 1]), np.arange(3)).probabilities(
        np.array([[0.5]])
    )
    assert p.shape == (1, 3)
    assert 0 < p[0, 2] < 1e-4


@pytest.mark.parametrize("head", ["ridge", "logistic"])
def test_rocket_probabilities_are_no_ones_and_zeros(head: str) -> None:
    data = tiny_data()
    made = parse("model", {"minirocket": {"n_kernels": 84, "head": head}}).build(CLASSES, 0, 1)  # type: ignore[attr-defined]
    made.fit(data.read(), data.target, groups=data.groups)
    p = made.predict_proba(data.read())
    assert ((p > 0) & (p < 1)).all()
    assert made.kernels_.threads == 1
    assert made._features(data.read()).dtype == np.float32
    assert (p.argmax(axis=1) == data.target).mean() > 0.8


def test_rocket_takes_short_windows_and_one_group() -> None:
    data = tiny_data()
    short = data.read()[:, :5]
    made = parse("model", {"minirocket": {"n_kernels": 84}}).build(CLASSES, 0, 1)  # type: ignore[attr-defined]
    p = made.fit(short, data.target, groups=np.zeros(36)).predict_proba(short)
    np.testing.assert_allclose(p.sum(axis=1), 1)
