"""Losses of grids: known answers, thresholds in mm/h, what was not measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import l1_loss, mse_loss

from holdfast.recipe.registry import parse
from holdfast.recipe.strict import Nested

NAN = float("nan")


def loss(entry: object) -> Any:
    return parse("loss", entry)


def frames(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Simulated outputs and truth of two lead times, in mm/h."""
    draw = torch.Generator().manual_seed(seed)
    return 12 * torch.rand(3, 2, 6, 5, generator=draw), 12 * torch.rand(3, 2, 6, 5, generator=draw)


@pytest.mark.parametrize(("name", "ours"), [("mae", l1_loss), ("mse", mse_loss)])
def test_what_is_there_counts_alike(name: str, ours: Any) -> None:
    """A gap in one sample makes the other pixels no more and no less."""
    outputs, truth = frames()
    torch.testing.assert_close(loss(name).value(outputs, truth, None), ours(outputs, truth))
    truth[0, 0, :4] = NAN
    there = ~truth.isnan()
    torch.testing.assert_close(loss(name).value(outputs, truth, None), ours(outputs[there], truth[there]))


def test_logcosh_is_a_parabola_near_and_a_line_far() -> None:
    def of(error: float) -> float:
        return float(loss("logcosh").value(torch.tensor([[error]]), torch.tensor([0.0]), None))

    assert of(0.01) == pytest.approx(0.5e-4, rel=1e-2)
    assert of(-1.5) == pytest.approx(float(np.log(np.cosh(1.5))), rel=1e-5)
    assert of(200) == of(-200) == pytest.approx(200 - np.log(2))  # cosh itself is infinite


def test_balanced_mae_weighs_by_the_rain_that_fell() -> None:
    """Shi et al. 2017: a threshold belongs to the weight above it."""
    truth = torch.tensor([0.0, 1.9, 2.0, 5.0, 10.0, 29.0, 30.0, 80.0, NAN]).reshape(1, 1, 3, 3)
    weights = [1, 1, 2, 5, 10, 10, 30, 30]
    value = loss("balanced_mae").value(truth.nan_to_num(0) + 0.5, truth, None)
    assert float(value) == pytest.approx(0.5 * sum(weights) / 8)


def test_thresholds_are_brought_to_the_scale_that_is_learned() -> None:
    _, truth = frames()
    plain = loss("balanced_mae")
    scaled = plain.for_rates(np.log1p)
    np.testing.assert_allclose(scaled.thresholds, np.log1p([2, 5, 10, 30]), rtol=1e-6)
    assert plain.thresholds == (2, 5, 10, 30)
    near = torch.log1p(truth) + 0.5  # each pixel errs by 0.5 in the scale, so weights alone decide
    torch.testing.assert_close(
        scaled.value(near, torch.log1p(truth), None), plain.value(truth + 0.5, truth, None)
    )


def test_thresholds_inside_a_sum_are_brought_there_too() -> None:
    whole = loss({"sum": [{"mae": 1.0}, {"soft_csi": 0.5}]})
    assert whole.targets == {"grid"}
    outputs, truth = frames()
    truth[1, 1, 2] = NAN
    scaled = whole.for_rates(np.log1p)
    np.testing.assert_allclose(scaled.parts[1].thresholds, np.log1p([0.1, 1, 5]), rtol=1e-6)
    parts = [part.value(outputs, truth, None) for part in scaled.parts]
    torch.testing.assert_close(scaled.value(outputs, truth, None), parts[0] + 0.5 * parts[1])


def hard_csi(outputs: torch.Tensor, truth: torch.Tensor, threshold: float) -> float:
    there = ~truth.isnan()
    said, true = outputs[there] >= threshold, truth[there] >= threshold
    return float((said & true).sum() / (said | true).sum())


def test_soft_csi_nears_csi_as_the_step_narrows() -> None:
    outputs, truth = frames()
    outputs, truth = outputs.repeat(1, 1, 20, 20), truth.repeat(1, 1, 20, 20)  # many pixels
    truth[0, :, :7] = NAN
    hard = np.mean([hard_csi(outputs, truth, threshold) for threshold in (1, 5)])
    made = [
        1
        - float(loss({"soft_csi": {"thresholds": [1, 5], "temperature": width}}).value(outputs, truth, None))
        for width in (2.0, 0.5, 0.001)
    ]
    assert made[2] == pytest.approx(hard, abs=2e-3)
    assert abs(made[0] - hard) > abs(made[1] - hard) > abs(made[2] - hard)


def test_soft_csi_pulls_misses_up_and_false_alarms_down() -> None:
    outputs = torch.tensor([0.9, 1.1]).reshape(1, 1, 1, 2).requires_grad_()
    truth = torch.tensor([3.0, 0.0]).reshape(1, 1, 1, 2)
    loss({"soft_csi": {"thresholds": [1]}}).value(outputs, truth, None).backward()
    assert outputs.grad is not None
    missed, false = outputs.grad.flatten()
    assert missed < 0 < false
    dry = torch.full((1, 1, 1, 2), 1.1, requires_grad=True)
    loss({"soft_csi": {"thresholds": [1]}}).value(dry, torch.zeros(1, 1, 1, 2), None).backward()
    assert dry.grad is not None
    assert (dry.grad > 0).all()  # also where it rained nowhere


def test_thresholds_must_rise_and_weights_must_match() -> None:
    with pytest.raises(Nested, match=r"expected rates that rise, got \[5.0, 1.0\]"):
        loss({"soft_csi": {"thresholds": [5, 1]}})
    with pytest.raises(Nested, match="weights: expected 3, one more than thresholds, got 5"):
        loss({"balanced_mae": {"thresholds": [1, 5]}})
    with pytest.raises(Nested, match="the losses are for different targets"):
        loss({"sum": {"of": ["soft_csi", "focal"]}})
