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

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Each test runs once for every kind of target that the loss takes."""
        if "target" in metafunc.fixturenames:
            metafunc.parametrize("target", sorted(self.component.targets))

    @pytest.fixture
    def truth(self, target: str) -> Any:
        """Of four samples: codes, values, or rain of two lead times with gaps."""
        import torch

        if target == "classes":
            return torch.tensor([0, 1, 2, 1])
        if target == "real":
            return torch.tensor([0.5, -1.0, 2.0, 0.0])
        rain = 8 * torch.rand(4, 2, 5, 6, generator=torch.Generator().manual_seed(0))
        return rain.masked_fill(rain > 7, float("nan"))

    def near(self, truth: Any, strength: float, target: str) -> Any:
        """Outputs that say the truth, the clearer the greater the strength."""
        import torch

        if target == "classes":
            return strength * torch.nn.functional.one_hot(truth, 3).float()
        return (truth[:, None] if target == "real" else truth.nan_to_num(0)) + (1 - strength)

    def test_is_a_scalar_with_a_gradient(self, loss: Any, truth: Any, target: str) -> None:
        import torch

        outputs = self.near(truth, 0.2, target).requires_grad_()
        value = loss.value(outputs, truth, None)
        assert value.shape == ()
        value.backward()
        assert outputs.grad is not None
        assert torch.isfinite(outputs.grad).all()
        assert outputs.grad.abs().sum() > 0

    def test_nearer_is_lower(self, loss: Any, truth: Any, target: str) -> None:
        far, near = (loss.value(self.near(truth, strength, target), truth, None) for strength in (-0.5, 0.9))
        assert near < far

    def test_weights_of_one_change_nothing(self, loss: Any, truth: Any, target: str) -> None:
        import torch

        outputs = self.near(truth, 0.3, target)
        plain = loss.value(outputs, truth, None)
        torch.testing.assert_close(loss.value(outputs, truth, torch.ones(4)), plain)

    def test_weightless_sample_does_not_count(self, loss: Any, truth: Any, target: str) -> None:
        import torch

        outputs, weights = self.near(truth, 0.3, target), torch.tensor([1.0, 1.0, 1.0, 0.0])
        moved = outputs.clone()
        moved[3] += torch.arange(moved[3].numel()).reshape(moved[3].shape) + 1.0
        torch.testing.assert_close(loss.value(moved, truth, weights), loss.value(outputs, truth, weights))

    def test_takes_class_shares(self, loss: Any, truth: Any, target: str) -> None:
        import torch

        if target != "classes" or not loss.takes_shares:
            pytest.skip("it takes no shares")
        outputs, shares = self.near(truth, 0.3, target), torch.nn.functional.one_hot(truth, 3).float()
        torch.testing.assert_close(loss.value(outputs, shares, None), loss.value(outputs, truth, None))

    def test_half_precision_outputs_give_float32(self, loss: Any, truth: Any, target: str) -> None:
        import torch

        assert loss.value(self.near(truth, 0.3, target).bfloat16(), truth, None).dtype == torch.float32

    def test_what_was_not_measured_does_not_count(self, loss: Any, truth: Any, target: str) -> None:
        import torch

        if target != "grid":
            pytest.skip("only grids have gaps")
        outputs, gaps = self.near(truth, 0.3, target).requires_grad_(), truth.isnan()
        value = loss.value(outputs, truth, None)
        value.backward()
        assert gaps.any()
        assert (outputs.grad[gaps] == 0).all()
        assert outputs.grad[~gaps].isfinite().all()
        moved = torch.where(gaps, outputs.detach() + 50, outputs.detach())
        torch.testing.assert_close(loss.value(moved, truth, None), value.detach())

    def test_nothing_measured_is_0_with_a_gradient_of_0(self, loss: Any, truth: Any, target: str) -> None:
        import torch

        if target != "grid":
            pytest.skip("only grids have gaps")
        outputs = self.near(truth, 0.3, target).requires_grad_()
        value = loss.value(outputs, torch.full_like(truth, float("nan")), None)
        value.backward()
        assert value == 0
        assert (outputs.grad == 0).all()
