"""Long sequences cut into windows and crops: every one is where its name says, and rain enough falls in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zarr

from holdfast.data.dataset import Loaded
from holdfast.errors import BadInput
from holdfast.recipe.registry import parse

LENGTHS = {"north": 12, "south": 9, "west": 7}


def a_sequence(seed: int, length: int, size: tuple[int, int] = (24, 20)) -> np.ndarray:
    """Simulated rain in mm/h, half of it dry."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random((length, *size)) < 0.5, 0, rng.gamma(1, 2, (length, *size))).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "events").mkdir()
    for seed, (name, length) in enumerate(LENGTHS.items()):
        np.save(tmp_path / "events" / f"{name}.npy", a_sequence(seed, length))
    return tmp_path


def load(folder: Path, cut: dict[str, Any] | None = None, **over: Any) -> Loaded:
    return parse("data", {"kind": "frames", "train": "events", "cut": cut or {}, **over}).load(folder)  # type: ignore[attr-defined]


def test_windows_are_where_they_say(folder: Path) -> None:
    cut = {"stride": 2, "crop": [10, 12], "crop_stride": [7, 8]}
    loaded = load(folder, cut, inputs=3, leads=2, step=5)
    train = loaded.train
    expected = []
    for seed, (name, length) in enumerate(LENGTHS.items()):
        rain = a_sequence(seed, length)
        for start in range(0, length - 4, 2):
            for y in (0, 7, 14):
                for x in (0, 8):
                    expected.append((name, start, y, x, rain[start : start + 5, y : y + 10, x : x + 12]))
    assert train.ids.tolist() == [f"{name}-{start}-{y}-{x}" for name, start, y, x, _ in expected]
    assert train.groups.tolist() == [one[0] for one in expected]  # type: ignore[union-attr]
    assert train.order.tolist() == [one[1] * 5.0 for one in expected]  # type: ignore[union-attr]
    assert train.place.tolist() == [[y, x] for _, _, y, x, _ in expected]  # type: ignore[union-attr]
    truth = np.stack([one[4] for one in expected])
    assert np.array_equal(train.read(), truth[:, :3])
    assert np.array_equal(train.read_grids(), truth[:, 3:])
    assert np.allclose(train.target, truth[:, 2:].mean(axis=(1, 2, 3)), rtol=1e-5)  # type: ignore[arg-type]
    assert train.names == ("t-2", "t-1", "t-0")
    assert (loaded.target.shape, loaded.target.leads) == ((2, 10, 12), (5.0, 10.0))
    assert train.span == 25


def test_whole_pictures_by_default(folder: Path) -> None:
    train = load(folder).train
    assert train.shape == (4, 24, 20)
    assert len(train) == sum(length - 4 for length in LENGTHS.values())
    assert train.ids[:2].tolist() == ["north-0", "north-1"]
    rows = np.array([9, 0, 9])
    taken = train.take(rows)
    assert taken.place.shape == (3, 2)  # type: ignore[union-attr]
    assert np.array_equal(taken.read(), train.read()[rows])


def test_rain_enough_in_the_inputs(folder: Path) -> None:
    dry = a_sequence(0, 12)
    dry[:6] = 0  # inputs of windows 0, 1 and 2 hold no rain, whatever falls in their leads
    np.save(folder / "events" / "north.npy", dry)
    loaded = load(folder, {"min_rain": 0.05})
    wet = [(dry[start : start + 4] >= 0.1).mean() for start in range(8)]
    kept = [f"north-{start}" for start in range(8) if wet[start] >= 0.05]
    assert kept == [f"north-{start}" for start in range(3, 8)]
    assert [one for one in loaded.train.ids if one.startswith("north")] == kept
    assert len(loaded.train.source) == len(loaded.train)
    assert "3 of 16 windows have less rain than data.cut.min_rain and are left out" in loaded.notes
    with pytest.raises(BadInput, match=r"data.cut.min_rain: no window .* the wettest has 0\.\d+"):
        load(folder, {"min_rain": 0.99})


def test_test_sequences_are_cut_alike_without_leads(folder: Path) -> None:
    (folder / "later").mkdir()
    held = np.zeros((6, 24, 20), np.float32)
    np.save(folder / "later" / "a.npy", held)
    loaded = load(folder, {"stride": 2, "min_rain": 0.05}, test="later")
    assert loaded.test is not None
    assert loaded.test.ids.tolist() == ["a-0", "a-2"]
    assert loaded.test.grids is None
    assert loaded.test.shape == loaded.train.shape


def test_test_samples_may_be_rows_of_a_table(folder: Path) -> None:
    (folder / "test").mkdir()
    np.save(folder / "test" / "one.npy", a_sequence(5, 4))
    pd.DataFrame({"id": ["one"]}).to_csv(folder / "test.csv", index=False)
    loaded = load(folder, id="id", test="test.csv", test_frames="test")
    assert loaded.test is not None
    assert np.array_equal(loaded.test.read()[0], a_sequence(5, 4))


def test_a_table_of_sequences(folder: Path) -> None:
    table = {
        "id": ["west", "north", "south"],
        "storm": ["A", "B", "A"],
        "begin": ["2020-06-01T00:00", "2020-06-01T10:00", "2020-06-02T00:00"],
    }
    pd.DataFrame(table).to_csv(folder / "train.csv", index=False)
    over = {"train": "train.csv", "frames": "events", "id": "id", "group": "storm", "order": "begin"}
    train = load(folder, {"stride": 3}, **over).train
    assert train.ids.tolist() == ["west-0", "north-0", "north-3", "north-6", "south-0", "south-3"]
    assert train.groups.tolist() == ["A", "B", "B", "B", "A", "A"]  # type: ignore[union-attr]
    assert (train.order - train.order[0]).tolist() == [0, 600, 630, 660, 1440, 1470]  # type: ignore[index,operator]
    pd.DataFrame(table).replace("west", "east").to_csv(folder / "train.csv", index=False)
    with pytest.raises(BadInput, match=r"data.frames: 1 of 3 sequences are not in .*: east"):
        load(folder, **over)


def test_one_sequence_has_no_groups(folder: Path) -> None:
    np.save(folder / "all.npy", a_sequence(3, 15))
    loaded = load(folder, train="all.npy")
    assert loaded.train.groups is None
    assert loaded.train.ids[0] == "all-0"
    assert any("is one sequence, so its windows have no groups" in note for note in loaded.notes)


def test_sequences_in_one_array_and_in_zarr(folder: Path) -> None:
    stack = np.stack([a_sequence(3, 8), a_sequence(4, 8)])
    np.save(folder / "all.npy", stack)
    train = load(folder, train="all.npy").train
    assert train.ids[[0, 4]].tolist() == ["all:0-0", "all:1-0"]
    assert set(train.groups.tolist()) == {"all:0", "all:1"}  # type: ignore[union-attr]
    assert np.array_equal(train.read()[5], stack[1, 1:5])
    zarr.save_array(str(folder / "events" / "east.zarr"), stack[0])
    more = load(folder).train
    assert np.array_equal(more.read()[more.ids == "east-2"][0], stack[0, 2:6])


def test_height_and_width_before_time(folder: Path) -> None:
    before = load(folder).train.read()
    for path in (folder / "events").iterdir():
        np.save(path, np.moveaxis(np.load(path), 0, -1))
    assert np.array_equal(load(folder, layout="hwt").train.read(), before)


def test_sequences_of_different_sizes_need_crops(folder: Path) -> None:
    np.save(folder / "events" / "south.npy", a_sequence(1, 9, (30, 20)))
    with pytest.raises(
        BadInput, match=r"north holds 12 frames of 24 × 20, south 9 frames of 30 × 20; cut crops"
    ):
        load(folder)
    assert load(folder, {"crop": [16, 16]}).train.shape == (4, 16, 16)
    with pytest.raises(
        BadInput, match=r"data.cut.crop: \[26, 16\] is larger than the frames of north \(24 × 20\)"
    ):
        load(folder, {"crop": [26, 16]})


def test_short_sequences(folder: Path) -> None:
    np.save(folder / "events" / "west.npy", a_sequence(2, 4))
    loaded = load(folder)
    assert "sequences of fewer than 5 frames give no window: west (4)" in loaded.notes
    assert "west" not in set(loaded.train.groups.tolist())  # type: ignore[union-attr]
    with pytest.raises(BadInput, match=r"data.train: no sequence of .* has 44 frames"):
        load(folder, inputs=40, leads=4)


def test_what_is_no_sequence(folder: Path) -> None:
    (folder / "events" / "readme.txt").write_text("rain")
    assert "files that are no frames are left out of events: readme.txt" in load(folder).notes
    (folder / "none").mkdir()
    with pytest.raises(BadInput, match=r"data.train: .*none holds no sequence"):
        load(folder, train="none")
    np.save(folder / "events" / "flat.npy", np.zeros((20, 20)))
    with pytest.raises(
        BadInput, match=r"flat.npy: expected \(t, h, w\) or \(n, t, h, w\), found the shape \(20, 20\)"
    ):
        load(folder)
    (folder / "events" / "flat.npy").write_bytes(b"rain")
    with pytest.raises(BadInput, match=r"flat.npy cannot be read as an array"):
        load(folder)


def test_columns_need_a_table(folder: Path) -> None:
    with pytest.raises(BadInput, match=r"data.group: there is no table .* 'storm'"):
        load(folder, group="storm")


def test_a_missing_frame_is_no_rain_and_no_fault(folder: Path) -> None:
    gap = a_sequence(0, 12)
    gap[6] = np.nan
    np.save(folder / "events" / "north.npy", gap)
    loaded = load(folder)
    assert "north-2" not in loaded.train.ids  # the frame to predict is not there
    assert np.isnan(loaded.train.read()[loaded.train.ids == "north-4"][0, 2]).all()
    assert any(
        "without a measured pixel in inputs or target are left out: north-2" in one for one in loaded.notes
    )
