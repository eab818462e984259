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


torch.set_num_threads(said["threads"])
left, right = (torch.randn(SIDE, SIDE, device=device) for _ in range(2))
if said["precision"] == "bf16":
    left, right = left.bfloat16(), right.bfloat16()
product = left @ right
for command in turns:
    if command == "copy":
        here, there = (torch.zeros(COPIED // 4, device=device) for _ in range(2))
        turns.answer(rate(lambda here=here, there=there: there.copy_(here), 2 * COPIED))  # read and written
    else:
        turns.answer(rate(lambda: torch.mm(left, right, out=product), 2 * SIDE**3))
