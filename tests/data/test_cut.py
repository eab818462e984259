"""Continuous recordings cut into windows, by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import RECORDINGS, recordings_folder

from holdfast.data.cut import Cut, label_rows, pieces_of, places_of, step_of, windows_of
from holdfast.data.dataset import Loaded
from holdfast.errors import BadInput
from holdfast.folds.table import Folds, make_folds
from holdfast.recipe.registry import parse
from holdfast.testing import DataContract

CUT = {"length": 4, "hop": 2}


def load(folder: Path, **over: object) -> Loaded:
    return parse("data", {**RECORDINGS, "cut": CUT, **over}).load(folder)  # type: ignore[attr-defined]


def one_recording(labels: str, times: list[float] | None = None) -> pd.DataFrame:
    """A recording with a label a row ("." for none) and the row's number as its channel."""
    steps = len(labels)
    return pd.DataFrame(
        {
            "recording": "r1",
            "time": range(steps) if times is None else times,
            "x": np.arange(steps, dtype=float),
            "label": [None if letter == "." else letter for letter in labels],
        }
    )


def written(folder: Path, *frames: pd.DataFrame) -> Path:
    named = [frame.assign(recording=f"r{i + 1}") for i, frame in enumerate(frames)]
    pd.concat(named).to_csv(folder / "train.csv", index=False)
    return folder


def loaded_labels(folder: Path, rule: str) -> dict[str, str]:
    loaded = load(folder, test=None, sample=None, cut={**CUT, "label": rule})
    assert loaded.train.target is not None
    names = [loaded.target.names[code] for code in loaded.train.target]
    return dict(zip(loaded.train.ids, names))


class TestContract(DataContract):
    """Recordings behave as every other kind of windows."""

    component = parse("data", {**RECORDINGS, "cut": CUT})

    def arrange(self, folder: Path) -> object:
        return parse("data", {**RECORDINGS, "cut": CUT, "folder": str(recordings_folder(folder))})


def test_windows_by_hand(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, one_recording("aaaaabbbb"), one_recording("bbb")), test=None, sample=None)
    data = loaded.train
    assert list(data.ids) == ["r1-0", "r1-2", "r1-4", "r2-0"]
    want = [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [0, 1, 2, np.nan]]
    assert np.array_equal(data.read()[:, :, 0], want, equal_nan=True)
    assert data.names == ("x",)
    assert list(data.groups) == ["r1", "r1", "r1", "r2"]  # type: ignore[arg-type]
    assert list(data.order) == [0, 2, 4, 0]  # type: ignore[arg-type]
    assert data.span == 4


@pytest.mark.parametrize(
    ("rule", "want"),
    [
        ("majority", {"r1-0": "a", "r1-2": "b", "r1-4": "b", "r2-0": "c"}),
        ("last", {"r1-0": "b", "r1-2": "b", "r1-6": "c", "r2-0": "d"}),
        ("center", {"r1-0": "a", "r1-2": "b", "r1-4": "b", "r2-0": "d"}),
        ("all", {}),
    ],
)
def test_labels_by_each_rule(tmp_path: Path, rule: str, want: dict[str, str]) -> None:
    # windows of r1: aaab abbb bbb. b..c, where a row without a label counts as of one more kind
    frames = [one_recording(labels) for labels in ("aaabbbb..c", "ccdd", "dddd", "aaaa")]
    assert loaded_labels(written(tmp_path, *frames), rule) == {**want, "r3-0": "d", "r4-0": "a"}


def test_windows_without_a_label_are_counted(tmp_path: Path) -> None:
    folder = written(tmp_path, one_recording("aaaabbbb"), one_recording("cacaaaaa"))
    loaded = load(folder, test=None, sample=None, cut={**CUT, "label": "all"})
    assert list(loaded.train.ids) == ["r1-0", "r1-4", "r2-4"]
    assert loaded.notes == [
        "3 of 6 windows of train.csv have no one label (all) and are left out; none is left of c"
    ]


def test_missing_rows_are_gaps_and_a_pause_has_no_windows(tmp_path: Path) -> None:
    times = [0, 1, 2, 3, 5, 6, 7, 20, 21, 22, 23]
    frame = one_recording("aaaabbbabab", [0.1 * time for time in times])
    loaded = load(written(tmp_path, frame, frame), test=None, sample=None, cut={"length": 4, "hop": 4})
    assert list(loaded.train.ids)[:3] == ["r1-0", "r1-4", "r1-20"]
    want = [[0, 1, 2, 3], [np.nan, 4, 5, 6], [7, 8, 9, 10]]
    assert np.array_equal(loaded.train.read()[:3, :, 0], want, equal_nan=True)


def test_a_clock_that_drifts_or_trembles(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    times = np.cumsum(np.full(5000, 0.02003)) + rng.uniform(-0.002, 0.002, 5000)
    kept = np.delete(times, [100, 101, 3000])
    codes = np.zeros(len(kept), dtype=int)
    step = step_of(codes, kept)
    assert step == pytest.approx(0.02003, rel=0.01)
    assert np.array_equal(places_of(codes, kept, step), np.delete(np.arange(5000), [100, 101, 3000]))
    irregular = np.cumsum(rng.exponential(size=5000))
    assert step_of(np.zeros(5000, dtype=int), irregular) is None


def test_rows_in_any_order(tmp_path: Path) -> None:
    folder = recordings_folder(tmp_path)
    first = load(folder)
    frame = pd.read_csv(folder / "train.csv").sample(frac=1, random_state=0)
    frame.sort_values("recording", kind="stable").to_csv(folder / "train.csv", index=False)
    again = load(folder)
    assert np.array_equal(again.train.ids, first.train.ids)
    np.testing.assert_allclose(again.train.read(), first.train.read(), rtol=1e-6)
    assert np.array_equal(again.train.target, first.train.target)  # type: ignore[arg-type]


def test_test_recordings_are_cut_alike(tmp_path: Path) -> None:
    loaded = load(recordings_folder(tmp_path))
    assert loaded.test is not None
    assert list(loaded.test.ids)[:2] == ["t1-0", "t1-2"]
    assert np.array_equal(loaded.test.read(), loaded.train.read()[: len(loaded.test)])


def test_group_column_stands_over_recordings(tmp_path: Path) -> None:
    frames = [one_recording("aabbaabb").assign(subject=who) for who in ("p1", "p1", "p2")]
    loaded = load(written(tmp_path, *frames), test=None, sample=None, group="subject")
    assert sorted(set(loaded.train.groups)) == ["p1", "p2"]  # type: ignore[arg-type]
    assert loaded.train.names == ("x",)


def test_columns_that_say_the_label_are_no_channels(tmp_path: Path) -> None:
    frame = one_recording("aabbccab")
    frame["code"] = frame["label"].map({"a": 3, "b": 1, "c": 2})
    loaded = load(written(tmp_path, frame, frame), test=None, sample=None)
    assert loaded.train.names == ("x",)
    assert "columns that mirror the target are no channels: code" in loaded.notes
    assert loaded.target.aliases["code"] == ("3", "1", "2")


def test_real_targets(tmp_path: Path) -> None:
    frame = one_recording("aaaaaaaa").assign(label=np.arange(8) + 0.5)
    folder = written(tmp_path, frame, frame.assign(label=frame["label"] * 2))
    loaded = load(folder, test=None, sample=None, cut={**CUT, "label": "last"})
    assert loaded.target.kind == "real"
    assert loaded.train.target.tolist() == [3.5, 5.5, 7.5, 7, 11, 15]  # type: ignore[union-attr]
    with pytest.raises(BadInput, match=r"data.cut.label: majority is for classes.*take center or last"):
        load(folder, test=None, sample=None)


Change = Callable[[Path], object]


def edit(file: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Change:
    return lambda folder: change(pd.read_csv(folder / file)).to_csv(folder / file, index=False)


@pytest.mark.parametrize(
    ("over", "change", "said"),
    [
        (
            {"labels": "train.csv"},
            None,
            r"data.labels: with data.cut, the target stands on every row of train.csv",
        ),
        ({"order": "time"}, None, r"data.order: with data.cut"),
        ({"id": None}, None, r"data.id: .* is a long table"),
        ({"target": "lable"}, None, r"data.target: .* did you mean 'label'"),
        ({"group": "label"}, None, r"id \w+ has more than one 'label'"),
        ({}, edit("test.csv", lambda f: f.drop(columns="y")), "lacks the channels y"),
        (
            {"group": "who"},
            edit("train.csv", lambda f: f.assign(who=f["recording"].where(f["recording"] != "r2"))[::-1]),
            r"train.csv: line 290 \(id r2\): the group \(who\) is missing",
        ),
        ({}, edit("train.csv", lambda f: f.assign(label=None)), r"data.cut.label: majority finds no label"),
        (
            {},
            edit("sample.csv", lambda f: f.assign(recording=f["recording"].str[:2])),
            r"data.sample: .* named recording-start: t1-0, .*; line 2 of .*sample.csv names 't1'",
        ),
        (
            {},
            edit("train.csv", lambda f: f.assign(x=f["x"].astype(str).where(f.index != 4, "warm"))),
            r"train.csv: line 6 \(id r0\), column 'x': expected a number, found 'warm'",
        ),
    ],
)
def test_faults(tmp_path: Path, over: dict[str, object], change: Change | None, said: str) -> None:
    folder = recordings_folder(tmp_path)
    if change is not None:
        change(folder)
    with pytest.raises(BadInput, match=said):
        load(folder, **over)


def test_arrays_are_cut_already(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is an array, whose windows are cut already"):
        parse("data", {**tiny.ARRAYS, "cut": CUT}).load(tiny.array_folder(tmp_path))  # type: ignore[attr-defined]


# One recording, split by time.


def folds_of(folder: Path, **fields: object) -> tuple[Folds, Loaded]:
    loaded = load(folder, test=None, sample=None)
    return make_folds(parse("folds", {"k": 3, **fields}), loaded.train, loaded.target, folder), loaded  # type: ignore[arg-type]


def one(folder: Path) -> Path:
    return written(folder, one_recording("aaabbbabab" * 6))


def test_guard_keeps_overlapping_windows_on_one_side(tmp_path: Path) -> None:
    folds, loaded = folds_of(one(tmp_path), kind="blocks", guard=4)
    assert loaded.train.groups is None
    assert any("one recording" in note for note in loaded.notes)
    steps = loaded.train.read()[:, :, 0]  # the channel counts the steps
    for k in range(3):
        train, valid = folds.part(0, k)
        assert len(train) > 10
        assert len(valid) > 8
        assert not np.intersect1d(steps[train], steps[valid]).size


@pytest.mark.parametrize(
    "fields", [{"kind": "blocks"}, {"kind": "blocks", "guard": 2}, {"kind": "stratified"}]
)
def test_overlap_across_a_split_is_refused(tmp_path: Path, fields: dict[str, object]) -> None:
    with pytest.raises(BadInput, match=r"windows of fold 0 overlap .*folds: \{kind: blocks, guard: 4\}"):
        folds_of(one(tmp_path), **fields)


def test_windows_that_do_not_overlap_may_be_split_anyhow(tmp_path: Path) -> None:
    loaded = load(one(tmp_path), test=None, sample=None, cut={"length": 2, "hop": 2})
    splitter = parse("folds", {"kind": "blocks", "k": 3})
    assert make_folds(splitter, loaded.train, loaded.target, tmp_path).k == 3  # type: ignore[arg-type]


# The pure functions, on anything.


@settings(max_examples=60)
@given(st.data())
def test_each_window_is_a_stretch_of_one_recording(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=3))
    cut = Cut(length=data.draw(st.integers(1, 6)), hop=data.draw(st.integers(1, 7)))
    codes = np.repeat(np.arange(len(lengths)), lengths)
    places = np.concatenate([np.arange(n) for n in lengths])
    values = np.stack([codes, places], axis=1).astype(np.float32)
    pieces = pieces_of(codes, places, cut)
    made = windows_of(values, places, pieces, cut.length)
    for window, recording, start in zip(made, pieces.recording, pieces.start):
        want = np.arange(start, start + cut.length, dtype=float)
        want[want >= lengths[recording]] = np.nan
        assert np.array_equal(window[:, 1], want, equal_nan=True)
        assert set(window[~np.isnan(want), 0]) == {recording}
    for recording, length in enumerate(lengths):
        starts = pieces.start[pieces.recording == recording]
        assert starts.tolist() == list(range(0, max(length - cut.length, 0) + 1, cut.hop))
    rows = label_rows(codes, places, pieces, cut)
    assert np.array_equal(codes[rows], pieces.recording), "a label of its own recording"
