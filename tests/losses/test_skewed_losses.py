"""Losses for skewed classes: known answers, and what each must not do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from holdfast.errors import BadInput
from holdfast.losses.base import Loss
from holdfast.losses.ldam import LDAM
from holdfast.losses.sum import Sum
from holdfast.metrics.classes import MacroF1
from holdfast.recipe.registry import parse

torch.manual_seed(0)
OUTPUTS, Y, WEIGHTS = 2 * torch.randn(8, 3), torch.tensor([0, 1, 2, 0, 1, 0, 0, 0]), torch.rand(8)
MIXED = torch.softmax(torch.randn(8, 3), dim=1)  # class shares


def loss(name: str, **fields: Any) -> Loss:
    return parse("loss", {name: fields})  # type: ignore[return-value]


@pytest.mark.parametrize("targets", [Y, MIXED], ids=["codes", "shares"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "same",
    [
        loss("focal", gamma=0),
        loss("logit_adjusted", tau=0, counts=(5, 2, 1)),
        loss("logit_adjusted", counts=(4, 4, 4)),
    ],
    ids=["focal", "tau 0", "even counts"],
)
def test_is_cross_entropy_at_its_neutral_setting(same: Loss, targets: Any, weights: Any) -> None:
    expected = loss("cross_entropy").value(OUTPUTS, targets, weights)
    torch.testing.assert_close(same.value(OUTPUTS, targets, weights), expected)


def test_focal_by_hand() -> None:
    outputs = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]))
    expected = (0.5**2 * np.log(1 / 0.5) + 0.2**2 * np.log(1 / 0.8)) / 2
    assert loss("focal").value(outputs, torch.tensor([0, 1]), None).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    "one",
    [
        loss("focal", gamma=0.5),
        loss("asymmetric", gamma_pos=0.5, gamma_neg=0.5),
        loss("asymmetric", clip=0),
        loss("soft_f1"),
        loss("sum", of=["focal", "soft_f1"]),
    ],
    ids=str,
)
def test_sure_samples_right_or_wrong_leave_finite_slopes(one: Loss) -> None:
    for strength in (-200.0, -30.0, 30.0, 200.0):
        outputs = (strength * one_hot(Y, 3).float()).requires_grad_()
        value = one.value(outputs, Y, None)
        value.backward()
        assert torch.isfinite(value)
        assert outputs.grad is not None
        assert torch.isfinite(outputs.grad).all()


def test_asymmetric_without_its_asymmetry_is_one_against_rest() -> None:
    plain = loss("asymmetric", gamma_pos=0, gamma_neg=0, clip=0)
    each = binary_cross_entropy_with_logits(OUTPUTS, one_hot(Y, 3).float(), reduction="none").sum(dim=1)
    torch.testing.assert_close(plain.value(OUTPUTS, Y, WEIGHTS), (each * WEIGHTS).mean())


def test_asymmetric_by_hand() -> None:
    p = np.array([0.6, 0.3, 0.04])
    outputs = torch.tensor(np.log(p / (1 - p)), dtype=torch.float32)[None]
    made = loss("asymmetric", gamma_pos=1, gamma_neg=4, clip=0.05).value(outputs, torch.tensor([0]), None)
    # the last class is under the clip and does not count
    assert made.item() == pytest.approx(-0.4 * np.log(0.6) - 0.25**4 * np.log(0.75), rel=1e-4)


def test_soft_f1_of_sure_and_right_outputs_is_near_0() -> None:
    for y in (Y, torch.tensor([0, 0, 1])):  # in the second batch a class has no samples
        sure = 30 * one_hot(y, 3).float()
        assert loss("soft_f1").value(sure, y, None).item() == pytest.approx(0, abs=1e-6)
        assert loss("soft_f1").value(-sure, y, None).item() == pytest.approx(1, abs=1e-6)


def test_soft_f1_of_labels_is_macro_f1() -> None:
    said = one_hot(torch.tensor([0, 1, 0, 0, 1, 2, 0, 1]), 3).float()
    expected = 1 - MacroF1().score(Y.numpy(), said.numpy())
    assert loss("soft_f1").value(50 * said, Y, None).item() == pytest.approx(expected, abs=1e-6)


def test_soft_f1_counts_a_sample_of_weight_2_twice() -> None:
    twice = torch.cat([torch.arange(8), torch.tensor([2])])
    weights = torch.ones(8)
    weights[2] = 2
    torch.testing.assert_close(
        loss("soft_f1").value(OUTPUTS, Y, weights), loss("soft_f1").value(OUTPUTS[twice], Y[twice], None)
    )


def test_logit_adjusted_adds_the_logarithm_of_the_shares() -> None:
    made = loss("logit_adjusted", tau=0.5).for_counts(np.array([5, 2, 1]))
    expected = cross_entropy(OUTPUTS + 0.5 * torch.log(torch.tensor([5 / 8, 2 / 8, 1 / 8])), Y)
    torch.testing.assert_close(made.value(OUTPUTS, Y, None), expected)


def test_class_without_samples_counts_as_the_rarest() -> None:
    for name in ("logit_adjusted", "ldam"):
        empty, rarest = (loss(name).for_counts(np.array(counts)) for counts in ([5, 2, 0], [5, 2, 2]))
        torch.testing.assert_close(empty.value(OUTPUTS, Y, None), rarest.value(OUTPUTS, Y, None))


def test_given_counts_stay_and_must_fit() -> None:
    given = loss("logit_adjusted", counts=(1, 2, 3))
    assert given.for_counts(np.array([9, 9, 9])) == given
    with pytest.raises(BadInput, match=r"loss.logit_adjusted.counts: the target has 2 classes, got 3 counts"):
        given.for_counts(np.array([9, 9]))
    with pytest.raises(ValueError, match="at least one class with samples"):
        loss("ldam", counts=(0, 0))


def test_ldam_margin_is_wider_for_rare_classes() -> None:
    made = LDAM(max_margin=0.5).for_counts(np.array([10000, 625, 16]))
    np.testing.assert_allclose(made.margins(3), [0.1, 0.2, 0.5])
    taken = torch.tensor([[0.1, 0, 0], [0, 0.2, 0], [0, 0, 0.5]])[Y]
    torch.testing.assert_close(made.value(OUTPUTS, Y, None), cross_entropy(OUTPUTS - taken, Y))
    scaled = made.model_copy(update={"scale": 30.0})
    torch.testing.assert_close(scaled.value(OUTPUTS, Y, None), cross_entropy(30 * (OUTPUTS - taken), Y))


def test_sum_is_the_weighted_sum() -> None:
    first, second = (loss(name).value(OUTPUTS, Y, WEIGHTS) for name in ("focal", "soft_f1"))
    both = ["focal", "soft_f1"]
    torch.testing.assert_close(loss("sum", of=both).value(OUTPUTS, Y, WEIGHTS), first + second)
    halved = loss("sum", of=both, weights=[1, 0.5])
    torch.testing.assert_close(halved.value(OUTPUTS, Y, WEIGHTS), first + 0.5 * second)


def test_sum_hands_the_counts_to_its_parts() -> None:
    counts = np.array([5, 2, 1])
    made = loss("sum", of=["logit_adjusted", "focal", "ldam"]).for_counts(counts)
    parts = [loss(name).for_counts(counts) for name in ("logit_adjusted", "focal", "ldam")]
    torch.testing.assert_close(
        made.value(OUTPUTS, Y, None), torch.stack([part.value(OUTPUTS, Y, None) for part in parts]).sum()
    )


def test_sum_takes_what_all_its_parts_take() -> None:
    assert loss("sum", of=["focal", "cross_entropy"]).takes_shares
    assert not loss("sum", of=["focal", "ldam"]).takes_shares
    assert loss("sum", of=["mse", "mae"]).targets == {"grid", "real"}
    assert loss("sum", of=["mae", "soft_csi"]).targets == {"grid"}
    with pytest.raises(ValueError, match="focal for classes, mse for grid or real"):
        Sum.model_validate({"of": ["focal", "mse"]})
    with pytest.raises(ValueError, match="expected one for each of 2 losses, got 1"):
        Sum.model_validate({"of": ["focal", "soft_f1"], "weights": [1]})
