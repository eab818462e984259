"""timm's own loader (`create_dataset`, `create_loader`) as its scripts use it, in its plain form for a processor."""

from __future__ import annotations

from photos import DEVIATION, FLIP, JITTER, MEAN, RATIO, SCALE, epoch, listed, network, rate
from turns import Turns, settings

said = settings()
turns = Turns()

import torch  # noqa: E402

from holdfast.vision import timm  # noqa: E402

timm()  # through Holdfast: torchvision, which timm needs, then loads beside a torch built for the processor alone
from timm.data import create_dataset, create_loader, create_transform  # noqa: E402
from timm.data.loader import fast_collate  # noqa: E402

torch.set_num_threads(said["threads"])
size = (3, *said["size"])
_, _, classes = listed(said["folder"])
whole = create_dataset("", root=said["folder"])
# the loader's transform gives floats; to decode alone, timm's own transform and collation of bytes
whole.transform = create_transform(
    size, is_training=False, crop_pct=1.0, crop_mode="squash", use_prefetcher=True
)
decoding = torch.utils.data.DataLoader(
    whole, batch_size=said["batch"], num_workers=said["workers"], collate_fn=fast_collate,
    persistent_workers=said["workers"] > 0,
)  # fmt: skip
training = create_loader(
    create_dataset("", root=said["folder"]), size, said["batch"], is_training=True, scale=SCALE, ratio=RATIO,
    hflip=FLIP, color_jitter=JITTER, interpolation="bilinear", mean=MEAN, std=DEVIATION,
    num_workers=said["workers"], use_prefetcher=False, device=torch.device("cpu"),
)  # fmt: skip
net, optimizer = network(said, classes)
# in training timm's loader leaves out a last batch that is not full
seen = {"decode": len(whole), "load": len(training) * said["batch"], "epoch": len(training) * said["batch"]}
tasks = {
    "decode": lambda: torch.cat([inputs for inputs, _ in decoding]),
    "load": lambda: [None for _ in training],
    "epoch": lambda: epoch(net, optimizer, training, said),
}
for command in turns:
    turns.answer(rate(seen[command], tasks[command]))
