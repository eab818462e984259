"""The plain loop that a person would write: a Dataset, torchvision's v2 transforms for each photo, a DataLoader.

Each epoch opens and decodes every photo again. The worker processes live on between epochs.
"""

from __future__ import annotations

from photos import DEVIATION, FLIP, JITTER, MEAN, RATIO, SCALE, epoch, listed, network, rate
from turns import Turns, settings

said = settings()
turns = Turns()

import torch  # noqa: E402
from PIL import Image  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402

from holdfast.vision import torchvision  # noqa: E402

torchvision()  # makes it load beside a torch that is built for the processor alone
from torchvision.transforms import v2  # noqa: E402


class Photos(Dataset):
    def __init__(self, paths, codes, transform):
        self.paths, self.codes, self.transform = paths, codes, transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        image = Image.open(self.paths[index]).convert("RGB")
        return self.transform(image), self.codes[index]


def loader(transform, shuffle):
    return DataLoader(
        Photos(paths, codes, transform), batch_size=said["batch"], shuffle=shuffle,
        num_workers=said["workers"], persistent_workers=said["workers"] > 0,
    )  # fmt: skip


torch.set_num_threads(said["threads"])
paths, codes, classes = listed(said["folder"])
decoding = loader(v2.Compose([v2.Resize(said["size"]), v2.PILToTensor()]), shuffle=False)
training = loader(
    v2.Compose([
        v2.RandomResizedCrop(said["size"], scale=SCALE, ratio=RATIO),
        v2.RandomHorizontalFlip(FLIP),
        v2.ColorJitter(JITTER, JITTER, JITTER),
        v2.PILToTensor(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(MEAN, DEVIATION),
    ]),
    shuffle=True,
)  # fmt: skip
net, optimizer = network(said, classes)
tasks = {
    "decode": lambda: torch.cat([inputs for inputs, _ in decoding]),
    "load": lambda: [None for _ in training],
    "epoch": lambda: epoch(net, optimizer, training, said),
}
for command in turns:
    turns.answer(rate(len(paths), tasks[command]))
