"""Sensor windows: arrays stay lazy, long tables find their grid."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.data.dataset import Dataset, Loaded
from holdfast.data.long import to_windows
from holdfast.errors import BadInput
from holdfast.recipe.registry import parse


def load(folder: Path, data: dict[str, str], **over: object) -> Loaded:
    return parse("data", {**data, **over}).load(folder)  # type: ignore[attr-defined]


# arrays


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    return tiny.array_folder(tmp_path / "data")


def test_npy_stays_on_disk(arrays: Path) -> None:
    data = load(arrays, tiny.ARRAYS).train
    assert isinstance(data.source, np.memmap)
    view = data.take(np.arange(5)).take(np.array([4, 1]))
    assert view.source is data.source
    assert list(view.ids) == ["s004", "s001"]
    assert np.array_equal(view.read(), np.load(arrays / "train.npy")[[4, 1]])
    assert len(pickle.dumps(replaced := data.take(np.arange(3)))) < 3000
    assert np.array_equal(pickle.loads(pickle.dumps(replaced)).read(), replaced.read())


def test_read_is_a_copy(arrays: Path) -> None:
    data = load(arrays, tiny.ARRAYS).train
    for view in (
        data,
        data.take(np.arange(4)),
        Dataset("table", data.ids, np.ones((36, 2), np.float32), ("a", "b")),
    ):
        X = view.read()
        X[:] = 0
        assert view.read().any()


def test_npz_is_unpacked_once(arrays: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.load(arrays / "train.npy")
    np.savez_compressed(arrays / "train.npz", windows=X.astype(np.float16))
    first = load(arrays, tiny.ARRAYS, train="train.npz").train
    assert isinstance(first.source, np.memmap)
    monkeypatch.setattr("holdfast.data.windows.read_array", lambda *_: pytest.fail("unpacked again"))
    again = load(arrays, tiny.ARRAYS, train="train.npz", test=None).train
    assert np.array_equal(first.read(), again.read())
    assert first.read().dtype == np.float32


def test_one_channel_array_travels(arrays: Path) -> None:
    for name in ("train", "test"):
        np.save(arrays / f"{name}.npy", np.load(arrays / f"{name}.npy")[:, :, 0])
    data = load(arrays, tiny.ARRAYS).train
    assert data.shape == (16, 1)
    again = pickle.loads(pickle.dumps(data))
    assert again.shape == (16, 1)
    assert np.array_equal(again.read(), data.read())


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((35, 16, 2)), "holds 35 windows, .*labels.csv names 36 ids"),
        (np.zeros((36, 16, 2), dtype="U3"), "expected numbers"),
        (np.zeros((36, 16, 2, 2)), "expected numbers"),
        (np.full((36, 16, 2), np.inf), "id s000, step 0, channel channel_0: expected a finite number"),
    ],
)
def test_wrong_arrays(arrays: Path, array: np.ndarray, said: str) -> None:
    np.save(arrays / "train.npy", array)
    with pytest.raises(BadInput, match=said):
        load(arrays, tiny.ARRAYS)


def test_test_windows_of_another_shape(arrays: Path) -> None:
    np.save(arrays / "test.npy", np.zeros((8, 15, 2)))
    with pytest.raises(BadInput, match=r"windows of \(15, 2\) \(steps, channels\), .* of \(16, 2\)"):
        load(arrays, tiny.ARRAYS)


def test_array_needs_ids(arrays: Path) -> None:
    with pytest.raises(BadInput, match=r"data.labels: .* is an array"):
        load(arrays, tiny.ARRAYS, labels=None)
    with pytest.raises(BadInput, match=r"data.test_ids: .* is an array"):
        load(arrays, tiny.ARRAYS, sample=None)
    with pytest.raises(BadInput, match="holds 2 channels, the recipe names 1"):
        load(arrays, tiny.ARRAYS, channels=["x"])


# long tables


@pytest.fixture
def long(tmp_path: Path) -> Path:
    return tiny.long_folder(tmp_path / "data")


def rewrite(path: Path, change: object) -> None:
    change(pd.read_csv(path)).to_csv(path, index=False)  # type: ignore[operator]


def expected(folder: Path) -> np.ndarray:
    return tiny.tiny_data("windows").source[:, :, :2]


def test_long_table_is_windows(long: Path) -> None:
    loaded = load(long, tiny.LONG)
    assert loaded.train.names == ("x", "y")
    np.testing.assert_allclose(loaded.train.read(), expected(long), rtol=1e-6)
    assert loaded.test is not None
    np.testing.assert_allclose(loaded.test.read(), expected(long)[:8], rtol=1e-6)


def test_rows_in_any_order(long: Path) -> None:
    rewrite(long / "train.csv.gz", lambda frame: frame.sample(frac=1, random_state=0))
    rewrite(long / "labels.csv", lambda frame: frame.iloc[::-1])
    data = load(long, tiny.LONG).train
    assert data.ids[0] == "s035"
    np.testing.assert_allclose(data.read(), expected(long)[::-1], rtol=1e-6)


def test_missing_rows_and_values_become_gaps(long: Path) -> None:
    def lose(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[3, "x"] = np.nan
        return frame.drop(index=[5, 20])

    rewrite(long / "train.csv.gz", lose)
    X = load(long, tiny.LONG).train.read()
    gaps = np.argwhere(np.isnan(X))
    assert gaps.tolist() == [[0, 3, 0], [0, 5, 0], [0, 5, 1], [1, 4, 0], [1, 4, 1]]
    np.testing.assert_allclose(X[~np.isnan(X)], expected(long)[~np.isnan(X)], rtol=1e-6)


def test_unequal_lengths_end_in_gaps(long: Path) -> None:
    rewrite(long / "train.csv.gz", lambda frame: frame[(frame["id"] != "s002") | (frame["time"] < 10)])
    X = load(long, tiny.LONG).train.read()
    assert X.shape[1] == 16
    assert np.isnan(X[2, 10:]).all()
    assert not np.isnan(X[2, :10]).any()


def test_a_long_table_is_read_once(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(long, tiny.LONG)

    def refuse(*args: object) -> None:
        raise AssertionError("it was read again")

    monkeypatch.setattr("holdfast.data.windows.Windows.long_frame", refuse)
    again = load(long, tiny.LONG)
    assert again.train.names == first.train.names
    for one, other in ((again.train, first.train), (again.test, first.test)):
        assert one is not None
        assert other is not None
        assert np.array_equal(one.ids, other.ids)
        assert np.array_equal(one.read(), other.read(), equal_nan=True)
    with pytest.raises(AssertionError, match="read again"):
        load(long, tiny.LONG, drop=["x"])


def test_longer_test_windows_are_cut_to_the_training_grid(long: Path) -> None:
    more = pd.DataFrame({"id": "t000", "time": range(16, 30), "x": 1.0, "y": 1.0})
    rewrite(long / "test.csv.gz", lambda frame: pd.concat([frame, more]))
    loaded = load(long, tiny.LONG)
    assert loaded.test is not None
    assert loaded.test.shape == (16, 2)
    np.testing.assert_allclose(loaded.test.read()[0], expected(long)[0], rtol=1e-6)


def test_irregular_times_keep_their_order(long: Path) -> None:
    times = np.cumsum(np.random.default_rng(0).exponential(size=16)).round(3)
    rewrite(
        long / "train.csv.gz",
        lambda frame: frame.assign(time=np.tile(times, 36)).sample(frac=1, random_state=1),
    )
    np.testing.assert_allclose(load(long, tiny.LONG, test=None).train.read(), expected(long), rtol=1e-6)


def test_recordings_on_a_common_clock(long: Path) -> None:
    """Each window starts where the last one of its subject ended: places count from its own start."""
    rewrite(long / "train.csv.gz", lambda frame: frame.assign(time=np.arange(len(frame)) * 0.02 + 100))
    np.testing.assert_allclose(load(long, tiny.LONG, test=None).train.read(), expected(long), rtol=1e-6)


@pytest.mark.parametrize("zone", ["", "+09:00"])
def test_dates_are_times(long: Path, zone: str) -> None:
    moments = pd.date_range("2024-03-01", periods=16, freq="20ms").strftime("%Y-%m-%d %H:%M:%S.%f") + zone
    rewrite(
        long / "train.csv.gz",
        lambda f: f.assign(time=np.tile(moments, 36)).drop(index=[7]).sample(frac=1, random_state=1),
    )
    X = load(long, tiny.LONG, test=None).train.read()
    assert np.argwhere(np.isnan(X)).tolist() == [[0, 7, 0], [0, 7, 1]]


def test_id_and_time_twice_is_refused(long: Path) -> None:
    rewrite(long / "train.csv.gz", lambda frame: pd.concat([frame, frame.iloc[[18]]]))
    with pytest.raises(BadInput, match=r"id s001 has time 2 twice \(1 such rows\)"):
        load(long, tiny.LONG)


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (
            "train.csv.gz",
            lambda f: f[f["id"] != "s004"],
            "the window is missing in .*train.csv.gz for ids of .*: s004",
        ),
        (
            "labels.csv",
            lambda f: f[f["id"] != "s004"],
            "train.csv.gz has ids without a row in .*labels.csv: s004",
        ),
        (
            "train.csv.gz",
            lambda f: f.assign(time=f["time"].where(f.index != 4)),
            r"line 6: the time \(time\) is missing",
        ),
        ("train.csv.gz", lambda f: f.assign(time="noon"), "column 'time': expected a number, found 'noon'"),
        (
            "train.csv.gz",
            lambda f: f.assign(id=f["id"].where(f.index != 4)),
            r"line 6: the id \(id\) is missing",
        ),
        (
            "train.csv.gz",
            lambda f: f.assign(x="soft"),
            r"line 2 \(id s000\), column 'x': expected a number, found 'soft'",
        ),
        ("test.csv.gz", lambda f: f.drop(columns="y"), "lacks the channels y"),
        ("train.csv.gz", lambda f: f[["id", "time"]], "has no channel beside"),
    ],
)
def test_faults_of_long_tables(long: Path, file: str, change: object, said: str) -> None:
    rewrite(long / file, change)
    with pytest.raises(BadInput, match=said):
        load(long, tiny.LONG)


def test_channels_by_name(long: Path) -> None:
    assert load(long, tiny.LONG, channels=["y"]).train.names == ("y",)
    with pytest.raises(BadInput, match=r"data.channels: .*no channel 'acc'; "):
        load(long, tiny.LONG, channels=["acc"])


def test_targets_in_the_long_table_and_their_mirror(long: Path) -> None:
    labels = pd.read_csv(long / "labels.csv")
    labels["code"] = labels["label"].map({"sit": 4, "stand": 9, "walk": 2})
    rewrite(long / "train.csv.gz", lambda frame: frame.merge(labels, on="id"))
    loaded = load(long, tiny.LONG, labels=None)
    assert loaded.train.names == ("x", "y")
    assert "mirror the target are no channels: code" in loaded.notes[0]
    assert np.array_equal(loaded.train.target, load(long, {**tiny.LONG, "channels": ["x"]}).train.target)  # type: ignore[arg-type]


def test_two_targets_for_one_id_are_refused(long: Path) -> None:
    labels = pd.read_csv(long / "labels.csv")
    rewrite(long / "train.csv.gz", lambda frame: frame.merge(labels, on="id"))
    rewrite(
        long / "train.csv.gz",
        lambda frame: frame.assign(label=frame["label"].where(frame.index != 3, "swim")),
    )
    with pytest.raises(BadInput, match="id s000 has more than one 'label'"):
        load(long, tiny.LONG, labels=None)


def test_ids_keep_their_zeros_in_long_tables(long: Path) -> None:
    for file in ("train.csv.gz", "labels.csv"):
        rewrite(long / file, lambda frame: frame.assign(id=frame["id"].str.replace("s", "0")))
    assert load(long, tiny.LONG).train.ids[7] == "0007"


@settings(max_examples=40)
@given(st.data())
def test_any_regular_long_table_comes_back(data: st.DataObject) -> None:
    """Windows → shuffled rows with losses → windows."""
    n, steps = data.draw(st.integers(1, 4)), data.draw(st.integers(4, 9))
    step = data.draw(st.sampled_from([1.0, 0.02, 60.0]))
    seed = data.draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, steps, 2)).astype(np.float32)
    ids = np.array([f"w{i}" for i in range(n)])
    frame = tiny.long_frame(ids, X)
    frame["time"] = frame["time"] * step
    lost = rng.random(len(frame)) < 0.15
    lost[:steps] = False  # one whole window shows the grid
    lost[::steps] = False
    rows = frame[~lost].sample(frac=1, random_state=seed)
    made, _ = to_windows(Path("t.csv"), rows, ids, "id", "time", ["x", "y"], None)
    X.reshape(-1, 2)[lost] = np.nan
    assert np.array_equal(made, X, equal_nan=True)
