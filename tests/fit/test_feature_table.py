"""Features made once for all samples: how often, for whom, and when they are made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

from holdfast.data.dataset import Dataset
from holdfast.data.kept_tables import kept_table, trim
from holdfast.engine.job import fit_job
from holdfast.features.window_statistics import WindowStatistics
from holdfast.fit import feature_table as module
from holdfast.fit.estimator import FittedEstimator
from holdfast.recipe.load import load_recipe
from holdfast.train import prepare

LINEAR = {"model": "logistic", "features": "window_statistics"}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """How many windows each call of `window_statistics` was asked for; the cache is empty."""
    calls: list[int] = []
    honest = WindowStatistics.transform

    def counted(self: WindowStatistics, X: np.ndarray) -> np.ndarray:
        calls.append(len(X))
        return honest(self, X)

    monkeypatch.setattr(WindowStatistics, "transform", counted)
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path / "cache"))
    return calls


def works(folder: Path, steps: list[Any], members: dict[str, Any], **more: Any) -> Any:
    """The work of a recipe on a tiny folder of 36 windows of six subjects and 8 test windows; three folds."""
    data = {
        "kind": "windows", "folder": str(tiny.array_folder(folder / "data")), "train": "train.npy", "test": "test.npy",
        "labels": "labels.csv", "sample": "sample.csv", "id": "id", "group": "subject", "target": "label",
    }  # fmt: skip
    values = {
        "metric": "accuracy", "threads": 1, "data": data, "folds": {"kind": "stratified_group", "k": 3},
        "prepare": steps, "members": members, **more,
    }  # fmt: skip
    return prepare(load_recipe(values), folder).work


def everywhere(work: Any) -> dict[str, np.ndarray]:
    """Predictions of every job for its held-out rows and for the test part."""
    made = {}
    for job in work.jobs():
        fitted = fit_job(work, job, lambda event: None)
        held = work.train.take(work.folds.part(job.repeat, job.fold)[1])
        made[str(job)] = np.concatenate([fitted.predict(held), fitted.predict(work.test)])
    return made


def test_made_once_for_all_members_folds_and_later_runs(tmp_path: Path, seen: list[int]) -> None:
    work = works(tmp_path, [], {"a": LINEAR, "b": {**LINEAR, "model": "lda"}})
    first = everywhere(work)
    assert seen == [36, 8]
    again = everywhere(works(tmp_path, [], {"a": LINEAR}))
    assert seen == [36, 8]
    for job, said in again.items():
        np.testing.assert_array_equal(said, first[job])


def test_a_fitted_preparation_keeps_each_fold_its_own(tmp_path: Path, seen: list[int]) -> None:
    members = {"a": LINEAR, "b": {**LINEAR, "model": "lda"}}
    everywhere(works(tmp_path, ["standardize"], members))
    assert seen == [36, 8] * 3  # once a fold, for both members


def test_a_fold_shared_by_mistake_would_be_found(
    tmp_path: Path, seen: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = works(tmp_path, ["standardize"], {"a": LINEAR})
    honest = everywhere(work)
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path / "planted"))
    monkeypatch.setattr(module.joblib, "hash", lambda learned: "as if it had learned nothing")
    planted = everywhere(work)
    assert len(seen) == 8
    assert (planted["a fold 0"] == honest["a fold 0"]).all()
    assert (planted["a fold 1"] != honest["a fold 1"]).any()


@pytest.mark.parametrize("steps", [[], ["interpolate", "derivative", "standardize"]])
def test_predictions_are_those_without_a_shared_table(
    tmp_path: Path, steps: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path / "cache"))
    work = works(tmp_path, steps, {"a": {**LINEAR, "features": ["window_statistics", "catch22"]}})
    shared = everywhere(work)
    assert list((tmp_path / "cache" / "tables").glob("*.npy"))
    monkeypatch.setattr(module, "_mark", lambda source: None)
    for job, said in everywhere(work).items():
        np.testing.assert_array_equal(said, shared[job])


def test_views_and_new_samples_are_not_taken_from_the_table(tmp_path: Path, seen: list[int]) -> None:
    work = works(tmp_path, [], {"a": LINEAR}, predict={"tta": [{"roll": {"times": 1}}]})
    fitted = fit_job(work, work.jobs()[0], lambda event: None)
    assert isinstance(fitted, FittedEstimator)
    fitted.predict(work.test)
    assert seen == [36, 8, 8]  # the test windows and one view of them
    more = works(tmp_path, [], {"a": {**LINEAR, "balance": {"oversample": {"times": 1}}}})
    assert not fit_job(more, more.jobs()[0], lambda event: None).shares


def test_a_small_part_of_the_data_is_not_worth_all_rows(tmp_path: Path, seen: list[int]) -> None:
    work = works(tmp_path, [], {"a": LINEAR})
    assert module.worth_sharing(work.train.take(np.arange(18)))
    assert not module.worth_sharing(work.train.take(np.arange(17)))


def table_of(work: Any, makers: list[WindowStatistics], data: Dataset | None = None) -> Dataset | None:
    pipeline = module.Pipeline([], "windows", work.train.names)
    return module.feature_table(work.train if data is None else data, pipeline, makers)


def test_another_maker_code_or_content_has_another_table(
    tmp_path: Path, seen: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = works(tmp_path, [], {"a": LINEAR})
    maker = WindowStatistics(segments=8)
    for _ in range(2):
        table_of(work, [maker])
    assert seen == [36]
    table_of(work, [WindowStatistics(segments=2)])
    assert seen == [36] * 2
    file = Path(work.train.source.filename)
    np.save(file, np.load(file) + 1)
    table_of(
        work, [maker], Dataset("windows", work.train.ids, np.load(file, mmap_mode="r"), work.train.names)
    )
    assert seen == [36] * 3
    monkeypatch.setattr(module, "_code", lambda: "another version")
    table_of(work, [maker])
    assert seen == [36] * 4


def test_arrays_in_memory_parts_of_files_and_makers_of_others_have_no_table(tmp_path: Path) -> None:
    work = works(tmp_path, [], {"a": LINEAR})
    source = work.train.source
    for other in (np.array(source), source[:10]):
        data = Dataset("windows", work.train.ids[: len(other)], other, work.train.names)
        assert table_of(work, [WindowStatistics()], data) is None
    own = type("Own", (WindowStatistics,), {"__module__": "recipes.own"})
    assert table_of(work, [own()]) is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "no checksum", "not an array"])
def test_a_damaged_table_is_made_again(tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path))
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    kept_table("key", lambda: rows)
    (file,) = (tmp_path / "tables").glob("*.npy")
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(whole[:-8])
    elif damage == "flipped":
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif damage == "not an array":
        file.write_bytes(b"")
    else:
        file.with_suffix(".crc").unlink()
    made = []
    np.testing.assert_array_equal(kept_table("key", lambda: made.append(1) or rows), rows)
    assert made == [1]
    assert file.read_bytes() == whole
    kept_table("key", lambda: made.append(2) or rows)
    assert made == [1]


def test_the_tables_longest_unused_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("HOLDFAST_CACHE", str(tmp_path))
    rows = np.zeros((10, 10), dtype=np.float32)
    for age, key in enumerate("abc"):
        kept_table(key, lambda: rows)
        for file in (tmp_path / "tables").glob("*.crc"):
            if file.stat().st_mtime > 1000:
                os.utime(file, (age, age))
    kept_table("a", lambda: rows)  # used again
    trim(tmp_path / "tables", 2 * 600)
    made: list[str] = []
    for key in "acb":
        kept_table(key, lambda key=key: made.append(key) or rows)
    assert made == ["b"]
