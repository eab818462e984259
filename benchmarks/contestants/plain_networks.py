"""Networks in bare torch, as a person would write them: its own layers, in its own order in memory.

The same layers, and as many weights, as Holdfast's of the same names (depth 4, kernel 9).
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


class Block(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        self.conv1 = nn.Conv1d(channels, width, 9, padding="same", bias=False)
        self.conv2 = nn.Conv1d(width, width, 9, padding="same", bias=False)
        self.conv3 = nn.Conv1d(width, width, 9, padding="same", bias=False)
        for conv in (self.conv1, self.conv2, self.conv3):
            nn.init.kaiming_uniform_(conv.weight, nonlinearity="relu")
        self.norm1, self.norm2, self.norm3 = (nn.BatchNorm1d(width) for _ in range(3))

    def forward(self, x):
        first = self.conv1(x)
        x = F.elu(self.norm1(first))
        x = F.elu(self.norm2(self.conv2(x)))
        return F.elu(self.norm3(self.conv3(x) + first))


class ConvResidual(nn.Module):
    """`(b, channels, steps)` → logits."""

    def __init__(self, channels, classes, width):
        super().__init__()
        self.body = nn.Sequential(
            nn.Dropout1d(0.1), Block(channels, width), nn.MaxPool1d(3), nn.Dropout1d(0.1), Block(width, width),
            nn.AdaptiveAvgPool1d(1), nn.Flatten(),
            nn.Linear(width, 64, bias=False), nn.BatchNorm1d(64), nn.ELU(), nn.Dropout(0.4), nn.Linear(64, classes),
        )  # fmt: skip
        nn.init.kaiming_uniform_(self.body[7].weight, nonlinearity="relu")
        nn.init.xavier_uniform_(self.body[11].weight)
        nn.init.zeros_(self.body[11].bias)

    def forward(self, x):
        return self.body(x)


class Path(nn.Module):
    """A U-Net down and up again: `(b, channels, h, w)` → `(b, widths[0], h, w)`; sides are multiples of 16."""

    def __init__(self, down, up, rise, dropout):
        super().__init__()
        self.down, self.up, self.rise = nn.ModuleList(down), nn.ModuleList(up), nn.ModuleList(rise)
        self.pool, self.dropout = nn.MaxPool2d(2), dropout

    def forward(self, x):
        skips = []
        for level, block in enumerate(self.down):
            x = block(self.pool(x) if level else x)
            x = self.dropout(x) if level > 2 else x
            skips.append(x)
        x = skips.pop()
        for block, rise in zip(reversed(self.up), reversed(self.rise)):
            x = block(torch.cat([rise(x), skips.pop()], dim=1))
        return x


def double(channels, width):
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
        nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
    )  # fmt: skip


class UNet(nn.Module):
    """`(b, steps, h, w)` → `(b, 1, h, w)`."""

    def __init__(self, steps, width):
        super().__init__()
        widths = [width * 2**level for level in range(5)]
        down = [double(come, go) for come, go in zip([steps, *widths], widths)]
        up = [double(3 * flat, flat) for flat in widths[:-1]]
        rise = [nn.Upsample(scale_factor=2, mode="nearest") for _ in up]
        self.path, self.last = Path(down, up, rise, nn.Identity()), nn.Conv2d(width, 1, 1)

    def forward(self, x):
        return self.last(self.path(x))


class Residual(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.conv3 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm1, self.norm2, self.norm3 = (nn.BatchNorm2d(width) for _ in range(3))

    def forward(self, x):
        first = self.conv1(x)
        x = F.elu(self.norm1(first))
        x = F.elu(self.norm2(self.conv2(x)))
        return F.elu(self.norm3(self.conv3(x) + first))


def bottleneck(channels, width):
    inner = width // 4
    return nn.Sequential(
        nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ELU(),
        nn.Conv2d(inner, inner, 3, padding=1, bias=False), nn.BatchNorm2d(inner), nn.ELU(),
        nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width),
    )  # fmt: skip


class UNetConvLSTM(nn.Module):
    """A U-Net beside a convolutional LSTM (Shi et al. 2015) of 16 filters over the steps."""

    def __init__(self, steps, width, kept=16):
        super().__init__()
        widths = [width * 2**level for level in range(5)]
        blocks = [Residual, Residual, Residual, bottleneck, bottleneck]
        down = [block(come, go) for block, come, go in zip(blocks, [steps, *widths], widths)]
        up = [block(2 * flat, flat) for block, flat in zip(blocks, widths[:-1])]
        rise = [nn.ConvTranspose2d(2 * flat, flat, 2, stride=2) for flat in widths[:-1]]
        self.path, self.kept = Path(down, up, rise, nn.Dropout2d(0.25)), kept
        self.of_input = nn.Conv2d(1, 4 * kept, 3, padding=1)
        self.of_state = nn.Conv2d(kept, 4 * kept, 3, padding=1, bias=False)
        self.last = nn.Conv2d(width + kept, 1, 3, padding=1)

    def forward(self, x):
        shown = cell = x.new_zeros(len(x), self.kept, *x.shape[2:])
        for step in range(x.shape[1]):
            gates = self.of_input(x[:, step : step + 1]) + self.of_state(shown)
            enter, forget, leave, new = gates.chunk(4, dim=1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
            shown = torch.sigmoid(leave) * torch.tanh(cell)
        return self.last(torch.cat([self.path(x), shown], dim=1))
