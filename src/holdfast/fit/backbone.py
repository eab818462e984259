"""What fine-tuning does to a backbone and not to other networks: layers that learn slower, or not at first."""

from __future__ import annotations

from typing import Any

import torch

from holdfast.recipe.schema import Fit


def backbones(net: torch.nn.Module) -> list[Any]:
    """The timm models inside a network: one, one for each attribute, or none."""
    nets = getattr(net, "nets", None)
    return [one.backbone for one in (nets if nets is not None else [net]) if hasattr(one, "backbone")]


def layer_groups(net: torch.nn.Module, settings: Fit) -> list[dict[str, Any]]:
    """Parameters by layer, each with the rate that layer_decay leaves it (Clark et al. 2020), by timm."""
    from holdfast.vision import timm

    timm()
    from timm.optim import param_groups_layer_decay

    assert settings.layer_decay is not None
    groups = []
    for backbone in backbones(net):
        groups += param_groups_layer_decay(backbone, settings.weight_decay, layer_decay=settings.layer_decay)
    for group in groups:
        group["lr"] = settings.lr * group.pop("lr_scale")
    return groups


def set_frozen(net: torch.nn.Module, frozen: bool) -> None:
    """Let only the last layer of each backbone learn, or everything. Batch norm follows the data in both."""
    for backbone in backbones(net):
        last = {id(parameter) for parameter in backbone.get_classifier().parameters()}
        for parameter in backbone.parameters():
            parameter.requires_grad_(not frozen or id(parameter) in last)
