"""A submission of grids: the wide form, whole numbers, never all in memory; every fault of a file is named."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from holdfast.data.sample import SampleForm, read_sample
from holdfast.data.wide import wide_lines
from holdfast.errors import BadInput
from holdfast.recipe.target import TargetSpec
from holdfast.store.run import Run
from holdfast.submit import grids
from holdfast.submit.build import submission
from holdfast.submit.form import default_form
from holdfast.submit.grids import codes_of, verify_grids, write_grids
from holdfast.submit.write import write_submission
from holdfast.testing.samples import tiny_frames
from holdfast.train import train

IDS = np.array(["007", "008", "009"])
TARGET = TargetSpec(kind="grid", column="rain", shape=(2, 3, 4), leads=(10.0, 20.0), unit="0.01 mm/h")
PIXELS = 24


def rain(n: int = 3, seed: int = 0) -> np.ndarray:
    """Simulated forecasts `(n, 2, 3, 4)` in mm/h, half of them dry."""
    draw = np.random.default_rng(seed)
    made = draw.gamma(0.5, 2, (n, *TARGET.shape)) * (draw.random((n, *TARGET.shape)) < 0.5)
    return made.astype(np.float32)


def sample_file(path: Path, ids: Any = IDS, value: str = "0", pixels: int = PIXELS, **columns: Any) -> Path:
    frame = pd.DataFrame({"id": ids, **{f"px_{i}": value for i in range(pixels)}, **columns})
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def finished(tmp_path):
    """A finished run's folder, as `train` leaves it, with these test predictions and sample."""

    def make(
        predictions: np.ndarray, sample: Path | None, ids: np.ndarray = IDS, id_column: str | None = "id"
    ) -> Run:
        folder = tmp_path / "run"
        folder.mkdir()
        (folder / "recipe.yaml").write_text(yaml.safe_dump({"data": {"id": id_column}}))
        scores = {
            "target": TARGET.model_dump(mode="json"),
            "of_probabilities": False,
            "members": {"ensemble": {}},
        }
        (folder / "scores.json").write_text(json.dumps(scores))
        pd.DataFrame({"id": ids}).to_parquet(folder / "test.parquet")
        np.save(folder / "test-ensemble.npy", predictions)
        if sample is not None:
            sample.rename(folder / ("sample.csv.gz" if sample.name.endswith(".gz") else "sample.csv"))
        return Run(folder)

    return make


def values_of(path: Path) -> np.ndarray:
    return pd.read_csv(path, dtype={"id": str}).set_index("id").to_numpy()


@pytest.mark.parametrize("packed", [False, True])
def test_wide_form_in_the_samples_order_and_whole_numbers(tmp_path, finished, packed):
    ending = ".csv.gz" if packed else ".csv"
    said = rain()
    run = finished(said, sample_file(tmp_path / f"sample{ending}", IDS[[2, 0, 1]]))
    out = tmp_path / f"out{ending}"
    made = write_submission(run, out)
    assert made["id"].tolist() == ["009", "007", "008"]
    raw = gzip.decompress(out.read_bytes()) if packed else out.read_bytes()
    first, line = raw.decode().splitlines()[:2]
    assert first == ",".join(["id", *(f"px_{i}" for i in range(PIXELS))])
    assert line == ",".join(
        ["009", *(str(value) for value in np.floor(said[2].ravel() * 100 + 0.5).astype(int))]
    )
    np.testing.assert_array_equal(values_of(out), np.floor(said[[2, 0, 1]].reshape(3, -1) * 100.0 + 0.5))


def test_fractions_where_the_sample_has_them(tmp_path, finished):
    run = finished(rain(), sample_file(tmp_path / "sample.csv", value="0.0"))
    write_submission(run, tmp_path / "out.csv")
    np.testing.assert_allclose(values_of(tmp_path / "out.csv"), rain().reshape(3, -1) * 100, rtol=1e-6)


def test_plain_form_without_a_sample(tmp_path, finished):
    run = finished(rain(), None, id_column=None)
    write_submission(run, tmp_path / "out.csv")
    frame = pd.read_csv(tmp_path / "out.csv", dtype={"id": str})
    assert list(frame.columns[:3]) == ["id", "px_0", "px_1"]
    assert frame["id"].tolist() == list(IDS)
    with pytest.raises(BadInput, match="predicts grids"):
        submission(run)
    with pytest.raises(BadInput, match="no member 'flow'"):
        write_submission(run, tmp_path / "other.csv", member="flow")


def test_negative_rain_is_none_and_a_missing_value_is_refused(tmp_path, finished):
    said = rain()
    said[0, 0, 0, 0] = -0.3
    run = finished(said, sample_file(tmp_path / "sample.csv"))
    write_submission(run, tmp_path / "out.csv")
    assert values_of(tmp_path / "out.csv")[0, 0] == 0
    said[1, 1, 2, 3] = np.nan
    np.save(run.path / "test-ensemble.npy", said)
    with pytest.raises(BadInput, match=r"1 forecasts hold values that are no finite numbers, of the ids 008"):
        write_submission(run, tmp_path / "bad.csv")
    assert [path.name for path in tmp_path.iterdir() if "bad" in path.name] == []


class Watched:
    """Forecasts that remember how many were asked for at a time."""

    def __init__(self, array: np.ndarray):
        self.array, self.asked = array, []

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        self.asked.append(len(rows))
        return self.array[rows]


def test_a_few_lines_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(grids, "VALUES", 10 * PIXELS)
    ids = np.array([f"{i:04}" for i in range(64)])
    form = default_form(TARGET, ids, "id", False)
    watched = Watched(rain(64))
    write_grids(tmp_path / "out.csv", form, codes_of(form, watched, TARGET))  # type: ignore[arg-type]
    assert watched.asked == [10] * 6 + [4]
    verify_grids(tmp_path / "out.csv", form, TARGET)
    monkeypatch.setattr(grids, "VALUES", 1 << 21)
    twin = tmp_path / "twin.csv"
    write_grids(twin, form, codes_of(form, rain(64), TARGET))
    assert twin.read_bytes() == (tmp_path / "out.csv").read_bytes()


def test_memory_does_not_grow_with_the_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(grids, "VALUES", 10 * 1024)
    target = TARGET.model_copy(update={"shape": (1, 32, 32)})

    def peak(n: int) -> int:
        ids = np.array([f"{i:05}" for i in range(n)])
        np.save(tmp_path / "said.npy", np.ones((n, 1, 32, 32), dtype=np.float32))
        sample = sample_file(tmp_path / "sample.csv", ids, pixels=1024)
        tracemalloc.start()
        form = read_sample(sample, target, ids, "id", False)
        said = np.load(tmp_path / "said.npy", mmap_mode="r")
        write_grids(tmp_path / "out.csv", form, codes_of(form, said, target))
        verify_grids(tmp_path / "out.csv", form, target)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few, many = peak(30), peak(150)
    assert many < 1.5 * few, f"{many:,} bytes for 150 lines, {few:,} for 30"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (lambda f: f.assign(px_3=["1", "", "1"]), "line 3: expected a number in every column, a value is missing"),
        (lambda f: f.assign(px_3=["1", "x", "1"]), "line 3: expected a number in every column, found 'x'"),
        (lambda f: f.assign(px_3=["1", "nan", "1"]), r"expected finite numbers in 1 lines: line 3 \(id 008\): nan"),
        (lambda f: f.assign(px_3=["1", "-2", "1"]), r"below 0, which stands for no rain in 1 lines: line 3 \(id 008\): -2"),
        (lambda f: f.assign(px_3=["1", "0.5", "1"]), "expected whole numbers in 1 lines: line 3"),
        (lambda f: f.assign(id=["007", "8", "009"]), "other ids than the sample: line 3: 8, expected 008"),
        (lambda f: f.iloc[[0, 2, 1]], "another order than the sample: line 3: 009, expected 008"),
        (lambda f: f.iloc[:2], "has 2 rows, expected 3"),
        (lambda f: pd.concat([f, f.iloc[:1]]), "line 5: 007, expected no more lines"),
        (lambda f: f.rename(columns={"px_3": "px3"}), "column 5 is 'px3', expected 'px_3'"),
        (lambda f: f.drop(columns="px_3"), "24 of them, expected 25"),
    ],
)  # fmt: skip
def test_planted_fault_is_named(tmp_path, fault, says):
    frame = pd.read_csv(sample_file(tmp_path / "sample.csv"), dtype=str)
    form = read_sample(tmp_path / "sample.csv", TARGET, IDS, "id", False)
    assert (form.style, form.whole, len(form.columns)) == ("grid", True, PIXELS)
    verify_grids(tmp_path / "sample.csv", form, TARGET)
    fault(frame).to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(BadInput, match=says):
        verify_grids(tmp_path / "bad.csv", form, TARGET)


def test_a_line_cut_off_and_a_damaged_archive_are_named(tmp_path):
    path = sample_file(tmp_path / "sample.csv")
    form = read_sample(path, TARGET, IDS, "id", False)
    path.write_text(path.read_text()[:-10])
    with pytest.raises(BadInput, match="line 4 has 21 fields, the header has 25"):
        verify_grids(path, form, TARGET)
    packed = sample_file(tmp_path / "sample.csv.gz")
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(BadInput, match="damaged or cut off"):
        read_sample(packed, TARGET, IDS, "id", False)


def test_samples_that_do_not_fit_the_test_set(tmp_path):
    path = sample_file(tmp_path / "sample.csv")
    with pytest.raises(BadInput, match=r"test ids are not in the sample \(010\)"):
        read_sample(path, TARGET, np.append(IDS, "010"), "id", False)
    with pytest.raises(BadInput, match="24 columns beside the id; expected 12, one a pixel of 1 × 3 × 4"):
        read_sample(path, TARGET.model_copy(update={"shape": (1, 3, 4)}), IDS, "id", False)
    with pytest.raises(BadInput, match="no id column 'name'"):
        read_sample(path, TARGET, IDS, "name", False)
    by_order = read_sample(path, TARGET, np.array(["0", "1", "2"]), None, False)
    assert by_order.rows.tolist() == [0, 1, 2]
    assert by_order.ids.tolist() == list(IDS)
    twice = sample_file(tmp_path / "twice.csv", ["007", "007", "009"])
    with pytest.raises(BadInput, match="id 007 stands twice"):
        read_sample(twice, TARGET, IDS, "id", False)


def test_parquet_samples_and_ids_between_the_pixels(tmp_path):
    frame = pd.DataFrame({"px_0": [0, 0, 0], "id": IDS, **{f"px_{i}": 0 for i in range(1, PIXELS)}})
    frame.to_parquet(tmp_path / "sample.parquet")
    form = read_sample(tmp_path / "sample.parquet", TARGET, IDS, "id", False)
    assert (form.whole, form.ids.tolist(), form.header[1]) == (True, list(IDS), "id")
    write_grids(tmp_path / "out.csv", form, codes_of(form, rain(), TARGET))
    verify_grids(tmp_path / "out.csv", form, TARGET)
    assert pd.read_csv(tmp_path / "out.csv", dtype=str)["id"].tolist() == list(IDS)


def test_ids_that_csv_must_quote(tmp_path):
    ids = np.array(["a,1", 'b"2', "c#3"])
    form = SampleForm(("id", *(f"p{i}" for i in range(PIXELS))), "id", ids, np.arange(3), "grid", whole=True)
    write_grids(tmp_path / "out.csv", form, codes_of(form, rain(), TARGET))
    verify_grids(tmp_path / "out.csv", form, TARGET)
    assert [name for name, _ in wide_lines(tmp_path / "out.csv", "id")] == list(ids)
    assert pd.read_csv(tmp_path / "out.csv")["id"].tolist() == list(ids)


def test_dbz_keeps_its_own_dry_value(tmp_path):
    target = TARGET.model_copy(update={"unit": "0.5 dBZ - 32"})
    form = SampleForm(("id", *(f"p{i}" for i in range(PIXELS))), "id", IDS, np.arange(3), "grid")
    write_grids(tmp_path / "out.csv", form, codes_of(form, rain(), target))
    verify_grids(tmp_path / "out.csv", form, target)
    written = values_of(tmp_path / "out.csv")
    assert written[rain().reshape(3, -1) == 0].max() == 0
    assert written.min() == 0


def test_no_code_is_beyond_the_files_type(tmp_path):
    form = SampleForm(("id", *(f"p{i}" for i in range(PIXELS))), "id", IDS, np.arange(3), "grid", whole=True)
    for unit, top, most in (("0.01 mm/h", 65535, 65535), ("0.5 dBZ - 32 (missing=255)", 255, 254)):
        target = TARGET.model_copy(update={"unit": unit, "top": top})
        (codes,) = codes_of(form, 1e6 * rain(), target)
        assert codes.max() == most


def test_frames_in_a_submission_out(tmp_path, monkeypatch):
    """Persistence says the last frame again: the submission holds the codes of each test sample's last frame."""
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path / "cache"))
    data = tiny_frames(4, 3)
    for part, count, frames in (("train", 12, 5), ("test", 5, 4)):
        every = np.concatenate([data.read(), data.read_grids()], axis=1)[:count, :frames]
        codes = np.rint(np.moveaxis(every, 1, -1) * 100).astype(np.uint16)
        (tmp_path / part).mkdir()
        ids = [f"{part}{i}" for i in range(count)]
        for name, one in zip(ids, codes):
            np.save(tmp_path / part / f"{name}.npy", one)
        events = {"event": data.groups[:count]} if part == "train" else {}
        pd.DataFrame({"id": ids, **events}).to_csv(tmp_path / f"{part}.csv", index=False)
    sample_file(tmp_path / "sample.csv.gz", ids[::-1], pixels=400)
    spec = {
        "kind": "frames", "folder": str(tmp_path), "train": "train.csv", "frames": "train", "test": "test.csv",
        "test_frames": "test", "sample": "sample.csv.gz", "id": "id", "group": "event", "unit": "0.01 mm/h",
        "layout": "hwt",
    }  # fmt: skip
    recipe = {
        "data": spec, "metric": "mae", "folds": {"kind": "group", "k": 2}, "threads": 1,
        "members": {"last": {"model": "persistence"}},
    }  # fmt: skip
    run = train(recipe, tmp_path / "run")
    write_submission(run, tmp_path / "out.csv.gz")
    made = pd.read_csv(tmp_path / "out.csv.gz", index_col="id")
    assert made.index.tolist() == ids[::-1]
    for name in ids:
        last = np.load(tmp_path / "test" / f"{name}.npy")[..., -1]
        np.testing.assert_array_equal(made.loc[name].to_numpy().reshape(20, 20), last)
