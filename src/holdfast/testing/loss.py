"""The contract of losses."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.testing.base import ComponentContract


class LossContract(ComponentContract):
    """`(outputs, targets, weights) → scalar`, with a gradient, lower where outputs are nearer the targets."""

    @pytest.fixture
    def truth(self) -> Any:
        import torch

        if self.component.targets == "classes":
            return torch.tensor([0, 1, 2, 1])
        return torch.tensor([0.5, -1.0, 2.0, 0.0])

    def near(self, truth: Any, strength: float) -> Any:
        """Outputs that say the truth, the clearer the greater the strength."""
        import torch

        if self.component.targets == "classes":
            return strength * torch.nn.functional.one_hot(truth, 3).float()
        return truth[:, None] + (1 - strength)

    def test_is_a_scalar_with_a_gradient(self, truth: Any) -> None:
        import torch

        outputs = self.near(truth, 0.2).requires_grad_()
        value = self.component.value(outputs, truth, None)
        assert value.shape == ()
        value.backward()
        assert outputs.grad is not None
        assert torch.isfinite(outputs.grad).all()
        assert outputs.grad.abs().sum() > 0

    def test_nearer_is_lower(self, truth: Any) -> None:
        far, near = (
            self.component.value(self.near(truth, strength), truth, None) for strength in (-0.5, 0.9)
        )
        assert near < far

    def test_weights_of_one_change_nothing(self, truth: Any) -> None:
        import torch

        outputs = self.near(truth, 0.3)
        plain = self.component.value(outputs, truth, None)
        torch.testing.assert_close(self.component.value(outputs, truth, torch.ones(4)), plain)

    def test_weightless_sample_does_not_count(self, truth: Any) -> None:
        import torch

        outputs, weights = self.near(truth, 0.3), torch.tensor([1.0, 1.0, 1.0, 0.0])
        moved = outputs.clone()
        moved[3] += torch.arange(moved.shape[1]) + 1.0
        torch.testing.assert_close(
            self.component.value(moved, truth, weights), self.component.value(outputs, truth, weights)
        )

    def test_takes_class_shares(self, truth: Any) -> None:
        import torch

        if self.component.targets != "classes" or not self.component.takes_shares:
            pytest.skip("it takes no shares")
        outputs, shares = self.near(truth, 0.3), torch.nn.functional.one_hot(truth, 3).float()
        torch.testing.assert_close(
            self.component.value(outputs, shares, None), self.component.value(outputs, truth, None)
        )

    def test_half_precision_outputs_give_float32(self, truth: Any) -> None:
        import torch

        assert self.component.value(self.near(truth, 0.3).bfloat16(), truth, None).dtype == torch.float32
