"""Tables and arrays as contests hand them out, and damaged ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.data import cache
from holdfast.data.files import columns_of, must_exist, numbers, read_array, read_table
from holdfast.errors import BadInput

TEXT = "id,이름,x\n007,가나,1.5\n008,다,2\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_encodings_and_gz(tmp_path: Path, encoding: str, ending: str) -> None:
    raw = TEXT.encode(encoding)
    path = tmp_path / f"t{ending}"
    path.write_bytes(gzip.compress(raw) if ending.endswith("gz") else raw)
    frame = read_table(path, ("id",))
    assert list(frame.columns) == columns_of(path) == ["id", "이름", "x"]
    assert list(frame["id"]) == ["007", "008"]
    assert list(frame["이름"]) == ["가나", "다"]
    assert list(frame["x"]) == [1.5, 2.0]


def test_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [7, 8], "x": [1.5, None]})
    frame.to_parquet(tmp_path / "t.parquet")
    again = read_table(tmp_path / "t.parquet", ("id",))
    assert list(again["id"]) == ["7", "8"]
    assert columns_of(tmp_path / "t.parquet") == ["id", "x"]


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 999), st.floats(-1e6, 1e6), st.sampled_from(["a", "b,c", 'd"e', "f\ng"])),
        min_size=1,
    ),
    newline=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_any_proper_csv_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list, newline: str, last: bool
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    frame = pd.DataFrame(rows, columns=["n", "x", "word"])
    text = frame.to_csv(index=False, lineterminator=newline)
    path.write_bytes((text if last else text.removesuffix(newline)).encode())
    again = read_table(path)
    assert list(again["n"]) == list(frame["n"])
    np.testing.assert_allclose(again["x"], frame["x"])
    assert [w.replace("\r\n", "\n") for w in again["word"]] == list(frame["word"])


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"id,x\n", "has a header but no rows"),
        (b"id,x,y\na,1,2\nb,1\nc,1,2\n", "line 3 has 2 fields, the header has 3"),
        (
            b"id,x,y\na,1,2\nb,1",
            "line 3 has 2 fields, the header has 3; it is the last line: was the file cut off?",
        ),
        (
            b'id,x,y\n"a",1,2\n"b",1',
            "line 3 has 2 fields, the header has 3; it is the last line: was the file cut off?",
        ),
        (b"id,x\na,1,9\n", "line 2 has 3 fields, the header has 2"),
        (b"id,x,x\na,1,2\n", "names 'x' twice"),
        (b"id,x\n\xff\xff\xff,1\n", "neither UTF-8 nor CP949"),
    ],
)
def test_damaged_csv(tmp_path: Path, raw: bytes, said: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match=r"t.csv") as caught:
        read_table(path)
    assert said in str(caught.value)


@pytest.mark.parametrize("ending", ["csv.gz", "parquet"])
@pytest.mark.parametrize("read", [read_table, columns_of])
def test_damaged_compressed_file(tmp_path: Path, ending: str, read: object) -> None:
    path = tmp_path / f"t.{ending}"
    path.write_bytes(b"this is neither gzip nor parquet")
    with pytest.raises(BadInput, match=f"t.{ending}"):
        read(path)  # type: ignore[operator]


def test_cut_gz(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode())[:-9])
    with pytest.raises(BadInput, match="damaged or cut off"):
        read_table(path)


def test_text_where_a_number_should_be_is_named(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a", "b", "c"], "x": [1, 2, 3], "y": ["0.5", "soft", "harsh"]})
    with pytest.raises(
        BadInput, match=r"line 3 \(id b\), column 'y': expected a number, found 'soft' \(2 such"
    ):
        numbers(tmp_path / "t.csv", frame, ["x", "y"], frame["id"])
    with pytest.raises(BadInput, match=r"line 4, column 'x': expected a finite number"):
        numbers(tmp_path / "t.csv", pd.DataFrame({"x": [1.0, np.nan, np.inf]}), ["x"], None)


def test_number_texts_and_gaps_are_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": ["1", None, " 3"], "y": [True, False, True]})
    made = numbers(tmp_path, frame, ["x", "y"], None)
    assert np.array_equal(made, np.array([[1, 1], [np.nan, 0], [3, 1]], dtype=np.float32), equal_nan=True)


def test_absent_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("x\n")
    with pytest.raises(BadInput, match=r"did you mean 'train.csv'"):
        must_exist(tmp_path / "trian.csv", "train")


def test_arrays(tmp_path: Path) -> None:
    X = np.arange(24.0).reshape(2, 4, 3)
    np.save(tmp_path / "a.npy", X)
    assert isinstance(read_array(tmp_path / "a.npy", "train"), np.memmap)
    np.savez_compressed(tmp_path / "a.npz", x=X, y=np.zeros(2))
    assert np.array_equal(read_array(tmp_path / "a.npz", "train"), X)
    np.savez(tmp_path / "two.npz", x=X, z=X)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-8])
    (tmp_path / "cut.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-40])
    for name in ("two.npz", "objects.npy", "cut.npy", "cut.npz"):
        with pytest.raises(BadInput, match=f"data.train: .*{name}"):
            read_array(tmp_path / name, "train")


# what parsing a large table gave is kept


def test_kept_frame_is_the_parsed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "train.csv.gz"
    frame = pd.DataFrame(
        {"id": ["007", "8", "é가"], "x": [0.1, None, 3e-300], "n": [1, 2, 3], "t": ["a", None, "c"]}
    )
    frame.to_csv(path, index=False)
    parsed = read_table(path, ("id",))
    monkeypatch.setattr(cache, "FRAMES_FROM", 0)
    first, again = read_table(path, ("id",)), read_table(path, ("id",))
    assert len(list(cache.cache_folder().glob("*.feather"))) == 1
    pd.testing.assert_frame_equal(first, parsed, check_exact=True)
    pd.testing.assert_frame_equal(again, parsed, check_exact=True)
    assert read_table(path, ())["id"].tolist() == ["007", "8", "é가"]  # "8" as a text beside others
    assert list(read_table(path, (), only=["n"])) == ["n"]
    again.loc[0, "x"] = 5.0  # what a reader does with it stays with the reader
    assert read_table(path, ("id",))["x"][0] == 0.1
    frame.assign(n=[1, 2, 4]).to_csv(path, index=False)
    assert read_table(path, ("id",))["n"].tolist() == [1, 2, 4]


def test_frame_that_would_not_come_back_the_same_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "FRAMES_FROM", 0)
    path = tmp_path / "train.csv"
    path.write_text("id,flag\na,True\nb,\n")  # an object column of True and NaN
    parsed = read_table(path, ("id",))
    assert parsed["flag"].dtype == object
    pd.testing.assert_frame_equal(read_table(path, ("id",)), parsed)
    assert not list(cache.cache_folder().glob("*.feather"))


def test_a_kept_table_serves_where_texts_were_read_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.data.cache.FRAMES_FROM", 0)
    file = tmp_path / "a.csv"
    file.write_text("id,number,value\na7,007,1.5\nb8,008,\n")
    assert read_table(file)["number"].tolist() == [7, 8]
    assert read_table(file, ("number",))["number"].tolist() == ["007", "008"]
    monkeypatch.setattr("holdfast.data.files.parsed", None)  # from here on nothing is parsed
    assert read_table(file, ("id", "absent")).equals(read_table(file))
    assert read_table(file, ("number",))["id"].tolist() == ["a7", "b8"]
    with pytest.raises(TypeError):
        read_table(file, ("value",))
