"""Which long sequences there are: arrays of three axes, and folders of radar files."""

from __future__ import annotations

from collections.abc import Iterator
from glob import escape
from pathlib import Path

import numpy as np

from holdfast.data.columns import some
from holdfast.data.frame_files import array_at, is_array, is_zarr
from holdfast.data.frame_samples import Sequences
from holdfast.data.frame_source import Layout, Stored
from holdfast.data.radar_files import is_radar, packed_sequence, steps_in
from holdfast.data.radar_spec import RadarFiles
from holdfast.errors import BadInput

Found = tuple[str, Stored, float]  # a sequence's name, its file, and the minutes at its first frame


def sequences_at(
    path: Path, field: str, layout: Layout, radar: RadarFiles, step: float, notes: list[str]
) -> Sequences:
    """All sequences of an array, or of a folder of arrays, of radar files, or of folders of those."""
    found: list[Found] = []
    if is_array(path):
        found.append((path.stem, array_at(path, field, (3, 4), layout), 0.0))
    else:
        found += _in_folder(path, field, layout, radar, step, notes)
    if not found:
        raise BadInput(
            f"data.{field}: {path} holds no sequence; expected .npy or zarr arrays ({', '.join(layout)}), radar files"
            " (.nc, .h5), or a folder of radar files for each event; others: say data.radar.format"
        )
    return gathered(path, found)


def named_sequences(
    path: Path, ids: np.ndarray, field: str, layout: Layout, radar: RadarFiles, step: float, notes: list[str]
) -> Sequences:
    """The sequences that a table names: files or folders with or without their endings, or rows of one array."""
    if is_array(path):
        file = array_at(path, field, (4,), layout)
        if file.shape[0] != len(ids):
            raise BadInput(
                f"data.{field}: {path} holds {file.shape[0]} sequences, and the table {len(ids)} rows"
            )
        held = tuple((name, 0, row) for row, name in enumerate(map(str, ids)))
        return Sequences(path, (file,), held, (0.0,) * len(held))
    found: list[Found] = []
    gone = []
    for name in map(str, ids):
        there = [path / name] if (path / name).exists() else sorted(path.glob(f"{escape(name)}.*"))
        if not there:
            gone.append(name)
            continue
        found.append((name, *_one(there[0], field, layout, radar, step, notes)))
    if gone:
        raise BadInput(
            f"data.{field}: {len(gone)} of {len(ids)} sequences are not in {path}: {some(gone)}; take their rows out,"
            f" or name their folder in data.{field}"
        )
    return gathered(path, found)


def gathered(path: Path, found: list[Found]) -> Sequences:
    held: list[tuple[str, int, int]] = []
    starts: list[float] = []
    for number, (name, file, start) in enumerate(found):
        rows = range(file.shape[0])
        held += [(name if len(rows) == 1 else f"{name}:{row}", number, row) for row in rows]
        starts += [start] * len(rows)
    names = [name for name, _, _ in held]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise BadInput(f"{path}: several sequences are named {some(twice)}; give them names of their own")
    return Sequences(path, tuple(file for _, file, _ in found), tuple(held), tuple(starts))


def _in_folder(
    folder: Path, field: str, layout: Layout, radar: RadarFiles, step: float, notes: list[str]
) -> Iterator[Found]:
    """Arrays, folders of radar files, files with several steps; those of one step are together one sequence."""
    single: list[Path] = []
    others: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if is_array(path) or path.is_dir() or (is_radar(path, radar) and steps_in(path, radar) > 1):
            yield (
                (path.stem if path.is_file() or is_zarr(path) else path.name),
                *_one(path, field, layout, radar, step, notes),
            )
        elif is_radar(path, radar):
            single.append(path)
        else:
            others.append(path.name)
    if single:
        yield folder.name, *packed_sequence(single, field, radar, step, notes)
    if others:
        notes.append(f"files that are no frames are left out of {folder.name}: {some(others)}")


def _one(
    path: Path, field: str, layout: Layout, radar: RadarFiles, step: float, notes: list[str]
) -> tuple[Stored, float]:
    """One sequence: an array, a radar file, or a folder of them."""
    if is_array(path):
        return array_at(path, field, (3, 4), layout), 0.0
    if path.is_file():
        return packed_sequence([path], field, radar, step, notes)
    inside = [one for one in sorted(path.rglob("*")) if one.is_file() and is_radar(one, radar)]
    if not inside:
        raise BadInput(
            f"data.{field}: the folder {path} holds no radar file (.nc, .h5); others: say data.radar.format"
        )
    return packed_sequence(inside, field, radar, step, notes)
