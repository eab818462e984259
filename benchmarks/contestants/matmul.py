"""The rate at which this machine multiplies matrices: what no network can pass."""

from __future__ import annotations

from turns import Clock, Turns, settings

said = settings()
turns = Turns()

import torch  # noqa: E402

SIDE = 2048  # the operands then lie beyond the caches, as a convolution's do
SECONDS = 1.0

torch.set_num_threads(said["threads"])
left, right = (torch.randn(SIDE, SIDE) for _ in range(2))
if said["precision"] == "bf16":
    left, right = left.bfloat16(), right.bfloat16()
product = left @ right
for _ in turns:
    times, seconds = 0, 0.0
    while seconds < SECONDS:
        with Clock() as clock:
            torch.mm(left, right, out=product)
        times, seconds = times + 1, seconds + clock.seconds
    turns.answer(times * 2 * SIDE**3 / seconds)
