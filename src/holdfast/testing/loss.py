"""The contract of losses."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.testing.base import ComponentContract


class LossContract(ComponentContract):
    """`(outputs, targets, weights) → scalar`, with a gradient, lower where outputs are nearer the targets."""

    @pytest.fixture
    def loss(self) -> Any:
        """What acts on outputs: the component, or its loss of one attribute where it has no other."""
        return self.component.for_attribute("age") if self.component.of_attributes else self.component

    def test_says_what_makes_probabilities_of_its_outputs(self) -> None:
        assert self.component.activation in ("softmax", "sigmoid")

    @pytest.fixture
    def truth(self) -> Any:
        import torch

        if "classes" in self.component.targets:
            return torch.tensor([0, 1, 2, 1])
        return torch.tensor([0.5, -1.0, 2.0, 0.0])

    def near(self, truth: Any, strength: float) -> Any:
        """Outputs that say the truth, the clearer the greater the strength."""
        import torch

        if "classes" in self.component.targets:
            return strength * torch.nn.functional.one_hot(truth, 3).float()
        return truth[:, None] + (1 - strength)

    def test_is_a_scalar_with_a_gradient(self, loss: Any, truth: Any) -> None:
        import torch

        outputs = self.near(truth, 0.2).requires_grad_()
        value = loss.value(outputs, truth, None)
        assert value.shape == ()
        value.backward()
        assert outputs.grad is not None
        assert torch.isfinite(outputs.grad).all()
        assert outputs.grad.abs().sum() > 0

    def test_nearer_is_lower(self, loss: Any, truth: Any) -> None:
        far, near = (loss.value(self.near(truth, strength), truth, None) for strength in (-0.5, 0.9))
        assert near < far

    def test_weights_of_one_change_nothing(self, loss: Any, truth: Any) -> None:
        import torch

        outputs = self.near(truth, 0.3)
        plain = loss.value(outputs, truth, None)
        torch.testing.assert_close(loss.value(outputs, truth, torch.ones(4)), plain)

    def test_weightless_sample_does_not_count(self, loss: Any, truth: Any) -> None:
        import torch

        outputs, weights = self.near(truth, 0.3), torch.tensor([1.0, 1.0, 1.0, 0.0])
        moved = outputs.clone()
        moved[3] += torch.arange(moved.shape[1]) + 1.0
        torch.testing.assert_close(loss.value(moved, truth, weights), loss.value(outputs, truth, weights))

    def test_takes_class_shares(self, loss: Any, truth: Any) -> None:
        import torch

        if "classes" not in loss.targets or not loss.takes_shares:
            pytest.skip("it takes no shares")
        outputs, shares = self.near(truth, 0.3), torch.nn.functional.one_hot(truth, 3).float()
        torch.testing.assert_close(loss.value(outputs, shares, None), loss.value(outputs, truth, None))

    def test_half_precision_outputs_give_float32(self, loss: Any, truth: Any) -> None:
        import torch

        assert loss.value(self.near(truth, 0.3).bfloat16(), truth, None).dtype == torch.float32
