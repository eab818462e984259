"""A U-Net that corrects optical flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from holdfast.data.dataset import FLOW_FIELD, Dataset
from holdfast.errors import BadInput
from holdfast.models.conv_layers import channels_last
from holdfast.models.frame_layers import laid_out
from holdfast.models.unet import RainNetLike
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

SPEED = 4.0  # pixels a step that count as 1: as large as log rain


@component("flow_unet")
class FlowUNet(RainNetLike):
    """A U-Net that sees the optical-flow forecast and field beside the frames, and learns what to add to the forecast.

    Its last layer starts at zero, so that training starts at the flow forecast itself. RainNet's layout
    (Ayzel et al. 2020).
    """

    uses_flow: ClassVar[bool] = True

    def check(self, target: TargetSpec, train: Dataset, where: str) -> None:
        if train.names[-len(FLOW_FIELD) :] != FLOW_FIELD:
            raise BadInput(f"{where}: it corrects optical flow, and these data come without; take unet")

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """`(b, steps + leads + 2, h, w) → (b, leads, h, w)` of prepared rain.

        Channels: the frames, the flow forecast of each lead time, the flow field y and x in pixels a step.
        """
        import torch
        from torch import nn

        class Net(nn.Module):
            scale: Tensor

            def __init__(self, spec: FlowUNet):
                super().__init__()
                self.path = spec.path(shape[0])
                self.last = nn.Conv2d(spec.width, outputs, 1)
                nn.init.zeros_(self.last.weight)
                nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]
                scale = torch.ones(shape[0], 1, 1)
                scale[-len(FLOW_FIELD) :] /= SPEED
                self.register_buffer("scale", scale, persistent=False)

            def forward(self, x: Tensor) -> Tensor:
                flow = x[:, -outputs - len(FLOW_FIELD) : -len(FLOW_FIELD)]
                return flow + self.last(self.path(laid_out(x * self.scale)))

        return channels_last(Net(self))
