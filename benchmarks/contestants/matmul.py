"""The rates at which this machine multiplies matrices, and copies memory (`copy`): what no network can pass."""

from __future__ import annotations

from turns import Clock, Turns, settings

said = settings()
turns = Turns()

import torch  # noqa: E402

SECONDS = 1.0
device = torch.device(said.get("device", "cpu"))
SIDE = (
    2048 if device.type == "cpu" else 8192
)  # the operands then lie beyond the caches, as a convolution's do
COPIED = 1 << (28 if device.type == "cpu" else 32)  # bytes


def finished():
    if device.type == "cuda":
        torch.cuda.synchronize()


def rate(act, work):
    """Of `act`, which does so much `work`, called again and again for a second."""
    act()
    finished()
    times, seconds = 0, 0.0
    while seconds < SECONDS:
        with Clock() as clock:
            act()
            finished()
        times, seconds = times + 1, seconds + clock.seconds
    return times * work / seconds


def multiplied():
    return rate(lambda: torch.mm(left, right, out=product), 2 * SIDE**3)


def copied():
    """Bytes read and written; the memory is given back, since others are measured while this one waits."""
    here, there = (torch.zeros(COPIED // 4, device=device) for _ in range(2))
    return rate(lambda: there.copy_(here), 2 * COPIED)


torch.set_num_threads(said["threads"])
left, right = (torch.randn(SIDE, SIDE, device=device) for _ in range(2))
if said["precision"] == "bf16":
    left, right = left.bfloat16(), right.bfloat16()
product = left @ right
for command in turns:
    turns.answer(copied() if command == "copy" else multiplied())
