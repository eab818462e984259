"""`new` on folders of frames: the recipe says what lies there, and the reader can read by it. Simulated showers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from holdfast.errors import BadInput
from holdfast.plan.presets_of_frames import EPOCHS, TTA, WIDTH
from holdfast.recipe.load import load_recipe
from holdfast.testing.samples import tiny_frames
from holdfast.train import prepare

SIDE = 20  # of the simulated frames
EVENTS, EACH = 6, 6
N, TESTS = EVENTS * EACH, 8
UNIT = "0.01 mm/h"


def showers(n: int, frames: int, seed: int = 0) -> np.ndarray:
    """Simulated showers `(n, frames, h, w)` in mm/h, of at most 5 frames."""
    data = tiny_frames(1, n, seed)
    return np.concatenate([data.read(), data.read_grids()], axis=1)[:, -frames:]


def coded(rain: np.ndarray, layout: str = "hwt", dtype: Any = np.uint16) -> np.ndarray:
    """Frames `(n, t, h, w)` as a contest writes them: in 0.01 mm/h where they are whole numbers."""
    codes = (rain if np.dtype(dtype).kind == "f" else np.rint(rain * 100)).astype(dtype)
    return np.moveaxis(codes, 1, -1) if layout == "hwt" else codes


def side(n: int = N) -> pd.DataFrame:
    """Ids, and of each sample its event, its time and the block of the event that it lies in."""
    rows = np.arange(n)
    start = pd.Timestamp("2024-05-01")
    event = rows // EACH
    return pd.DataFrame(
        {
            "id": [f"a{i:03}" for i in rows],
            "event": [f"E{e}" for e in event],
            "time": [(start + pd.Timedelta(days=e, minutes=10 * (i % EACH))).isoformat() for i, e in zip(rows, event)],
            "block": [f"E{e}:{i % 3}" for i, e in zip(rows, event)],
        }
    )  # fmt: skip


def put(folder: Path, ids: Any, arrays: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(ids, arrays):
        np.save(folder / f"{name}.npy", array)


def wide_sample(folder: Path, ids: Any, leads: int = 1, name: str = "sample_submission.csv.gz") -> None:
    pixels = pd.DataFrame(
        np.zeros((len(ids), leads * SIDE * SIDE), dtype=int),
        columns=[f"px_{i}" for i in range(leads * SIDE**2)],
    )
    pd.concat([pd.DataFrame({"id": ids}), pixels], axis=1).to_csv(folder / name, index=False)


def frames_folder(
    folder: Path, layout: str = "hwt", leads: int = 1, dtype: Any = np.uint16, tests: bool = True,
    drop: tuple[str, ...] = (), sample: bool = True,
) -> Path:  # fmt: skip
    """train.csv beside train/, test.csv beside test/, a wide sample; 5 frames a training sample."""
    table = side().drop(columns=list(drop))
    put(folder / "train", table["id"], coded(showers(N, 5), layout, dtype))
    table.to_csv(folder / "train.csv", index=False)
    if tests:
        ids = pd.DataFrame({"id": [f"b{i:03}" for i in range(TESTS)]})
        put(folder / "test", ids["id"], coded(showers(TESTS, 5 - leads, 1), layout, dtype))
        ids.to_csv(folder / "test.csv", index=False)
        if sample:
            wide_sample(folder, ids["id"], leads)
    return folder


@pytest.mark.parametrize("layout", ["hwt", "thw"])
@pytest.mark.parametrize("leads", [1, 2])
def test_parts_layout_and_leads_without_question(tmp_path, write, layout, leads):
    made = write(frames_folder(tmp_path / "in", layout, leads), unit=UNIT)
    assert made.data == {
        "kind": "frames", "folder": "../in", "train": "train.csv", "frames": "train", "test": "test.csv",
        "test_frames": "test", "sample": "sample_submission.csv.gz", "id": "id", "group": "event", "order": "time",
        "unit": UNIT, "layout": layout, "leads": leads,
    }  # fmt: skip
    assert made.recipe["metric"] == "mae"
    assert made.recipe["folds"] == {"kind": "stratified_group", "k": 5, "seed": 0}
    assert (
        f"# 36 samples of {5 - leads} frames 20 × 20, the next {leads} to predict; 8 test samples"
        in made.text
    )
    assert "# 6 independent units (event)" in made.text
    assert "% of pixels wet" in made.text
    assert "# prepare: [log_rain] is the default" in made.text
    assert "to answer" not in made.summary
    loaded = made.load()
    assert loaded.train.shape == (5 - leads, SIDE, SIDE)
    assert loaded.target.shape == (leads, SIDE, SIDE)
    assert len(loaded.test) == TESTS
    assert set(loaded.train.groups) == {f"E{i}" for i in range(EVENTS)}


def test_share_of_wet_pixels_is_that_of_the_frames(tmp_path, write):
    made = write(frames_folder(tmp_path / "in"), unit=UNIT)
    share = (coded(showers(N, 5)) >= 10).mean()
    assert f"# {share:.1%} of pixels wet (0.1 mm/h and more)" in made.text


@pytest.mark.parametrize("preset", ["fast", "strong"])
def test_members_of_the_presets(tmp_path, write, preset):
    made = write(frames_folder(tmp_path / "in"), preset, unit=UNIT, metric="mae_csi", budget="10m").recipe
    assert made["members"] == {
        "flow": {"model": "optical_flow"},
        "net": {"model": {"flow_unet": {"width": WIDTH}}, "loss": "mae"},
    }
    assert made["fit"]["epochs"] == EPOCHS[preset]
    assert made["augment"] == ["square_symmetry"]
    assert made.get("predict", {}).get("tta", []) == TTA[preset]
    assert (made["metric"], made["ensemble"], made["budget"]) == ("mae_csi", "weighted_mean", "10m")


def test_training_accepts_what_was_written(tmp_path, write):
    made = write(frames_folder(tmp_path / "in"), "strong", unit=UNIT)
    plan = prepare(load_recipe(made.path, ["threads=1"]), made.path.parent)
    assert list(plan.work.members) == ["flow", "net"]
    assert plan.sample is not None
    assert (plan.sample.style, plan.sample.whole) == ("grid", True)
    held = [set(plan.work.train.groups[plan.work.folds.part(0, k)[1]]) for k in range(5)]
    assert sorted(event for events in held for event in events) == [f"E{i}" for i in range(EVENTS)]


def test_whole_numbers_without_a_unit_are_a_question(tmp_path, write):
    folder = frames_folder(tmp_path / "in")
    made = write(folder)
    assert made.data["unit"].startswith("? what a number stands for")
    assert "to answer before `train`: data.unit" in made.summary
    assert "wet" not in made.text
    with pytest.raises(BadInput, match=r"data\.unit"):
        load_recipe(made.path)


def test_fractions_are_rates_only_where_they_look_so(tmp_path, write):
    made = write(frames_folder(tmp_path / "in", dtype=np.float32))
    assert made.data["unit"] == "mm/h"
    assert "rates of rain" in made.text
    folder = frames_folder(tmp_path / "dbz", tests=False)
    put(folder / "train", side()["id"], np.moveaxis(showers(N, 5), 1, -1) * 10 - 20)
    assert write(folder, force=True).data["unit"].startswith("?")


@pytest.mark.parametrize(
    ("unit", "says"), [("inches", "is no unit"), ("0 mm/h", "scale"), ("1 mm", "60 / m")]
)
def test_a_unit_that_is_none_is_refused(tmp_path, write, unit, says):
    with pytest.raises(BadInput, match=f"--unit.*{says}"):
        write(frames_folder(tmp_path / "in"), unit=unit)


def test_other_kinds_have_no_unit(tmp_path, folders, write):
    with pytest.raises(BadInput, match="--unit mm/h: only frames have a unit"):
        write(folders.table(tmp_path / "in"), unit="mm/h")


def test_a_score_of_classes_is_refused(tmp_path, write):
    with pytest.raises(BadInput, match=r"--metric accuracy: does not score frames; expected one of .*mae"):
        write(frames_folder(tmp_path / "in"), unit=UNIT, metric="accuracy")


def test_without_test_samples_the_last_frame_is_predicted(tmp_path, write):
    made = write(frames_folder(tmp_path / "in", tests=False), unit=UNIT)
    assert (made.data["layout"], made.data["leads"]) == ("hwt", 1)
    assert "test" not in made.data
    assert "no test samples" in made.text
    assert made.load().train.shape == (4, SIDE, SIDE)


def test_without_events_the_blocks_are_the_groups(tmp_path, write):
    made = write(frames_folder(tmp_path / "in", drop=("event",)), unit=UNIT)
    assert made.data["group"] == "block"


def test_without_groups_blocks_of_time_with_a_guard(tmp_path, write):
    made = write(frames_folder(tmp_path / "in", drop=("event", "block")), unit=UNIT)
    assert made.data["group"] is None
    assert made.data["order"] == "time"
    assert made.recipe["folds"] == {"kind": "blocks", "k": 5, "guard": 50.0}
    assert made.load().train.span <= 50


def test_with_neither_the_recipe_warns(tmp_path, write):
    made = write(frames_folder(tmp_path / "in", drop=("event", "block", "time")), unit=UNIT)
    assert made.recipe["folds"]["kind"] == "stratified"
    assert "windows that overlap may be on both sides" in made.text


def test_answers_go_before_guesses(tmp_path, write):
    folder = frames_folder(tmp_path / "in")
    made = write(folder, unit=UNIT, group="block", k=3, order="none")
    assert made.data["group"] == "block"
    assert "order" not in made.data
    assert made.recipe["folds"]["k"] == 3
    assert write(folder, unit=UNIT, group="none", force=True).recipe["folds"]["kind"] == "blocks"
    assert write(folder, unit=UNIT, folds="group", force=True).recipe["folds"]["kind"] == "group"
    with pytest.raises(BadInput, match="--time time: frames come in order"):
        write(folder, unit=UNIT, time="time", force=True)


def test_folders_that_no_table_names(tmp_path, write):
    folder = frames_folder(tmp_path / "in")
    (folder / "test.csv").unlink()
    made = write(folder, unit=UNIT)
    assert (made.data["train"], made.data["test"]) == ("train.csv", "test")
    assert "test_frames" not in made.data
    assert len(made.load().test) == TESTS
    (folder / "train.csv").unlink()
    bare = write(folder, unit=UNIT, force=True)
    assert {"train": "train", "test": "test", "id": "id"}.items() <= bare.data.items()
    assert bare.data["sample"] == "sample_submission.csv.gz"
    assert (len(bare.load().train), bare.load().test.ids[0]) == (N, "b000")
    (folder / "sample_submission.csv.gz").unlink()
    assert write(folder, unit=UNIT, force=True).data["id"] is None


def test_one_array_beside_a_table_of_as_many_rows(tmp_path, write):
    folder = tmp_path / "in"
    folder.mkdir()
    np.save(folder / "train.npy", coded(showers(N, 5), "thw"))
    np.save(folder / "test.npy", coded(showers(TESTS, 4, 1), "thw"))
    side().to_csv(folder / "train.csv", index=False)
    ids = pd.DataFrame({"id": [f"b{i:03}" for i in range(TESTS)]})
    ids.to_csv(folder / "test.csv", index=False)
    wide_sample(folder, ids["id"], name="sample.csv")
    made = write(folder, unit=UNIT)
    assert {key: made.data[key] for key in ("train", "frames", "test", "test_frames", "sample", "layout", "leads")} == {
        "train": "train.csv", "frames": "train.npy", "test": "test.csv", "test_frames": "test.npy",
        "sample": "sample.csv", "layout": "thw", "leads": 1,
    }  # fmt: skip
    assert made.load().train.shape == (4, SIDE, SIDE)
    (folder / "test.csv").unlink()
    alone = write(folder, unit=UNIT, force=True)
    assert alone.data["test"] == "test.npy"
    assert "test_frames" not in alone.data
    assert alone.data["sample"] == "sample.csv"
    assert alone.load().test.ids[0] == "b000"


def test_what_may_be_meant_otherwise_is_told(tmp_path, write):
    folder = frames_folder(tmp_path / "in", tests=False)
    arrays = coded(showers(N, 5))
    arrays[:, :5, :5] = 65535
    put(folder / "train", side()["id"], arrays)
    text = write(folder, unit=UNIT).text
    assert "6.2% of the codes are 65535" in text
    assert f"unit: {UNIT} (missing=65535)" in text
    said = write(folder, unit=f"{UNIT} (missing=65535)", force=True)
    assert "far above all others" not in said.text
    assert "# 6.2% of pixels missing" in said.text
    assert "missing pixels (6.2%) are no rain as inputs" in said.text
    long = frames_folder(tmp_path / "long", tests=False)
    put(long / "train", side()["id"], np.tile(coded(showers(N, 5)), (1, 1, 1, 8)))
    assert "cut: {stride: 1}" in write(long, unit=UNIT, force=True).text


def test_names_in_another_language_give_the_same_recipe(tmp_path, write):
    folder = frames_folder(tmp_path / "in")
    here = write(folder, unit=UNIT).data
    for old, new in (("train", "uno"), ("test", "dos"), ("train.csv", "a.csv"), ("test.csv", "b.csv")):
        (folder / old).rename(folder / new)
    there = write(folder, unit=UNIT, force=True).data
    names = {"train": "a.csv", "frames": "uno", "test": "b.csv", "test_frames": "dos"}
    assert there == here | names


def test_ids_that_are_numbers_keep_their_zeros(tmp_path, write):
    folder = frames_folder(tmp_path / "in")
    for part, count in (("train", N), ("test", TESTS)):
        frame = pd.read_csv(folder / f"{part}.csv")
        names = [f"{i:05}" for i in range(count)]
        for old, new in zip(frame["id"], names):
            (folder / part / f"{old}.npy").rename(folder / part / f"{new}.npy")
        frame.assign(id=names).to_csv(folder / f"{part}.csv", index=False)
    wide_sample(folder, [f"{i:05}" for i in range(TESTS)])
    made = write(folder, unit=UNIT)
    assert made.data["sample"] == "sample_submission.csv.gz"
    assert made.load().test.ids[3] == "00003"


def test_arrays_of_one_shape_are_frames_only_if_the_user_says_so(tmp_path, write):
    folder = frames_folder(tmp_path / "in", sample=False)
    put(folder / "test", [f"b{i:03}" for i in range(TESTS)], coded(showers(TESTS, 5, 1)))
    with pytest.raises(BadInput):
        write(folder, unit=UNIT, kind="frames", target="event")
    made = write(folder, unit=UNIT, kind="frames")
    assert made.data["kind"] == "frames"
    assert made.data["leads"].startswith("? how many of the last frames")
    assert "data.leads" in made.summary


def test_a_damaged_file_is_left_to_the_reader(tmp_path, write):
    folder = frames_folder(tmp_path / "in")
    (folder / "train" / "a000.npy").write_bytes(b"no array")
    made = write(folder, unit=UNIT)
    assert made.data["layout"] == "hwt"
    with pytest.raises(BadInput, match=r"a000\.npy"):
        made.load()


def test_windows_beside_labels_stay_windows(tmp_path, folders, write):
    assert write(folders.arrays(tmp_path / "in")).data["kind"] == "windows"
