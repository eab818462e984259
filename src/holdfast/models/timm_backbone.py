"""Networks for pictures, by timm."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from holdfast.errors import BadInput
from holdfast.models.base import Network
from holdfast.models.conv_layers import channels_last
from holdfast.models.pretrained import check_backbone, pretrained_file
from holdfast.models.small_maps import with_small_maps
from holdfast.models.weights import State, load_into, must_be_weights
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec
from holdfast.vision import timm

if TYPE_CHECKING:
    from torch import Tensor, nn

    from holdfast.data.dataset import Dataset

RGB = 3
TRANSLATIONS = ("checkpoint_filter_fn", "_filter_fn")  # as timm's files name what reads older checkpoints


@component("timm")
class Timm(Network):
    """Any model of timm by its name, from random weights, from timm's, or from a file (Wightman 2019).

    Its last layer is new where the weights are of another number of classes. Models of a fixed input size are
    made for the pictures' own.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"images"})
    has_backbone: ClassVar[bool] = True
    reads_file: ClassVar[str] = "weights"

    backbone: str = Field(
        alias="name",
        examples=["resnet18"],
        description="timm's name of the model, with or without the tag of its weights: resnet18.a1_in1k",
    )
    pretrained: bool = Field(
        False,
        description="start from timm's weights, from the hub's local cache or, where there is a network, its page",
    )
    weights: str | None = Field(
        None,
        examples=["resnet18.safetensors"],
        description="start from this checkpoint (.safetensors, .pth, .pt, .bin), in place of timm's; a relative path"
        " starts at the folder that holdfast is called in",
    )
    in_chans: int = Field(
        RGB, ge=1, description="channels of the pictures; weights of three are summed or repeated for others"
    )
    drop_rate: float = Field(0.0, ge=0, lt=1, description="share of units dropped before the last layer")
    drop_path_rate: float = Field(
        0.0, ge=0, lt=1, description="stochastic depth: share of residual branches skipped, in the last block"
    )
    model_kwargs: dict[str, Any] = Field(
        {},
        examples=[{"channels": [32, 64, 128, 256]}],
        description="what else timm's model takes, by its own names: a narrower resnet by channels",
    )
    stem: Literal["default", "small"] = Field(
        "default",
        description="small: a first convolution of stride 2 takes stride 1, for pictures under about 100 pixels;"
        " four times the work",
    )

    def check(self, target: TargetSpec, train: Dataset, where: str) -> None:
        check_backbone(self.backbone, f"{where}.name")
        file = self._file(where, download=True)
        asked = self.drop_path_rate or self.model_kwargs or self.stem != "default"
        if file is None and not asked:
            return
        import torch

        with torch.random.fork_rng(devices=[]):
            backbone = self._created(target.outputs, None, where)
            if file is not None:
                load_backbone(backbone, file, f"{where}.weights")

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """`(b, h, w, channels) → (b, outputs)` logits or values. Reads no file."""
        from torch import nn

        if shape[-1] != self.in_chans:
            raise BadInput(
                f"model.timm.in_chans: {self.in_chans}, but the prepared pictures have {shape[-1]} channels"
            )

        class Net(nn.Module):
            def __init__(self, backbone: nn.Module):
                super().__init__()
                self.backbone = backbone
                self.shape = shape
                self.notes: list[str] = []  # on the weights that it started from

            def forward(self, x: Tensor) -> Tensor:
                return self.backbone(x.permute(0, 3, 1, 2))  # channels_last as it lies in memory

        return with_small_maps(channels_last(Net(self._created(outputs, shape[:2], "model.timm"))))

    def start(self, net: Any) -> None:
        """Load the initial weights; `net.notes` then says what was left out.

        Raises BadInput where the backbone cannot take pictures of this size.
        """
        file = self._file("model.timm", download=False)
        if file is not None:
            net.notes = load_backbone(net.backbone, file, "model.timm.weights")
        refuse_size(net, net.shape, self.backbone)

    def _file(self, where: str, download: bool) -> Path | None:
        if self.weights is not None:
            return must_be_weights(self.weights, f"{where}.weights")
        return pretrained_file(self.backbone, where, download) if self.pretrained else None

    def _created(self, outputs: int, size: tuple[int, ...] | None, where: str) -> nn.Module:
        drops = {"drop_rate": self.drop_rate, "drop_path_rate": self.drop_path_rate}
        given = {**self.model_kwargs, **{name: value for name, value in drops.items() if value}}
        backbone = created(self.backbone, outputs, self.in_chans, size, where, **given)
        if self.stem == "small":
            widen_stem(backbone, where)
        return backbone


def created(
    name: str, outputs: int, in_chans: int, size: tuple[int, ...] | None, where: str, **given: Any
) -> Any:
    """A model of timm with random weights; `outputs` 0: its pooled features. `size`: (h, w), null: its own."""
    library = timm()
    source = library.get_pretrained_cfg(name)
    if size is not None and source is not None and source.fixed_input_size:
        given["img_size"] = tuple(size)
    try:
        return library.create_model(name, num_classes=outputs, in_chans=in_chans, **given)
    except TypeError as error:
        raise BadInput(f"{where}: {name} does not take all of {', '.join(given)} ({error})") from None
    except (AssertionError, ArithmeticError, RuntimeError, ValueError) as error:
        if "img_size" not in given:
            raise
        raise BadInput(_size_refused(where, name, given["img_size"], error)) from None


def refuse_size(net: nn.Module, shape: tuple[int, ...], name: str) -> None:
    """Raises BadInput where a network cannot take one picture of shape (h, w, channels)."""
    import torch

    training = net.training
    try:
        with torch.inference_mode():
            net.eval()(torch.zeros(1, *shape))
    except (AssertionError, ArithmeticError, RuntimeError, ValueError) as error:
        raise BadInput(_size_refused("model.timm", name, shape, error)) from None
    finally:
        net.train(training)


def _size_refused(where: str, name: str, size: tuple[int, ...], error: Exception) -> str:
    return (
        f"{where}: {name} does not take pictures of {size[0]} × {size[1]} pixels ({str(error).rstrip('.')});"
        " resize them, by data.size or in prepare, or take another backbone"
    )


def widen_stem(backbone: Any, where: str) -> None:
    """Stride 1 in the first convolution. Raises BadInput where that has no stride of 2, or cuts patches."""
    from torch import nn

    first = next((module for module in backbone.modules() if isinstance(module, nn.Conv2d)), None)
    if first is None or first.stride != (2, 2) or first.kernel_size[0] <= 2:
        raise BadInput(f"{where}.stem: the model has no first convolution of stride 2; leave stem out")
    first.stride = (1, 1)


def load_backbone(backbone: Any, file: Path, where: str) -> list[str]:
    """Load a checkpoint into a model of timm; the last layer only where it fits. Returns what to say of it."""
    last = backbone.get_classifier()
    layers = last if isinstance(last, tuple) else (last,)
    head = [name for name, module in backbone.named_modules() if any(module is one for one in layers)]
    said: list[str] = []

    def adapt(state: State) -> State:
        return _for_channels(_translated(state, backbone), backbone, said)

    return load_into(backbone, file, head, adapt, where) + said


def _translated(state: State, backbone: Any) -> State:
    """The arrays as timm reads them: names of older files, positions resampled to the pictures' size."""
    name = backbone.pretrained_cfg["architecture"]
    module = sys.modules[timm().models.model_entrypoint(name).__module__]
    translate = next((found for one in TRANSLATIONS if (found := getattr(module, one, None))), None)
    if translate is None:
        return state
    try:
        return translate(dict(state), backbone)
    except Exception:  # a file of something else: loading it as it is tells what does not fit
        return state


def _for_channels(state: State, backbone: Any, said: list[str]) -> State:
    """The first convolution's weights for as many channels as the pictures have."""
    names = backbone.pretrained_cfg.get("first_conv") or ()
    for name in (names,) if isinstance(names, str) else names:
        key = f"{name}.weight"
        weight, wanted = state.get(key), backbone.state_dict().get(key)
        if weight is None or wanted is None or weight.ndim != 4 or weight.shape[1] == wanted.shape[1]:
            continue
        if weight.shape[1] == RGB:
            state = {**state, key: timm().models.adapt_input_conv(wanted.shape[1], weight)}
            said.append(f"{name} was made for {wanted.shape[1]} channels from the weights of {RGB}")
    return state
