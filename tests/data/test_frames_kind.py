"""The data kind `frames`: folders of files and big arrays; what is broken is named."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
import zarr

from holdfast.data import frame_source
from holdfast.data.dataset import Loaded
from holdfast.data.frame_source import FrameSource
from holdfast.data.units import Unit
from holdfast.errors import BadInput
from holdfast.recipe.registry import parse
from holdfast.testing.samples import tiny_data


def load(folder: Path, data: dict[str, Any] = tiny.FRAMES, **over: Any) -> Loaded:
    return parse("data", {**data, **over}).load(folder)  # type: ignore[attr-defined]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.frames_folder(tmp_path / "data")


def change(folder: Path, name: str, made: Any) -> None:
    """Replace the codes `(h, w, frames)` of a file by what `made` gives of them."""
    np.save(folder / name, made(np.load(folder / name)))


def both(loaded: Loaded) -> np.ndarray:
    return np.concatenate([loaded.train.read(), loaded.train.read_grids()], axis=1)


ARRAYS = {**tiny.FRAMES, "frames": "train.npy", "test_frames": "test.npy", "layout": "thw"}


def as_arrays(folder: Path, layout: str = "thw") -> tuple[np.ndarray, np.ndarray]:
    """The folder's files as train.npy and test.npy `(n, frames, h, w)`."""
    made = []
    for name in ("train", "test"):
        ids = pd.read_csv(folder / f"{name}.csv")["id"]
        array = np.stack([np.load(folder / name / f"{one}.npy") for one in ids])
        made.append(np.moveaxis(array, -1, 1) if layout == "thw" else array)
        np.save(folder / f"{name}.npy", made[-1])
    return made[0], made[1]


# a folder of files


def test_reads_a_folder_of_files(folder: Path) -> None:
    loaded, truth = load(folder), tiny_data("frames")
    train = loaded.train
    assert np.abs(train.read() - truth.read()).max() <= 0.0051
    assert np.abs(train.read_grids() - truth.read_grids()).max() <= 0.0051
    assert train.read().dtype == train.read_grids().dtype == np.float32
    assert train.names == ("t-3", "t-2", "t-1", "t-0")
    assert np.array_equal(train.groups, truth.groups)  # type: ignore[arg-type]
    assert np.diff(train.order).tolist() == [5] * 35  # type: ignore[arg-type]
    assert np.abs(train.target - truth.target).max() <= 0.0051  # type: ignore[operator]
    assert train.place is None
    assert train.span == 50
    target = loaded.target
    assert (target.kind, target.shape, target.leads) == ("grid", (1, 20, 20), (10.0,))
    assert Unit.of_text(target.unit) == Unit.of_text("0.01 mm/h")
    assert loaded.test is not None
    assert loaded.test.grids is None
    assert np.abs(loaded.test.read() - truth.read()[:8]).max() <= 0.0051
    assert loaded.notes == []


def test_several_leads_and_steps(folder: Path) -> None:
    loaded = load(folder, leads=2, step=5, test=None)
    assert loaded.train.shape == (3, 20, 20)
    assert (loaded.target.shape, loaded.target.leads) == ((2, 20, 20), (5.0, 10.0))
    assert np.array_equal(both(loaded), both(load(folder)))
    two = load(folder, leads=2, inputs=3, test=None)
    assert np.array_equal(two.train.read(), loaded.train.read())


def test_numbers_are_minutes_and_names_may_have_endings(folder: Path) -> None:
    frame = pd.read_csv(folder / "train.csv")
    frame.assign(time=np.arange(36) * 7.5, id=frame["id"] + ".npy").to_csv(folder / "train.csv", index=False)
    train = load(folder).train
    assert train.order[:3].tolist() == [0, 7.5, 15]  # type: ignore[index]
    assert train.ids[0] == "s000.npy"


def test_a_folder_without_a_table(folder: Path) -> None:
    loaded = load(folder, train="train", frames=None, group=None, order=None, test="test", test_frames=None)
    assert np.array_equal(both(loaded), both(load(folder)))
    assert loaded.train.ids[:2].tolist() == ["s000", "s001"]
    assert loaded.train.groups is None
    beside = load(folder, train="train", frames=None, labels="train.csv", test="test", test_frames=None)
    assert np.array_equal(beside.train.groups, load(folder).train.groups)  # type: ignore[arg-type]


def test_files_beside_their_table(folder: Path) -> None:
    pd.read_csv(folder / "train.csv").to_csv(folder / "train" / "rows.csv", index=False)
    beside = load(folder / "train", train="rows.csv", frames=None, test=None, sample=None)
    assert np.array_equal(both(beside), both(load(folder)))
    frame = pd.read_csv(folder / "train.csv")
    frame.assign(id="train/" + frame["id"]).to_csv(folder / "train.csv", index=False)
    below = load(folder, frames=None)
    assert np.array_equal(both(below), both(beside))
    assert below.train.ids[0] == "train/s000"
    assert below.notes == []


def test_long_sequences_taken_whole_are_noted(folder: Path) -> None:
    np.save(folder / "long.npy", np.ones((3, 30, 20, 20)))
    loaded = load(folder, train="long.npy", frames=None, group=None, order=None, layout="thw", test=None)
    assert loaded.train.shape == (29, 20, 20)
    assert any(
        "29 are inputs; to cut long sequences into windows, say data.cut" in one for one in loaded.notes
    )


def test_packed_once_and_again_when_a_file_changes(folder: Path) -> None:
    first = load(folder)
    assert load(folder).hashes == first.hashes
    path = first.train.source.files[0].path  # type: ignore[attr-defined]
    assert load(folder).train.source.files[0].path == path  # type: ignore[attr-defined]
    assert np.load(path, mmap_mode="r").dtype == np.uint16
    before = both(first)
    change(folder, "train/s005.npy", lambda codes: codes + 3)
    after = load(folder)
    assert after.hashes != first.hashes
    assert np.allclose(both(after)[5], before[5] + 0.03, atol=1e-5)
    assert np.array_equal(np.delete(both(after), 5, axis=0), np.delete(before, 5, axis=0))


def test_extra_files_are_left_out_with_a_note(folder: Path) -> None:
    np.save(folder / "train" / "stray.npy", np.zeros(3))
    assert load(folder).notes == ["1 files in train have no row in train.csv and are left out: stray.npy"]


# one array


@pytest.mark.parametrize("layout", ["thw", "hwt"])
def test_reads_one_array(folder: Path, layout: str) -> None:
    as_arrays(folder, layout)
    loaded, whole = load(folder, ARRAYS, layout=layout), load(folder)
    assert np.array_equal(both(loaded), both(whole))
    assert loaded.test is not None
    assert whole.test is not None
    assert np.array_equal(loaded.test.read(), whole.test.read())
    assert np.array_equal(loaded.train.target, whole.train.target)  # type: ignore[arg-type]


def test_reads_zarr(folder: Path) -> None:
    train, test = as_arrays(folder)
    zarr.save_array(str(folder / "train.zarr"), train)
    group = zarr.open_group(str(folder / "test.zarr"), mode="w")
    group.create_array("rain", data=test, chunks=(3, 2, 20, 20))
    group.create_array("y", data=np.arange(20))
    loaded = load(folder, ARRAYS, frames="train.zarr", test_frames="test.zarr")
    whole = load(folder)
    assert np.array_equal(both(loaded), both(whole))
    assert loaded.test is not None
    assert whole.test is not None
    assert np.array_equal(loaded.test.read(), whole.test.read())


def test_arrays_take_test_ids_from_the_sample(folder: Path) -> None:
    as_arrays(folder)
    over = {
        "train": "train.npy",
        "frames": None,
        "labels": "train.csv",
        "test": "test.npy",
        "test_frames": None,
    }
    loaded = load(folder, ARRAYS, **over)
    assert loaded.test is not None
    assert loaded.test.ids.tolist() == [f"t{i:03}" for i in range(8)]
    assert np.array_equal(both(loaded), both(load(folder)))


def test_rows_are_read_as_numpy_would(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = load(folder).train.source
    assert isinstance(source, FrameSource)
    monkeypatch.setattr(frame_source, "BLOCK", 7 * 4 * 20 * 20 * 2)  # seven samples at a time
    whole = source[:]
    assert source.shape == whole.shape
    assert source.nbytes == whole.nbytes
    mask = np.arange(36) % 3 == 1
    for rows in (slice(3, 30, 4), np.array([5, 1, 1, -1]), mask, [2, 0], 7, np.array([], dtype=int)):
        assert np.array_equal(source[rows], whole[rows])
    assert np.array_equal(pickle.loads(pickle.dumps(source))[4:9], whole[4:9])
    assert len(pickle.dumps(source)) < 10_000
    with pytest.raises(IndexError, match="by sample"):
        source[0, 1]


def test_units_are_applied(folder: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (20, 20, 5)).astype(np.uint8)
    for name in pd.read_csv(folder / "train.csv")["id"]:
        np.save(folder / "train" / f"{name}.npy", codes)
    unit = {"of": "dBZ", "scale": 70 / 255, "offset": -10 - 35 / 255, "missing": 255}
    loaded = load(folder, unit=unit, test=None)
    expected = (10 ** (((codes - 0.5) / 255 * 70 - 10) / 10) / 200) ** (1 / 1.6)
    expected[codes == 0] = 0
    expected[codes == 255] = np.nan
    assert np.allclose(both(loaded)[3], np.moveaxis(expected, -1, 0), rtol=1e-4, equal_nan=True)
    amount = np.nan_to_num(np.moveaxis(expected, -1, 0)[3:]).mean()
    assert np.allclose(loaded.train.target, amount, rtol=1e-4)  # type: ignore[arg-type]
    assert "of the input pixels of training samples are missing" in loaded.notes[0]


# bad input


def test_a_frame_of_another_shape(folder: Path) -> None:
    change(folder, "train/s004.npy", lambda codes: codes[:-1])
    with pytest.raises(
        BadInput, match=r"1 of 36 files .*5 frames of 20 × 20.* s004.npy \(5 frames of 19 × 20\)"
    ):
        load(folder)


def test_missing_frames(folder: Path) -> None:
    change(folder, "train/s004.npy", lambda codes: codes[..., :4])
    with pytest.raises(BadInput, match=r"s004.npy \(4 frames of 20 × 20\)"):
        load(folder)


def test_missing_files(folder: Path) -> None:
    (folder / "train" / "s004.npy").unlink()
    (folder / "train" / "s009.npy").unlink()
    with pytest.raises(BadInput, match=r"data.frames: 2 of the 36 .* s004.npy, s009.npy"):
        load(folder)
    with pytest.raises(BadInput, match=r"data.frames: .* does not exist; .*train"):
        load(folder, frames="trian")


@pytest.mark.parametrize(
    ("planted", "match"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "cannot be read"),
        (lambda path: path.write_bytes(b""), "it is empty"),
        (lambda path: path.write_bytes(b"rain"), "cannot be read"),
        (lambda path: np.save(path, np.full((20, 20, 5), "a")), "expected numbers"),
        (lambda path: np.save(path, np.full((20, 20, 5), None), allow_pickle=True), "cannot be read"),
        (lambda path: np.save(path, np.zeros((20, 20))), r"expected \(h, w, t\), found the shape \(20, 20\)"),
    ],
)
def test_damaged_files(folder: Path, planted: Any, match: str) -> None:
    planted(folder / "test" / "t002.npy")
    with pytest.raises(BadInput, match=f"data.test_frames: 1 of 8 files .*t002.npy .*{match}"):
        load(folder)


def test_axes_in_another_order(folder: Path) -> None:
    with pytest.raises(
        BadInput,
        match=r"data.frames: s000.npy and all others .* 20 frames of 20 × 5 pixels by layout thw; is it layout: hwt\?",
    ):
        load(folder, layout="thw")
    as_arrays(folder)
    with pytest.raises(BadInput, match=r"is it layout: thw\?"):
        load(folder, ARRAYS, layout="hwt")


def test_wrong_number_of_frames(folder: Path) -> None:
    with pytest.raises(BadInput, match=r"hold 5 frames; expected 3 inputs and 1 to predict"):
        load(folder, inputs=3)
    with pytest.raises(BadInput, match=r"expected inputs and 5 to predict"):
        load(folder, leads=5)
    with pytest.raises(
        BadInput, match=r"hold 4 frames, training samples 3 before the 2 to predict; .*leads: 1"
    ):
        load(folder, leads=2)
    with pytest.raises(BadInput, match=r"hold 5 frames, .*inputs only"):
        load(folder, test="train.csv", test_frames="train")


def test_dry_windows_are_noted(folder: Path) -> None:
    for name in ("train/s004.npy", "train/s005.npy"):
        change(folder, name, np.zeros_like)
    loaded = load(folder)
    assert loaded.notes == ["2 of 36 training samples hold no rain at all"]
    assert loaded.train.target[4] == 0  # type: ignore[index]
    assert len(loaded.train) == 36


def test_missing_pixels_are_nan_and_noted(folder: Path) -> None:
    train, _ = as_arrays(folder)
    rain = train.astype(np.float64) / 100
    rain[3, 1, :2] = np.nan
    np.save(folder / "train.npy", rain)
    np.save(folder / "test.npy", rain[:8, :4])
    loaded = load(folder, ARRAYS, unit="mm/h")
    assert np.array_equal(np.isnan(both(loaded)), np.isnan(rain))
    assert any("of the input pixels of training samples are missing" in note for note in loaded.notes)


def test_samples_without_any_measured_pixel_are_left_out(folder: Path) -> None:
    change(
        folder, "train/s004.npy", lambda codes: np.where(np.arange(5) == 4, 65535, codes).astype(np.uint16)
    )
    loaded = load(folder, unit="0.01 mm/h (missing=65535)")
    assert len(loaded.train) == len(loaded.train.source) == 35
    assert "s004" not in loaded.train.ids
    assert loaded.notes == [
        "training samples without a measured pixel in inputs or target are left out: s004.npy"
    ]
    for name in pd.read_csv(folder / "train.csv")["id"]:
        change(folder, f"train/{name}.npy", lambda codes: np.full_like(codes, 65535))
    with pytest.raises(BadInput, match=r"36 of 36 training samples have no measured pixel"):
        load(folder, unit="0.01 mm/h (missing=65535)")


def test_a_test_sample_without_any_measured_pixel_stays(folder: Path) -> None:
    change(folder, "test/t004.npy", lambda codes: np.full_like(codes, 65535))
    test = load(folder, unit="0.01 mm/h (missing=65535)").test
    assert test is not None
    assert len(test) == 8
    assert np.isnan(test.read()[4]).all()


def test_negative_rain(folder: Path) -> None:
    change(
        folder, "train/s004.npy", lambda codes: np.where(codes == codes.max(), -999, codes.astype(np.int32))
    )
    with pytest.raises(
        BadInput, match=r"data.frames: s004.npy: negative rain, down to -9.99 mm/h .*missing="
    ):
        load(folder)
    assert np.nanmin(load(folder, unit="0.01 mm/h (missing=-999)").train.read()) == 0


def test_a_unit_that_cannot_be(folder: Path) -> None:
    with pytest.raises(BadInput, match=r"'10 mm/h' makes [\d,]+ mm/h of the largest value .*over 1,000 mm/h"):
        load(folder, unit="10 mm/h")
    change(folder, "test/t004.npy", lambda codes: np.full_like(codes, 60000))
    with pytest.raises(
        BadInput, match=r"'1 mm/h'|'mm/h' makes 60,000 mm/h of the largest value \(t004.npy\)"
    ):
        load(folder, unit="mm/h", train="test.csv", frames="test", group=None, order=None, test=None)
    with pytest.raises(BadInput, match=r"data.test_frames"):
        load(folder, unit="0.02 mm/h")


def test_a_stray_pixel_is_noted(folder: Path) -> None:
    def stray(codes: np.ndarray) -> np.ndarray:
        codes = codes.astype(np.float32)
        codes[0, 0, 2] = 1e6
        return codes

    change(folder, "train/s004.npy", stray)
    assert load(folder).notes == ["1 stray pixels of training samples are over 1,000 mm/h, up to 10,000"]


def test_infinite_rain(folder: Path) -> None:
    change(folder, "train/s004.npy", lambda codes: np.where(codes > 700, np.inf, codes))
    with pytest.raises(BadInput, match=r"s004.npy: infinite values"):
        load(folder)


def test_faint_rain_is_doubted(folder: Path) -> None:
    notes = load(folder, unit="0.0001 mm/h").notes
    assert any(
        "the most rain in training samples is 0.0" in note and "is it right?" in note for note in notes
    )


def test_rows_and_samples_differ(folder: Path) -> None:
    train, _ = as_arrays(folder)
    np.save(folder / "train.npy", train[:-1])
    with pytest.raises(BadInput, match=r"train.npy holds 35 samples, .*train.csv names 36"):
        load(folder, ARRAYS)


def test_sizes_of_test_and_training_frames_differ(folder: Path) -> None:
    _, test = as_arrays(folder)
    np.save(folder / "test.npy", test[..., :-1])
    with pytest.raises(BadInput, match=r"data.test: .*\(20, 19\) \(h, w\), training frames \(20, 20\)"):
        load(folder, ARRAYS)


def test_fields_that_contradict(folder: Path) -> None:
    as_arrays(folder)
    with pytest.raises(BadInput, match=r"data.frames: data.train names frames already"):
        load(folder, ARRAYS, train="train.npy")
    with pytest.raises(BadInput, match=r"data.labels: data.train is a CSV already"):
        load(folder, labels="train.csv")
    with pytest.raises(BadInput, match=r"data.train: .*trian.npy does not exist; did you mean 'train.npy'"):
        load(folder, ARRAYS, train="trian.npy", frames=None)
    with pytest.raises(BadInput, match=r"data.id: name the column"):
        load(folder, id=None)
