"""`holdfast predict`: a run's own test file gives the run's own test predictions, piece by piece, in every format."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from recordings import RECORDINGS, recordings_folder
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.data import form
from holdfast.data.form import Form
from holdfast.errors import BadInput
from holdfast.store.run import ENSEMBLE, Run
from holdfast.study.deployed import deployed
from holdfast.study.predict import predict
from holdfast.study.predictions_file import check_rows
from holdfast.study.refit import refit
from holdfast.train import train

LINEAR = {"model": "logistic"}
HOG = {"model": "logistic", "features": "hog"}


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("predict")


@pytest.fixture(scope="module")
def blended(where: Path) -> Run:
    """A network, an estimator of two seeds, calibration and a learned blend, over two repeats, on arrays."""
    values = tiny.recipe(
        tiny.ARRAYS,
        tiny.array_folder(where / "arrays"),
        {"conv": tiny.CONV, "linear": {**LINEAR, "seeds": 2}},
        folds={"kind": "stratified_group", "k": 2, "repeats": 2},
        predict={"calibrate": ["temperature"]},
        ensemble="weighted_mean",
    )
    return train(values, where / "blended")


@pytest.fixture(scope="module")
def table(where: Path) -> Run:
    values = tiny.recipe(tiny.TABLE, tiny.table_folder(where / "table"), {"linear": LINEAR})
    return train(values, where / "table-run")


def read(path: Path) -> tuple[list[str], np.ndarray]:
    frame = pd.read_csv(path, dtype={"id": str, "recording": str})
    return frame.iloc[:, 0].tolist(), frame.iloc[:, 1:].to_numpy()


def same_as_test(run: Run, data: Path, output: Path, member: str = ENSEMBLE, ids: Path | None = None) -> None:
    predict(run.path, data, output, member, ids)
    names, said = read(output)
    held = run.test_predictions(member)
    assert names == run.test_ids.tolist()
    assert np.array_equal(said.astype(held.dtype), held.reshape(len(held), -1)), "equal to the last bit"


def test_networks_seeds_repeats_and_calibration_give_the_same_bits(where: Path, blended: Run) -> None:
    data, ids = where / "arrays" / "test.npy", where / "arrays" / "sample.csv"
    for member in (ENSEMBLE, "conv", "linear"):
        same_as_test(blended, data, where / f"blended-{member}.csv", member, ids)


def test_only_the_models_of_the_member_are_loaded(blended: Run) -> None:
    assert {name: len(held) for name, held in deployed(blended.path, "conv").models.items()} == {"conv": 4}


def test_every_format_holds_the_same(where: Path, table: Run) -> None:
    data, held = where / "table" / "test.csv", table.test_predictions()
    predict(table.path, data, where / "t.csv")
    predict(table.path, data, where / "t.csv.gz")
    assert gzip.decompress((where / "t.csv.gz").read_bytes()) == (where / "t.csv").read_bytes()
    predict(table.path, data, where / "t.parquet")
    frame = pd.read_parquet(where / "t.parquet")
    assert list(frame.columns) == ["id", *tiny.CLASSES]
    assert np.array_equal(frame[list(tiny.CLASSES)].to_numpy(), held)
    predict(table.path, data, where / "t.npy")
    assert np.array_equal(np.load(where / "t.npy"), held)
    assert pd.read_csv(where / "t.ids.csv")["id"].tolist() == table.test_ids.tolist()


def test_a_table_in_the_form_of_the_training_file(where: Path, table: Run) -> None:
    """With the target and other columns beside, in another order, as Parquet."""
    frame = pd.read_csv(where / "table" / "train.csv")
    test = pd.read_csv(where / "table" / "test.csv").assign(label="sit", note="x")
    test[["f4", "note", "label", "f2", "f1", "id", "f3"]].to_parquet(where / "again.parquet")
    same_as_test(table, where / "again.parquet", where / "again.csv")
    assert predict(table.path, where / "table" / "train.csv", where / "train.csv") == len(frame)


def test_long_tables_by_the_clock_of_training(where: Path) -> None:
    """A window without its last steps is as long as those of training."""
    folder = tiny.long_folder(where / "long")
    test = pd.read_csv(folder / "test.csv.gz")
    test[~((test["id"] == "t003") & (test["time"] > 9))].to_csv(folder / "test.csv.gz", index=False)
    run = train(tiny.recipe(tiny.LONG, folder, {"linear": LINEAR}), where / "long-run")
    same_as_test(run, folder / "test.csv.gz", where / "long.csv")
    test[test["id"] >= "t004"].to_csv(where / "few.csv", index=False)  # alone, they say the same
    predict(run.path, where / "few.csv", where / "few-said.csv")
    _, said = read(where / "few-said.csv")
    assert np.allclose(said, run.test_predictions()[4:], atol=1e-6)
    pd.concat([test[test["time"] < 5], test[test["time"] >= 5]]).to_csv(where / "apart.csv", index=False)
    assert (
        predict(run.path, where / "apart.csv", where / "apart-said.csv") == 8
    )  # small enough to be read at once


def test_recordings_are_cut_alike(where: Path) -> None:
    folder = recordings_folder(where / "recordings")
    data = {**RECORDINGS, "cut": {"length": 4, "hop": 2}}
    run = train(tiny.recipe(data, folder, {"linear": LINEAR}, folds={"kind": "group", "k": 3}), where / "cut")
    same_as_test(run, folder / "test.csv", where / "cut.csv")


def test_photos_of_a_table_and_of_a_folder(where: Path) -> None:
    pytest.importorskip("PIL")
    folder = tiny.image_folder(where / "photos")
    data = {**tiny.IMAGES, "attributes": tiny.ATTRIBUTES}
    run = train(tiny.recipe(data, folder, {"hog": HOG}), where / "photo-run")
    same_as_test(run, folder / "test.csv", where / "photos.csv")
    predict(run.path, folder / "test", where / "folder.csv")
    assert read(where / "folder.csv")[0] == [f"t{i:03}.png" for i in range(8)]
    assert np.array_equal(read(where / "folder.csv")[1], read(where / "photos.csv")[1])


def test_attributes_that_groups_share_need_the_groups(where: Path) -> None:
    pytest.importorskip("PIL")
    folder = tiny.image_folder(where / "pooled")
    for name in ("train", "test"):
        frame = pd.read_csv(folder / f"{name}.csv")
        frame["subject"] = frame["subject"] + frame["label"] if name == "train" else ["p", "q"] * 4
        frame.to_csv(folder / f"{name}.csv", index=False)
    data = {**tiny.IMAGES, "attributes": tiny.ATTRIBUTES}
    values = tiny.recipe(
        data,
        folder,
        {"hog": HOG},
        predict={"pool": ["shade"]},
        folds={"kind": "group", "k": 3},
    )
    run = train(values, where / "pooled-run", accept=None)
    same_as_test(run, folder / "test.csv", where / "pooled.csv")
    with pytest.raises(BadInput, match="do not tell their groups"):
        predict(run.path, folder / "test", where / "pooled-folder.csv")


def test_frames_as_grids(where: Path) -> None:
    folder = tiny.frames_folder(where / "frames")
    members = {
        "flow": {"model": "optical_flow"},
        "net": {"model": {"unet": {"width": 4, "depth": 1}}, "fit": tiny.CONV["fit"]},
    }
    folds = {"kind": "group", "k": 2}
    run = train(tiny.recipe(tiny.FRAMES, folder, members, metric="mae", folds=folds), where / "frames-run")
    predict(run.path, folder / "test.csv", where / "frames.npy")
    assert np.array_equal(np.load(where / "frames.npy"), run.test_predictions())
    same_as_test(run, folder / "test.csv", where / "frames.csv")


def test_a_refit_predicts(where: Path, table: Run) -> None:
    same_as_test(refit(table.path), where / "table" / "test.csv", where / "refit.csv")


def test_a_run_of_an_old_version_predicts_from_its_data(where: Path, table: Run) -> None:
    held = {name: (table.path / name).read_bytes() for name in ("form.json", "chain.joblib")}
    for name in held:
        (table.path / name).unlink()
    try:
        same_as_test(table, where / "table" / "test.csv", where / "old.csv")
    finally:
        for name, content in held.items():
            (table.path / name).write_bytes(content)


def test_any_number_of_samples_in_bounded_memory(
    where: Path, table: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty pieces: memory does not grow with their number, and samples say the same in any of them."""
    monkeypatch.setattr(form, "CHUNK", 256)
    test = pd.read_csv(where / "table" / "test.csv")
    peaks = {}
    for pieces in (2, 30):
        many = pd.concat([test] * (32 * pieces), ignore_index=True)
        many["id"] = [f"m{i}" for i in range(len(many))]
        many.to_csv(where / "many.csv", index=False)
        tracemalloc.start()
        assert predict(table.path, where / "many.csv", where / f"many-{pieces}.csv") == 256 * pieces
        peaks[pieces] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[30] - peaks[2] < 256 * 28 * len(test.columns) * 8, "less than the samples alone take"
    names, said = read(where / "many-30.csv")
    assert names == [f"m{i}" for i in range(256 * 30)]
    assert np.allclose(said.reshape(-1, 8, 3), table.test_predictions()[None], atol=1e-6)


def form_of(run: Run) -> Form:
    return Form.of(json.loads((run.path / "form.json").read_text()))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda frame: frame.drop(columns="f2"), "lacks f2"),
        (lambda frame: frame.assign(id="t000"), "stands twice"),
        (lambda frame: frame.assign(f1=["x", *frame["f1"][1:]]), "line 2"),
        (lambda frame: frame.drop(columns="id"), "no column 'id'"),
        (lambda frame: frame[:0], "no rows"),
    ],
)
def test_samples_in_another_form_are_refused_and_nothing_is_written(
    where: Path, table: Run, spoil: Any, says: str
) -> None:
    test = pd.read_csv(where / "table" / "test.csv")
    spoil(test).to_csv(where / "bad.csv", index=False)
    made = CliRunner().invoke(
        app, ["predict", str(table.path), str(where / "bad.csv"), "-o", str(where / "no.csv")]
    )
    assert made.exit_code == 2
    assert says in made.output
    assert not list(where.glob("*no.csv*"))


def test_a_fault_in_a_late_piece_is_named_by_its_line(
    where: Path, table: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form, "CHUNK", 3)
    lines = (where / "table" / "test.csv").read_text().splitlines()
    (where / "late.csv").write_text("\n".join([*lines[:8], lines[8] + ",1"]) + "\n")
    with pytest.raises(BadInput, match="line 9 has 6 fields, the header has 5"):
        predict(table.path, where / "late.csv", where / "no.csv")
    (where / "late.csv").write_text(
        "\n".join([*lines[:6], lines[6].replace("t005,", "t005,x"), *lines[7:]]) + "\n"
    )
    with pytest.raises(BadInput, match="line 7"):
        predict(table.path, where / "late.csv", where / "no.csv")
    (where / "twice.csv").write_text("\n".join([*lines, lines[2]]) + "\n")
    with pytest.raises(BadInput, match="numbers 2 and 9"):
        predict(table.path, where / "twice.csv", where / "no.csv")


def test_what_is_there_is_not_overwritten(where: Path, table: Run) -> None:
    (where / "there.csv").write_text("mine")
    with pytest.raises(BadInput, match="--force"):
        predict(table.path, where / "table" / "test.csv", where / "there.csv")
    assert (where / "there.csv").read_text() == "mine"
    assert predict(table.path, where / "table" / "test.csv", where / "there.csv", force=True) == 8


def test_predictions_that_are_none_are_refused(table: Run) -> None:
    target, ids = form_of(table).target, np.array(["a", "b"])
    check_rows(ids, np.array([[0.2, 0.3, 0.5], [1, 0, 0]]), target)
    for wrong, says in (
        ([np.nan, 0, 1], "no finite"),
        ([0.5, 0.6, 0], "no probabilities"),
        ([2, -1, 0], "no prob"),
    ):
        with pytest.raises(BadInput, match=f"{says}.* of the ids b"):
            check_rows(ids, np.array([[1, 0, 0], wrong]), target)
