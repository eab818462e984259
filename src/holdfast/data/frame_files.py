"""Where frames lie: folders of `.npy`, one big `.npy`, zarr; brought into memory maps where they are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from holdfast import radar
from holdfast.data.cache import filled_array, new_map
from holdfast.data.columns import NAMED, some
from holdfast.data.frame_source import Layout, Stored, fault_of, in_order, shape_in_order, stamp_of, stored
from holdfast.errors import BadInput
from holdfast.recipe.strict import nearest

VERSION = 1  # raise when the same files are packed otherwise
ZARR = (".zarr", "zarr.json", ".zarray", ".zgroup")  # the ending of a folder, or what lies in it
SLAB = 1 << 26  # bytes of a zarr that are read at once, or one chunk where that is more


def is_zarr(path: Path) -> bool:
    return path.is_dir() and (path.suffix == ZARR[0] or any((path / name).is_file() for name in ZARR[1:]))


def is_array(path: Path) -> bool:
    """Whether one array of several sequences or frames lies there."""
    return is_zarr(path) or (path.is_file() and path.suffix == ".npy")


def found(root: Path, name: str, field: str) -> Path:
    """A folder, `.npy` or zarr that the recipe names. Raises BadInput where there is none."""
    path = root / name
    if is_array(path) or path.is_dir():
        return path
    if path.is_file():
        raise BadInput(f"data.{field}: {path}: expected a folder, an .npy file or a zarr array")
    there = sorted(one.name for one in root.iterdir()) if root.is_dir() else []
    raise BadInput(f"data.{field}: {path} does not exist; {nearest(name, there)}")


def array_at(path: Path, field: str, axes: tuple[int, ...], layout: Layout) -> Stored:
    """One array of frames; a zarr is copied into a memory map once, as random samples of it are slow to read."""
    return _of_zarr(path, field, axes, layout) if is_zarr(path) else stored(path, field, axes, layout)


def _of_zarr(path: Path, field: str, axes: tuple[int, ...], layout: Layout) -> Stored:
    array = _zarr_array(path, field)
    dtype = np.dtype(array.dtype)
    if (fault := fault_of(array.shape, dtype, axes, layout)) is not None:
        raise BadInput(f"data.{field}: {path}: {fault}")
    stamps = [stamp_of(one) for one in sorted(path.rglob("*")) if one.is_file()]
    key = ["frames of zarr", VERSION, str(array.name), stamps]

    def fill(draft: Path) -> dict[str, Any]:
        made = new_map(draft, array.shape, dtype.newbyteorder("=").type)
        row = max(int(np.prod(array.shape[1:])) * dtype.itemsize, 1)
        chunk = int(array.chunks[0])
        step = max(SLAB // row // chunk, 1) * chunk
        for start in range(0, array.shape[0], step):
            made[start : start + step] = array[start : start + step]
        made.flush()
        return {}

    try:
        mapped, _ = filled_array(key, fill)
    except (ValueError, OSError, RuntimeError) as error:  # a damaged chunk
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"data.{field}: {path} cannot be read: {error}") from None
    return stored(_file_of(mapped), field, axes, layout)


def _zarr_array(path: Path, field: str) -> Any:
    """The array at a path, or the only one of three axes or more in the group there."""
    try:
        there = radar.zarr().open(str(path), mode="r")
    except BadInput:
        raise
    except Exception as error:  # zarr raises many kinds for what is none
        raise BadInput(f"data.{field}: {path} cannot be read as zarr: {error}") from None
    if hasattr(there, "shape"):
        return there
    deep = {name: array for name, array in there.arrays() if len(array.shape) >= 3}
    if len(deep) != 1:
        raise BadInput(
            f"data.{field}: {path} is a group with {some(sorted(deep)) if deep else 'no array of frames'};"
            " name one array, as data.zarr/rain"
        )
    return next(iter(deep.values()))


def _file_of(mapped: np.ndarray) -> Path:
    assert isinstance(mapped, np.memmap)
    assert mapped.filename is not None
    return Path(mapped.filename)


# A folder of small files.


def names_of(folder: Path, ids: np.ndarray, table: Path | None, field: str, notes: list[str]) -> list[str]:
    """The file of each id, with or without its ending. Raises BadInput where some are missing."""
    names = [one if one.endswith(".npy") else f"{one}.npy" for one in map(str, ids)]
    inside = {(folder / name).parent for name in names}  # ids may hold folders
    there = {path.relative_to(folder).as_posix() for parent in inside for path in parent.glob("*.npy")}
    gone = [name for name in names if name not in there]
    if gone:
        what = f"{len(gone)} of the {len(names)} frames files that {table or folder} names"
        hint = "take their rows out, or name their folder" if len(gone) < len(names) else "name their folder"
        raise BadInput(f"data.{field}: {what} are not in {folder}: {some(gone)}; {hint} in data.{field}")
    if extra := sorted(there - set(names)):
        notes.append(
            f"{len(extra)} files in {folder.name} have no row in {getattr(table, 'name', None)}"
            f" and are left out: {some(extra)}"
        )
    return names


def packed(folder: Path, names: Sequence[str], field: str, layout: Layout) -> Stored:
    """Files of one shape as one memory map `(n, t, h, w)` in the cache, in their own dtype. Raises BadInput."""
    paths = [folder / name for name in names]
    key = ["frames", VERSION, layout, list(names), [stamp_of(path) for path in paths]]
    mapped, _ = filled_array(key, lambda draft: _pack(draft, folder, names, field, layout))
    return stored(_file_of(mapped), field, (4,), "thw")


def _pack(draft: Path, folder: Path, names: Sequence[str], field: str, layout: Layout) -> dict[str, Any]:
    with ThreadPoolExecutor() as pool:
        heads = list(pool.map(lambda name: _head(folder / name, layout), names))
        shape = _one_shape(folder, names, heads, field, layout)
        dtype = np.result_type(*{head[1] for head in heads if not isinstance(head, str)})
        if dtype == np.float64:
            dtype = np.dtype(np.float32)  # all that is ever read of it
        made = new_map(draft, (len(names), *shape), dtype.type)

        def put(row: int) -> None:
            held = in_order(np.load(folder / names[row], allow_pickle=False), layout)[0]
            made[row] = held

        list(pool.map(put, range(len(names))))
    made.flush()
    return {}


def _head(path: Path, layout: Layout) -> tuple[tuple[int, ...], np.dtype[Any]] | str:
    """The shape (t, h, w) and dtype of a file, or what is wrong with it; its content is not read."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        return "it is empty" if path.stat().st_size == 0 else f"cannot be read: {error}"
    if not isinstance(array, np.ndarray):
        return "it is no array"
    fault = fault_of(array.shape, array.dtype, (3,), layout)
    return fault or (shape_in_order(array.shape, layout)[1:], array.dtype)


def _one_shape(
    folder: Path, names: Sequence[str], heads: Sequence[Any], field: str, layout: Layout
) -> tuple[int, ...]:
    """The shape that most files have. Raises BadInput that names those that are otherwise."""
    shapes = Counter(head[0] for head in heads if not isinstance(head, str))
    usual = shapes.most_common(1)[0][0] if shapes else None
    if usual is None and len(set(heads)) == 1:
        raise BadInput(
            f"data.{field}: {names[0]} and all others of {len(names)} files in {folder}: {heads[0]}"
        )
    wrong = []
    for name, head in zip(names, heads):
        if isinstance(head, str):
            wrong.append(f"{name} ({head})")
        elif head[0] != usual:
            wrong.append(f"{name} ({said(head[0])})")
    if wrong:
        more = f" … ({len(wrong)} in all)" if len(wrong) > NAMED else ""
        usually = f", where the others hold {said(usual)}" if usual is not None else ""
        raise BadInput(
            f"data.{field}: {len(wrong)} of {len(names)} files in {folder} cannot be used{usually}:"
            f" {', '.join(wrong[:NAMED])}{more}; mend them, or take their rows out"
        )
    assert usual is not None
    return usual


def said(shape: tuple[int, ...]) -> str:
    """A shape (t, h, w) in words."""
    t, h, w = shape
    return f"{t} frame{'' if t == 1 else 's'} of {h} × {w}"
