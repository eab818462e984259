"""The bare network, fed with float tensors that are ready in memory: nothing is decoded, augmented or scaled."""

from __future__ import annotations

from photos import epoch, listed, network, rate
from turns import Turns, settings

said = {**settings(), "channels_last": True}
turns = Turns()

import torch  # noqa: E402

torch.set_num_threads(said["threads"])
_, codes, classes = listed(said["folder"])
net, optimizer = network(said, classes)
inputs, targets = torch.randn(len(codes), *said["size"], 3), torch.tensor(codes)


def batches():
    for rows in torch.randperm(len(targets)).split(said["batch"]):
        yield inputs[rows].permute(0, 3, 1, 2), targets[rows]  # channels_last as it lies in memory


for _ in turns:
    turns.answer(rate(len(targets), lambda: epoch(net, optimizer, batches(), said)))
