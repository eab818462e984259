"""A face detector file for tests: an ONNX network, written byte by byte, that takes bright squares for faces.

Its outputs are those of YuNet at strides 8, 16 and 32. A cell of 8 pixels is a face as certain as it is bright, 8
pixels wide and high around the cell's upper left corner; larger strides find nothing. Only blue is looked at, OpenCV's
first channel, so that a wrong order of the channels is seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

FLOAT, INTS, INT = 1, 7, 2  # ONNX's numbers of types


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def _node(kind: str, inputs: Iterable[str], output: str, **ints: list[int] | int) -> bytes:
    """A NodeProto with whole numbers as attributes."""
    made = (
        b"".join(_bytes(1, name) for name in inputs) + _bytes(2, output) + _bytes(3, output) + _bytes(4, kind)
    )
    for name, value in ints.items():
        if isinstance(value, list):
            held = b"".join(_number(8, one) for one in value) + _number(20, INTS)
        else:
            held = _number(3, value) + _number(20, INT)
        made += _bytes(5, _bytes(1, name) + held)
    return _bytes(1, made)


def _tensor(name: str, shape: list[int], values: list[float]) -> bytes:
    raw = np.array(values, dtype="<f4").tobytes()
    return _bytes(
        5, b"".join(_number(1, n) for n in shape) + _number(2, FLOAT) + _bytes(8, name) + _bytes(9, raw)
    )


def _value(field: int, name: str, shape: list[int]) -> bytes:
    sides = b"".join(_bytes(1, _number(1, n)) for n in shape)
    return _bytes(field, _bytes(1, name) + _bytes(2, _bytes(1, _number(1, FLOAT) + _bytes(2, sides))))


def write_detector(path: Path, side: int = 64) -> Path:
    """An ONNX file for cv2.FaceDetectorYN, for pictures of up to `side` pixels."""
    nodes, tensors, outputs = b"", b"", b""
    channels = {"cls": [1 / 255], "obj": [1 / 255], "bbox": [0, 0, 0, 0], "kps": [0] * 10}
    for stride in (8, 16, 32):
        nodes += _node(
            "AveragePool", ["input"], f"mean{stride}", kernel_shape=[stride] * 2, strides=[stride] * 2
        )
        for name, factors in channels.items():
            on = [factor if stride == 8 else 0 for factor in factors]
            weights = [value for factor in on for value in (factor, 0, 0)]
            out = f"{name}_{stride}"
            tensors += _tensor(f"w_{out}", [len(factors), 3, 1, 1], weights)
            nodes += _node("Conv", [f"mean{stride}", f"w_{out}"], f"c_{out}", kernel_shape=[1, 1])
            nodes += _node("Transpose", [f"c_{out}"], f"t_{out}", perm=[0, 2, 3, 1])
            cells = (side // stride) ** 2
            nodes += _node("Flatten", [f"t_{out}"], f"f_{out}", axis=3)
            outputs += _value(12, out, [1, cells, len(factors)])
            nodes += _node("Identity", [f"f_{out}"], out)
    graph = nodes + _bytes(2, "tiny") + tensors + _value(11, "input", [1, 3, side, side]) + outputs
    model = _number(1, 6) + _bytes(7, graph) + _bytes(8, _number(2, 11))
    path.write_bytes(model)
    return path
