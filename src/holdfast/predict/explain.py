"""Where in a picture a prediction comes from: pure functions on arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from holdfast.errors import BadInput

GREY = 128  # of a covered patch, the middle of uint8
BATCH = 64  # covered pictures predicted at once
WHITE = 255


def occlusion(
    predict: Callable[[np.ndarray], np.ndarray],
    image: np.ndarray,
    classes: int | Sequence[int],
    patch: int,
    stride: int,
) -> np.ndarray:
    """How much of the probability goes when a patch is grey, `(h, w)` float32; a pixel takes the mean of its patches.

    `predict`: pictures `(n, h, w, c)` uint8 to probabilities `(n, classes)`. `image`: `(h, w, c)` uint8.
    `classes`: a class, or several whose probabilities are summed, such as the joint classes of one attribute's
    value. Works for any model (Zeiler and Fergus 2014).

    >>> image = np.full((4, 4, 3), 200, dtype=np.uint8)
    >>> bright = lambda X: (X[:, 0, 0, :1] / 200).astype(np.float32)
    >>> occlusion(bright, image, 0, patch=2, stride=2)[0].round(2)
    array([0.36, 0.36, 0.  , 0.  ], dtype=float32)
    """
    height, width = image.shape[:2]
    corners = [
        (top, left) for top in _places(height, patch, stride) for left in _places(width, patch, stride)
    ]
    wanted = np.atleast_1d(classes)
    said = float(predict(image[None])[0, wanted].sum())
    drops: list[float] = []
    for start in range(0, len(corners), BATCH):
        some = corners[start : start + BATCH]
        covered = np.repeat(image[None], len(some), axis=0)
        for picture, (top, left) in zip(covered, some):
            picture[top : top + patch, left : left + patch] = GREY
        drops += (said - predict(covered)[:, wanted].sum(axis=1)).tolist()
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for (top, left), drop in zip(corners, drops):
        total[top : top + patch, left : left + patch] += drop
        count[top : top + patch, left : left + patch] += 1
    return (total / np.maximum(count, 1)).astype(np.float32)


def _places(length: int, patch: int, stride: int) -> list[int]:
    """Where patches begin along one side; the last ends with the picture."""
    last = max(length - patch, 0)
    return sorted({*range(0, last, stride), last})


def grad_cam(net: Any, x: np.ndarray, classes: int | Sequence[int]) -> np.ndarray:
    """What in the last feature map speaks for a class, `(h, w)` float32 from 0 to 1 (Selvaraju et al. 2017).

    `net`: a network whose `backbone` is a timm model. `x`: one prepared picture `(h, w, c)` float32. `classes`: an
    output, or several that stand for one thing (the log of the sum of their exponentials is then explained).
    Raises BadInput where the last features are no map, as those of a vision transformer.
    """
    import torch
    from torch.nn import functional

    backbone, training = net.backbone, net.training
    net.eval()
    try:
        with torch.enable_grad():
            inputs = torch.from_numpy(np.ascontiguousarray(x[None], dtype=np.float32)).permute(0, 3, 1, 2)
            maps = backbone.forward_features(inputs.to(next(backbone.parameters()).device))
            if maps.ndim != 4:
                raise BadInput("Grad-CAM needs a last feature map, this backbone has none; take occlusion")
            if not maps.requires_grad:  # a frozen backbone
                maps.requires_grad_()
            outputs = backbone.forward_head(maps)[0]
            score = outputs[torch.as_tensor(np.atleast_1d(classes), device=outputs.device)].logsumexp(dim=0)
            (slopes,) = torch.autograd.grad(score, maps)
    finally:
        net.train(training)
    if getattr(backbone, "output_fmt", "NCHW") == "NHWC":
        maps, slopes = maps.permute(0, 3, 1, 2), slopes.permute(0, 3, 1, 2)
    weights = slopes.mean(dim=(2, 3), keepdim=True)
    heat = functional.relu((weights * maps.detach()).sum(dim=1, keepdim=True))
    heat = functional.interpolate(heat, size=x.shape[:2], mode="bilinear", align_corners=False)[0, 0]
    most = float(heat.max())
    made: np.ndarray = (heat / most if most > 0 else heat).float().cpu().numpy()
    return made


def mosaic(images: Sequence[np.ndarray] | np.ndarray, columns: int, gap: int = 2) -> np.ndarray:
    """Pictures `(h, w, c)` uint8 of one size in rows of `columns`, `gap` white pixels between, as one picture.

    >>> mosaic(np.zeros((3, 4, 5, 3), dtype=np.uint8), columns=2).shape
    (10, 12, 3)
    """
    if len(images) == 0:
        raise ValueError("a mosaic of no pictures; expected one or more")
    if len(shapes := {image.shape for image in images}) > 1:
        raise ValueError(f"pictures of one size make a mosaic, got {sorted(shapes)}")
    height, width, channels = images[0].shape
    across = min(columns, len(images))
    down = -(-len(images) // across)
    shape = (down * (height + gap) - gap, across * (width + gap) - gap, channels)
    made = np.full(shape, WHITE, dtype=np.uint8)
    for i, image in enumerate(images):
        top, left = (i // across) * (height + gap), (i % across) * (width + gap)
        made[top : top + height, left : left + width] = image
    return made
