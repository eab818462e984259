"""Photos as one array: each file read once, turned upright, made RGB and brought to one size, in threads."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from holdfast import vision
from holdfast.data.cache import filled_array, new_map
from holdfast.data.columns import NAMED
from holdfast.data.photo_files import PhotoFiles
from holdfast.errors import BadInput
from holdfast.store.hashes import hash_value

VERSION = 1  # raise when the same file gives other pixels
# Pillow's further formats are left out: for some (EPS) it would start another program on a stranger's file.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF")
GREY = 128  # what stands for a photo that cannot be read
ORIENTATION, TURNED = (
    0x0112,
    5,
)  # the EXIF tag, and from which of its values on width and height change places
WITH_ALPHA = ("LA", "PA", "RGBA")
DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
GAP = 3.0  # from here on the quick first step of a resize does not show, says Pillow


@dataclass(frozen=True)
class Photos:
    """Pixels `(n, h, w, 3)` uint8 RGB, memory-mapped; why some photos (grey here) cannot be read; a hash of all files."""

    pixels: np.ndarray
    damaged: dict[int, str]
    hash: str


def read_photos(files: PhotoFiles, size: tuple[int, int] | None) -> Photos:
    """Decode all photos to `size` (h, w); null: to their own, where that is one. Raises BadInput where it is not.

    The pixels are written into a memory map in the cache and stay on disk: what fits into memory is kept there by
    the system's page cache, and serves every process; what does not fit is read again where it is needed.
    """
    # A cached array is found again by its files' sizes and times, which is quick: no photo is read. The time of
    # the last change of a file (ctime) cannot be set by who copies or unpacks it, so other content is seen; that
    # a mere copy is decoded again costs only time. `hash` is of the content, for the run to know its data by.
    key = ["photos", VERSION, _pillow_version(), size, files.names, [_stamp(path) for path in files.paths]]
    pixels, facts = filled_array(key, lambda draft: _decode_all(draft, files, size))
    return Photos(pixels, dict(facts["damaged"]), facts["hash"])


def decoded(files: PhotoFiles, size: tuple[int, int]) -> Photos:
    """The photos in memory, not kept in the cache; no hash is made of them."""
    Image = vision.pillow()
    Image.init()
    with warnings.catch_warnings(), ThreadPoolExecutor() as pool:
        _refuse_bombs(Image)
        read = [picture for _, picture in pool.map(lambda path: _read(path, size), files.paths)]
    pixels = np.full((len(files), *size, 3), GREY, dtype=np.uint8)
    for row, picture in enumerate(read):
        if not isinstance(picture, str):
            pixels[row] = picture
    return Photos(pixels, {row: why for row, why in enumerate(read) if isinstance(why, str)}, "")


def decode(raw: bytes, size: tuple[int, int]) -> np.ndarray:
    """The picture in a file's bytes, `(h, w, 3)` uint8 RGB; the first one where it holds several.

    Turned as EXIF says; alpha is laid on white; 16 bits become 8 by the upper byte; stretched to `size`. Raises what
    Pillow raises for what is no whole picture, ValueError for pixels without a fixed range.
    """
    Image = vision.pillow()
    image = _opened(Image, raw)
    turn = _orientation(image)
    height, width = size if turn < TURNED else (size[1], size[0])
    # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its sides, in a fraction of the time; never below `size`.
    image.draft("RGB", (width, height))
    image.load()
    if image.format == "PNG":
        _opened(Image, raw).verify()  # its checksums, which loading leaves out; a JPEG has none
    if _orientation(image) > 1:  # Pillow has turned a TIFF by now
        from PIL import ImageOps

        ImageOps.exif_transpose(image, in_place=True)
    rgb = _rgb(Image, image)
    if rgb.size != (size[1], size[0]):
        # Pillow's filters widen as they shrink, so bilinear is a mean over the area, without the overshoot at
        # edges of Lanczos, and at half its cost; torchvision's and timm's antialiased resize is the same.
        rgb = rgb.resize((size[1], size[0]), Image.Resampling.BILINEAR, reducing_gap=GAP)
    return np.asarray(rgb)


def named(files: PhotoFiles, damaged: dict[int, str]) -> str:
    """The first few damaged photos, each with its fault."""
    first = [f"{files.names[row]} ({why})" for row, why in sorted(damaged.items())[:NAMED]]
    more = f" … ({len(damaged)} in all)" if len(damaged) > NAMED else ""
    return ", ".join(first) + more


# All files.


def _decode_all(draft: Path, files: PhotoFiles, size: tuple[int, int] | None) -> dict[str, Any]:
    Image = vision.pillow()
    Image.init()
    with warnings.catch_warnings(), ThreadPoolExecutor() as pool:
        _refuse_bombs(Image)
        size = size or _one_size(files, pool.map(_size_of, files.paths))
        pixels = new_map(draft, (len(files), *size, 3), np.uint8)

        def put(row: int) -> tuple[str, str | None]:
            digest, picture = _read(files.root / files.names[row], size)
            pixels[row] = GREY if isinstance(picture, str) else picture
            return digest, picture if isinstance(picture, str) else None

        read = list(pool.map(put, range(len(files))))
    pixels.flush()
    damaged = [[row, why] for row, (_, why) in enumerate(read) if why is not None]
    return {"damaged": damaged, "hash": hash_value([[name, one[0]] for name, one in zip(files.names, read)])}


def _refuse_bombs(Image: Any) -> None:
    """Filters of warnings are set for all threads at once, so before they start.

    Pillow warns of a bomb of up to twice its limit; other warnings are of metadata, which do not matter here.
    """
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def _read(path: Path, size: tuple[int, int]) -> tuple[str, np.ndarray | str]:
    """A hash of the file's bytes, and its picture or why there is none."""
    digest = ""
    try:
        raw = path.read_bytes()
        digest = f"{len(raw)}-{hashlib.sha256(raw).hexdigest()[:16]}"
        return digest, decode(raw, size)
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises many kinds for a damaged file
        return digest, _why(error)


def _size_of(path: Path) -> tuple[int, int] | str:
    """(h, w) of an upright photo, from the head of its file, or why it has none."""
    try:
        with path.open("rb") as file:
            image = _opened(vision.pillow(), file)
            if image.format == "TIFF" and _orientation(image) >= TURNED:
                image.load()  # Pillow turns it then
            width, height = image.size
            return (height, width) if _orientation(image) < TURNED else (width, height)
    except Exception as error:  # as in _read, where it is found again
        return _why(error)


def _one_size(files: PhotoFiles, sizes: Iterable[tuple[int, int] | str]) -> tuple[int, int]:
    first: tuple[int, int] | None = None
    whys: dict[int, str] = {}
    for row, size in enumerate(sizes):
        if isinstance(size, str):
            whys[row] = size
        elif first is None:
            first, name = size, files.names[row]
        elif size != first:
            raise BadInput(
                f"data.size: the photos have different sizes: {name} is {list(first)} (h, w),"
                f" {files.names[row]} {list(size)}; say one for all, such as data.size: {list(first)}"
            )
    if first is None:
        raise BadInput(f"data.images: no photo in {files.root} can be read: {named(files, whys)}")
    return first


def _stamp(path: Path) -> tuple[str, int, int, int]:
    stat = path.stat()
    return str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _pillow_version() -> str:
    vision.pillow()
    import PIL

    return PIL.__version__


# One file.


def _opened(Image: Any, raw: bytes | io.BufferedReader) -> Any:
    """The picture, not yet decoded; raises for what is empty, no picture, or larger than Pillow's limit."""
    if raw == b"":
        raise ValueError("the file is empty")
    file = io.BytesIO(raw) if isinstance(raw, bytes) else raw
    Image.init()
    image = Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        raise Image.DecompressionBombError(f"{image.width} × {image.height} pixels, the limit is {limit}")
    return image


def _orientation(image: Any) -> int:
    """1 to 8 as EXIF has it; 1 where it has none, or none that can be read."""
    try:
        turn = int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged metadata do not make a picture unreadable
        return 1
    return turn if 1 <= turn <= 8 else 1


def _rgb(Image: Any, image: Any) -> Any:
    if image.mode in DEEP:
        deep = np.asarray(image)
        if deep.min() < 0 or deep.max() > np.iinfo(np.uint16).max:
            raise ValueError("pixels of 32 bits have no fixed range; save it with 8 or 16")
        image = Image.fromarray((deep >> 8).astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("pixels of floating point have no fixed range; save it with 8 or 16 bits")
    if image.mode in WITH_ALPHA or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        image = white
    return image.convert("RGB")


def _why(error: Exception) -> str:
    """One short line."""
    kind = type(error).__name__
    if kind == "UnidentifiedImageError":
        return "no picture, or its head is damaged"
    said = (str(error).splitlines() or [""])[0] or kind
    return f"a decompression bomb: {said}" if kind.startswith("DecompressionBomb") else said
