"""A compact transformer encoder for windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from holdfast.models.base import Network
from holdfast.models.conv_layers import activated, channels_last, lying, standing
from holdfast.recipe.registry import component
from holdfast.recipe.strict import Nested

if TYPE_CHECKING:
    from torch import Tensor, nn

RATIO = 2  # inner units of a block's dense layers, over width


@component("transformer")
class Transformer(Network):
    """A small transformer encoder over patches of steps, averaged over them.

    The encoder of Vaswani et al. 2017 with norms first (Xiong et al. 2020), patches made by convolutions
    (Xiao et al. 2021), and, in place of positions, a learned bias of attention for each distance between
    two patches (Raffel et al. 2020, Liu et al. 2021), of each head and block its own.
    """

    width: int = Field(64, ge=1, description="channels of a patch")
    kernel: int = Field(9, ge=1, description="steps that a filter of the patch embedding spans")
    stride: int = Field(4, ge=1, description="steps from one patch to the next")
    blocks: int = Field(3, ge=1, description="blocks of attention and dense layers")
    heads: int = Field(4, ge=1, description="attention heads; a divisor of width")
    dropout: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="share dropped of attention, of what a block adds, and before the last layer",
    )

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Transformer:
        if self.width % self.heads:
            fits = [n for n in range(1, self.width + 1) if self.width % n == 0]
            raise Nested(
                [(("heads",), f"expected a divisor of width {self.width} ({fits}), got {self.heads}")]
            )
        return self

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """`(b, steps, channels) → (b, outputs)` logits or values."""
        import torch
        from torch import nn
        from torch.nn import functional

        reach = (shape[0] - 1) // self.stride  # the farthest that two patches lie apart

        class Attention(nn.Module):
            def __init__(self, spec: Transformer):
                super().__init__()
                self.heads, self.share = spec.heads, spec.dropout
                self.parts = nn.Linear(spec.width, 3 * spec.width)
                self.joined = nn.Linear(spec.width, spec.width)
                self.of_distance = nn.Parameter(torch.zeros(spec.heads, 2 * reach + 1))

            def bias(self, n: int) -> Tensor:
                """`(heads, n, n)`, what is added to each pair's score."""
                at = torch.arange(n, device=self.of_distance.device)
                distance = (at[:, None] - at).clamp(-reach, reach)
                return self.of_distance[:, distance + reach]

            def forward(self, x: Tensor) -> Tensor:
                b, n, _ = x.shape
                query, key, value = self.parts(x).view(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
                share = self.share if self.training else 0.0
                made = functional.scaled_dot_product_attention(query, key, value, self.bias(n), share)
                return self.joined(made.transpose(1, 2).flatten(2))

        class Block(nn.Module):
            def __init__(self, spec: Transformer):
                super().__init__()
                width, dropout = spec.width, nn.Dropout(spec.dropout)
                self.attention = nn.Sequential(nn.LayerNorm(width), Attention(spec), dropout)
                self.dense = nn.Sequential(
                    nn.LayerNorm(width),
                    nn.Linear(width, RATIO * width),
                    nn.GELU(),
                    nn.Linear(RATIO * width, width),
                    dropout,
                )

            def forward(self, x: Tensor) -> Tensor:
                x = x + self.attention(x)
                return x + self.dense(x)

        class Net(nn.Module):
            def __init__(self, spec: Transformer):
                super().__init__()
                width, kernel = spec.width, spec.kernel
                # half the kernel on each side: a window shorter than the kernel still gives a patch
                cut = nn.Conv2d(width, width, (1, kernel), stride=(1, spec.stride), padding=(0, kernel // 2))
                self.patches = nn.Sequential(activated(shape[-1], width, kernel), cut)
                self.blocks = nn.Sequential(*(Block(spec) for _ in range(spec.blocks)))
                self.norm = nn.LayerNorm(width)
                self.dropout = nn.Dropout(spec.dropout)
                self.last = nn.Linear(width, outputs)

            def forward(self, x: Tensor) -> Tensor:
                x = self.norm(self.blocks(standing(self.patches(lying(x)))))
                return self.last(self.dropout(x.mean(dim=1)))

        return channels_last(Net(self))
