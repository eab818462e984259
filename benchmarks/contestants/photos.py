"""What all contestants of `images.py` share: the photos, the strength of augmentation, the network, an epoch."""

from __future__ import annotations

import time
from pathlib import Path

FLIP, SCALE, RATIO, JITTER = 0.5, (0.8, 1.0), (3 / 4, 4 / 3), 0.2  # flip, random resized crop, colour jitter
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's
RATE = 1e-3


def listed(root):
    """Paths of the photos and their codes: the sub-folders of `root` are the classes, in order."""
    classes = sorted(path for path in Path(root).iterdir() if path.is_dir())
    pairs = [(photo, code) for code, each in enumerate(classes) for photo in sorted(each.iterdir())]
    return [photo for photo, _ in pairs], [code for _, code in pairs], len(classes)


def network(said, classes):
    """timm's network from random weights, and the optimizer that Holdfast's recipe names.

    `holdfast.vision` imports timm and torchvision: where torch is built for the processor alone, torchvision as
    pip brings it does not load by itself. Nothing else of Holdfast is used in the plain contestants.
    """
    import torch

    from holdfast.vision import timm

    torch.manual_seed(0)
    net = timm().create_model(said["model"], num_classes=classes)
    if said["channels_last"]:
        net = net.to(memory_format=torch.channels_last)
    return net, torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.0, fused=True)


def epoch(net, optimizer, batches, said):
    """Train on batches of `(b, 3, h, w)` float32 and codes, in float32 or under bf16's autocast."""
    import torch

    net.train()
    for inputs, codes in batches:
        if said["channels_last"]:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=said["precision"] == "bf16"):
            loss = torch.nn.functional.cross_entropy(net(inputs), codes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def rate(count, act):
    """Images a second of `act()`."""
    started = time.perf_counter()
    act()
    return count / (time.perf_counter() - started)
