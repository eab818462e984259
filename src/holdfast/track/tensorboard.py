"""TensorBoard's event files, in the run folder: `tensorboard --logdir RUN/tensorboard`."""

from __future__ import annotations

import struct
import time
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from holdfast.recipe.registry import component
from holdfast.store.run import Run, as_yaml
from holdfast.track.base import Fold, Tracker, Writer, member_entry

FOLDER = "tensorboard"
CASTAGNOLI = 0x82F63B78  # the polynomial of CRC-32C, reversed
MASK = 0xA282EAD8  # of TensorFlow's records


@component("tensorboard")
class TensorBoard(Tracker):
    """Event files in the run folder, in `tensorboard/`, a subfolder for each fold; nothing leaves the machine."""

    package: ClassVar[str] = "tensorboard"

    def open(self, run: Run, kept: dict[str, Any]) -> Writer:
        return EventFiles(run)


class EventFiles(Writer):
    """A file for the run and one for each fold, or fit of a fold; each process appends files of its own.

    Written by the messages of the `tensorboard` package alone: its own writers take ten times as long to import.
    """

    def __init__(self, run: Run):
        self.run, self.folder = run, run.path / FOLDER
        self.files: dict[str, Path] = {}

    def curve(self, fold: Fold, part: str, epoch: int, values: dict[str, float]) -> None:
        place = f"{fold.place}/{part}" if part else fold.place
        text = as_yaml(member_entry(self.run, fold))
        self._write(place, text, [_scalar(name, value) for name, value in values.items()], epoch)

    def fold_scores(self, fold: Fold, values: dict[str, float]) -> None:
        text = as_yaml(member_entry(self.run, fold))
        self._write(fold.place, text, [_scalar(f"score/{name}", one) for name, one in values.items()], 0)

    def scores(self, values: dict[str, float]) -> None:
        found = [_scalar(f"score/{name}", value) for name, value in values.items()]
        self._write(".", as_yaml(self.run.recipe), found, 0)

    def _write(self, place: str, recipe: str, values: list[Any], step: int) -> None:
        """Values into the file of a place; a new one begins with the recipe, where no other process has said it."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        said = []
        if place not in self.files:
            folder = self.folder / place
            folder.mkdir(parents=True, exist_ok=True)
            begun = any(folder.glob("events.out.tfevents.*"))
            self.files[place] = folder / f"events.out.tfevents.{time.time_ns():020}.holdfast"
            said.append(Event(wall_time=time.time(), file_version="brain.Event:2"))
            if not begun:
                shown = Summary(value=[_text("recipe", f"```yaml\n{recipe}```")])
                said.append(Event(wall_time=time.time(), step=0, summary=shown))
        said.append(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))
        with self.files[place].open("ab") as file:
            file.write(b"".join(record(event.SerializeToString()) for event in said))


def _scalar(tag: str, value: float) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary

    return Summary.Value(tag=tag, simple_value=value)


def _text(tag: str, text: str) -> Any:
    """Markdown, as the plugin for texts reads it."""
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING

    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype=DT_STRING, string_val=[text.encode()], tensor_shape=shape)
    plugin = SummaryMetadata.PluginData(plugin_name="text")
    return Summary.Value(
        tag=f"{tag}/text_summary", metadata=SummaryMetadata(plugin_data=plugin), tensor=tensor
    )


def record(data: bytes) -> bytes:
    """A record of TensorFlow's files: its length and itself, each with a checksum."""
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _checksum(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + MASK) & 0xFFFFFFFF)


def crc32c(data: bytes) -> int:
    """The Castagnoli checksum.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@cache
def _table() -> list[int]:
    made = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (CASTAGNOLI if value & 1 else 0)
        made.append(value)
    return made
