"""What a pretrained network sees in a picture."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from holdfast.features.base import Features
from holdfast.keys import seed_of
from holdfast.models.conv_layers import channels_last
from holdfast.models.pretrained import check_backbone
from holdfast.models.timm_backbone import created, load_backbone
from holdfast.models.weights import must_be_weights
from holdfast.recipe.registry import component

if TYPE_CHECKING:
    from torch import nn

    from holdfast.data.dataset import Dataset

BATCH = 64  # pictures at a time


@component("embedding")
class Embedding(Features):
    """The pooled features of a frozen timm model, with weights from a file.

    As in DeCAF (Donahue et al. 2014). The file is read again wherever the fitted member predicts.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"images"})
    reads_file: ClassVar[str] = "weights"
    row_by_row: ClassVar[bool] = False  # a network's last bits depend on how many pictures it sees at once

    backbone: str = Field(alias="name", examples=["resnet18"], description="timm's name of the model")
    weights: str | None = Field(
        None,
        examples=["resnet18.safetensors"],
        description="checkpoint of the model (.safetensors, .pth, .pt, .bin); a relative path starts at the folder that"
        " holdfast is called in. Null: random weights, the same each time, whose features tell little",
    )

    def check(self, train: Dataset, where: str) -> None:
        check_backbone(self.backbone, f"{where}.name")
        if self.weights is not None:
            _backbone(self, train.shape[-1], None, _stamp(must_be_weights(self.weights, f"{where}.weights")))

    def transform(self, X: np.ndarray) -> np.ndarray:
        """`(n, h, w, channels)` float32 `→ (n, features)`."""
        import torch

        stamp = 0
        if self.weights is not None:
            stamp = _stamp(must_be_weights(self.weights, "features.embedding.weights"))
        net = _backbone(self, X.shape[-1], X.shape[1:3], stamp)
        made = []
        with torch.inference_mode():
            for start in range(0, max(len(X), 1), BATCH):
                batch = torch.from_numpy(np.ascontiguousarray(X[start : start + BATCH], dtype=np.float32))
                made.append(net(batch.permute(0, 3, 1, 2)).flatten(1).numpy())
        return np.concatenate(made)


def _stamp(file: Path) -> int:
    """Another one where the file was written again."""
    return file.stat().st_mtime_ns


@lru_cache(maxsize=1)  # a run transforms chunk after chunk
def _backbone(spec: Embedding, channels: int, size: tuple[int, ...] | None, stamp: int) -> nn.Module:
    """The model, ready; `size` null: its own."""
    import torch

    check_backbone(spec.backbone, "features.embedding.name")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("embedding", spec.backbone))
        net = created(spec.backbone, 0, channels, size, "features.embedding")
    if spec.weights is not None:
        load_backbone(net, Path(spec.weights), "features.embedding.weights")
    return channels_last(net).eval()
