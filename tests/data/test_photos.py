"""Decoding: every odd or broken file has one outcome, and what is decoded is found again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from PIL import Image

from holdfast.data import photos
from holdfast.data.cache import cache_folder, new_map
from holdfast.data.photo_files import PhotoFiles
from holdfast.data.photos import GREY, decode, read_photos
from holdfast.errors import BadInput

SIZE = (20, 16)


def a_picture(seed: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def smooth(size: tuple[int, int]) -> np.ndarray:
    """Red rises downwards, green rightwards: what a rescaled picture can be told by."""
    down, right = np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1])
    return np.stack(np.broadcast_arrays(down[:, None], right[None, :], 100.0), axis=2).astype(np.uint8)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def files_of(folder: Path, contents: dict[str, bytes]) -> PhotoFiles:
    folder.mkdir(exist_ok=True)
    for name, raw in contents.items():
        (folder / name).write_bytes(raw)
    return PhotoFiles(folder, tuple(contents), np.array(list(contents)), np.arange(len(contents)))


# one file


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_pixels_are_those_of_the_file(kind: str) -> None:
    X = a_picture()
    assert np.array_equal(decode(saved(Image.fromarray(X), kind), SIZE), X)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_exif_turns_upright(turn: int, kind: str) -> None:
    exif = Image.Exif()
    exif[photos.ORIENTATION] = turn
    X = smooth((32, 24))
    # what a camera stores, held so that `turn` makes it upright again (EXIF 2.3, tag 0x0112)
    stored = {
        1: X, 2: X[:, ::-1], 3: X[::-1, ::-1], 4: X[::-1], 5: X.swapaxes(0, 1),
        6: np.rot90(X), 7: X[::-1, ::-1].swapaxes(0, 1), 8: np.rot90(X, -1),
    }[turn]  # fmt: skip
    raw = saved(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif)
    made = decode(raw, (32, 24))
    assert np.abs(made.astype(int) - X).max() <= (20 if kind == "JPEG" else 0)


def test_upright_size_is_the_photos_own(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[photos.ORIENTATION] = 6
    lying = Image.fromarray(a_picture(size=(16, 20)))
    contents = {f"a.{kind}": saved(lying, kind, exif=exif) for kind in ("png", "tiff")}
    assert read_photos(files_of(tmp_path, contents), None).pixels.shape == (2, 20, 16, 3)


def test_damaged_exif_is_no_damage() -> None:
    X = a_picture()
    assert np.array_equal(decode(saved(Image.fromarray(X), exif=b"Exif\0\0nonsense"), SIZE), X)


def test_grey_and_palette() -> None:
    grey = a_picture()[:, :, 0]
    for image in (Image.fromarray(grey), Image.fromarray(grey).convert("P")):
        assert np.array_equal(decode(saved(image), SIZE), np.stack([grey] * 3, axis=2))
    bits = Image.fromarray(grey).convert("1")
    assert np.array_equal(decode(saved(bits), SIZE)[:, :, 0], np.where(np.asarray(bits), 255, 0))


def test_alpha_is_laid_on_white() -> None:
    X = np.zeros((*SIZE, 4), dtype=np.uint8)
    X[:10, :, 3] = 255  # black above, nothing below
    X[0, 0] = (200, 0, 0, 51)  # a fifth of red on white
    made = decode(saved(Image.fromarray(X)), SIZE)
    assert (made[1:10] == 0).all()
    assert (made[10:] == 255).all()
    assert np.abs(made[0, 0].astype(int) - [244, 204, 204]).max() <= 1


def test_transparent_palette_colour_is_white() -> None:
    image = Image.new("P", (16, 20), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((3, 2), 1)
    made = decode(saved(image, "GIF", transparency=0), SIZE)
    assert made[2, 3].tolist() == [40, 50, 60]
    assert (np.delete(made.reshape(-1, 3), 2 * 16 + 3, axis=0) == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bits_become_8(kind: str) -> None:
    deep = np.random.default_rng(1).integers(0, 1 << 16, SIZE).astype(np.uint16)
    made = decode(saved(Image.fromarray(deep), kind), SIZE)
    assert np.array_equal(made, np.stack([deep >> 8] * 3, axis=2))


def test_floating_point_has_no_range() -> None:
    with pytest.raises(ValueError, match="no fixed range"):
        decode(saved(Image.fromarray(np.ones(SIZE, np.float32)), "TIFF"), SIZE)


def test_first_frame_of_several() -> None:
    first, second = Image.new("RGB", (16, 20), "red"), Image.new("RGB", (16, 20), "blue")
    for kind in ("GIF", "TIFF"):
        made = decode(saved(first, kind, save_all=True, append_images=[second]), SIZE)
        assert (made == [255, 0, 0]).all()


@pytest.mark.parametrize(("kind", "near"), [("JPEG", 6), ("PNG", 3)])
def test_large_photo_is_shrunk(kind: str, near: int) -> None:
    raw = saved(Image.fromarray(smooth((200, 160))), kind)
    for size in ((20, 16), (33, 40), (150, 100)):
        inner = (slice(1, -1), slice(1, -1))  # at the edge a mean over the area is one-sided
        difference = np.abs(decode(raw, size).astype(int) - _area_mean(size))[inner]
        assert difference.max() <= near


def _area_mean(size: tuple[int, int]) -> np.ndarray:
    down = (np.arange(size[0]) + 0.5) / size[0] * 255
    right = (np.arange(size[1]) + 0.5) / size[1] * 255
    return np.stack(np.broadcast_arrays(down[:, None], right[None, :], 100.0), axis=2)


def test_jpeg_is_decoded_at_reduced_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    load = PIL.Image.Image.resize

    def seen(self: Any, *args: Any, **options: Any) -> Any:
        sizes.append(self.size)
        return load(self, *args, **options)

    monkeypatch.setattr(PIL.Image.Image, "resize", seen)
    for turn, size in ((1, (90, 70)), (6, (70, 90))):
        exif = Image.Exif()
        exif[photos.ORIENTATION] = turn
        decode(saved(Image.fromarray(smooth((400, 320))), "JPEG", exif=exif), size)
    assert sizes == [(80, 100), (100, 80)]


# all files


def broken() -> dict[str, tuple[bytes, str]]:
    """Damaged files by name, with what is said of each."""
    whole = saved(Image.fromarray(a_picture()), "JPEG")
    png = saved(Image.fromarray(a_picture()))
    flipped = bytearray(png)
    flipped[len(png) // 2] ^= 0xFF
    return {
        "empty.jpg": (b"", "the file is empty"),
        "cut.jpg": (whole[:-60], "truncated"),
        "cut.png": (png[: len(png) // 2], "truncated"),
        "head.png": (png[:20], "Truncated"),
        "flipped.png": (bytes(flipped), "broken PNG"),
        "page.jpg": (b"<html>not found</html>", "no picture"),
        "drawing.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
    }


@pytest.mark.parametrize("name", list(broken()))
def test_damage_is_named(tmp_path: Path, name: str) -> None:
    X = a_picture()
    raw, said = broken()[name]
    read = read_photos(files_of(tmp_path, {"a.png": saved(Image.fromarray(X)), name: raw}), None)
    assert list(read.damaged) == [1]
    assert said in read.damaged[1]
    assert "\n" not in read.damaged[1]
    assert np.array_equal(read.pixels[0], X)
    assert (read.pixels[1] == GREY).all()


@pytest.mark.parametrize("factor", [1.5, 3.0])  # Pillow warns of the first, and refuses the second
def test_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 400)
    bomb = Image.new("RGB", (20, int(20 * factor)))
    contents = {"a.png": saved(Image.fromarray(a_picture())), "bomb.png": saved(bomb)}
    read = read_photos(files_of(tmp_path, contents), SIZE)
    assert list(read.damaged) == [1]
    assert "decompression bomb" in read.damaged[1]


def test_different_sizes_ask_for_one(tmp_path: Path) -> None:
    shapes = {"a.png": (20, 16), "b.png": (20, 16), "c.png": (24, 16)}
    files = files_of(
        tmp_path, {name: saved(Image.fromarray(a_picture(size=size))) for name, size in shapes.items()}
    )
    with pytest.raises(BadInput, match=r"data.size: .* a.png is \[20, 16\] \(h, w\), c.png \[24, 16\]"):
        read_photos(files, None)
    assert read_photos(files, (10, 8)).pixels.shape == (3, 10, 8, 3)


def test_nothing_readable(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no photo in .* can be read: a.jpg \(no picture"):
        read_photos(files_of(tmp_path, {"a.jpg": b"text"}), None)


def test_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {f"{i}.png": saved(Image.fromarray(a_picture(i))) for i in range(20)}
    files = files_of(tmp_path, {**contents, "empty.png": b""})
    first = read_photos(files, SIZE)
    assert isinstance(first.pixels, np.memmap)
    for i in range(20):
        assert np.array_equal(first.pixels[i], a_picture(i))
    monkeypatch.setattr(photos, "_decode_all", lambda *_: pytest.fail("decoded again"))
    again = read_photos(files, SIZE)
    assert again.pixels.filename == first.pixels.filename  # type: ignore[attr-defined]
    assert (again.damaged, again.hash) == (first.damaged, first.hash)
    with pytest.raises(pytest.fail.Exception, match="decoded again"):
        read_photos(files, (10, 8))
    assert not list(cache_folder().glob("*.part"))


def test_changed_photo_is_seen(tmp_path: Path) -> None:
    raw = [saved(Image.fromarray(a_picture(i)), "BMP") for i in range(3)]  # files of one length
    before = read_photos(files_of(tmp_path, {"a.bmp": raw[0], "b.bmp": raw[1]}), SIZE)
    after = read_photos(files_of(tmp_path, {"a.bmp": raw[0], "b.bmp": raw[2]}), SIZE)
    assert after.hash != before.hash
    assert np.array_equal(after.pixels[1], a_picture(2))


def test_copy_has_the_same_hash(tmp_path: Path) -> None:
    contents = {"a.png": saved(Image.fromarray(a_picture())), "b.png": b""}
    hashes = {read_photos(files_of(tmp_path / name, contents), SIZE).hash for name in ("here", "there")}
    assert len(hashes) == 1
    other = {"b.png": contents["a.png"], "a.png": contents["b.png"]}
    assert read_photos(files_of(tmp_path / "other", other), SIZE).hash not in hashes


def test_no_room_on_the_disk(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no room for .* GB .*HOLDFAST_CACHE"):
        new_map(tmp_path / "map.npy", (1 << 52,), np.uint8)
