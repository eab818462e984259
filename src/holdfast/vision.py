"""The libraries for pictures, imported where they are used, with one clear error where they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from holdfast.errors import BadInput

INSTALL = 'install them in Holdfast\'s folder: pip install -c constraints.txt -e ".[images]"'
# Registered by torchvision's own library, without which its import fails. A CPU-only torch cannot load that
# library where it was built for CUDA; nothing here calls these two.
OPERATORS = ("nms", "qnms")
_declared: list[Any] = []  # torch keeps an operator for as long as its library lives


def torchvision() -> ModuleType:
    """torchvision, its transforms usable beside a torch of another build too."""
    try:
        return _needed("torchvision")
    except RuntimeError as error:  # "operator torchvision::nms does not exist"
        if "torchvision::" not in str(error):
            raise
    _declare_operators()
    return importlib.import_module("torchvision")


def timm() -> ModuleType:
    torchvision()  # which timm imports
    return _needed("timm")


def opencv() -> ModuleType:
    return _needed("cv2")


def skimage(module: str = "feature") -> ModuleType:
    """A module of scikit-image."""
    return _needed(f"skimage.{module}")


def pillow() -> ModuleType:
    """PIL.Image."""
    return _needed("PIL.Image")


def _needed(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise BadInput(f"pictures need {error.name}, which is not installed; {INSTALL}") from None


def _declare_operators() -> None:
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in OPERATORS:
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declared.append(library)
