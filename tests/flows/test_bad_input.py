"""Bad input: one clear error, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny

from holdfast.errors import BadInput
from holdfast.train import train

Change = Callable[[Path, dict[str, Any]], object]
Case = tuple[dict[str, Any], Change, list[str]]


def edit(file: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Change:
    def apply(folder: Path, _: dict[str, Any]) -> None:
        change(pd.read_csv(folder / file)).to_csv(folder / file, index=False)

    return apply


def put(file: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda folder, _: (folder / file).write_bytes(change((folder / file).read_bytes()))


def say(*path: str, value: Any) -> Change:
    """Another value in the recipe."""

    def apply(_: Path, plain: dict[str, Any]) -> None:
        here = plain
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = value

    return apply


def one_group(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(subject="p1")


def rare(frame: pd.DataFrame) -> pd.DataFrame:
    """One class in two subjects only."""
    return frame.assign(
        label=frame["label"].where((frame["label"] != "walk") | frame["subject"].isin(["g0", "g1"]), "sit")
    )


CASES: dict[str, Case] = {
    "unknown recipe key": (tiny.TABLE, say("mertic", value="accuracy"), ["mertic: unknown key", "'metric'"]),
    "unknown field of a component": (
        tiny.TABLE, say("members", "trees", "model", value={"extra_trees": {"trees": 3}}),
        ["extra_trees.trees", "n_estimators"],
    ),
    "label missing for an id": (
        tiny.LONG, edit("labels.csv", lambda f: f[f["id"] != "s004"]),
        ["train.csv.gz has ids without a row", "labels.csv", "s004"],
    ),
    "inputs missing for an id": (
        tiny.LONG, edit("train.csv.gz", lambda f: f[f["id"] != "s004"]), ["window is missing", "train.csv.gz", "s004"],
    ),
    "id twice": (
        tiny.TABLE, edit("train.csv", lambda f: pd.concat([f, f.iloc[[3]]])),
        ["train.csv: id s003 stands twice", "lines 5 and 38"],
    ),
    "id twice in the labels": (
        tiny.LONG, edit("labels.csv", lambda f: pd.concat([f, f.iloc[[3]]])), ["labels.csv: id s003 stands twice"],
    ),
    "group column with one group": (
        tiny.TABLE, edit("train.csv", one_group), ["data.group", "'subject'", "one group only (p1)", "splits nothing"],
    ),
    "class with fewer units than folds": (
        tiny.TABLE, edit("train.csv", rare), ["folds.k: 3 folds", "fewer groups", "walk (2)", "use folds.k=2"],
    ),
    "missing target": (
        tiny.TABLE, edit("train.csv", lambda f: f.assign(label=f["label"].where(f.index != 6))),
        ["train.csv: line 8 (id s006), column 'label'", "the target is missing", "(1 such rows)"],
    ),
    "target that is no finite number": (
        tiny.TABLE, edit("train.csv", lambda f: f.assign(label=np.where(f.index == 6, np.inf, f.index + 0.5))),
        ["train.csv: line 8 (id s006), column 'label'", "finite number"],
    ),
    "channel named in the recipe but absent": (
        tiny.LONG, say("data", "channels", value=["x", "z"]),
        ["data.channels", "train.csv.gz has no channel 'z'", "Known: "],
    ),
    "more channels named than an array holds": (
        tiny.ARRAYS, say("data", "channels", value=["x", "y", "z"]), ["data.channels", "holds 2 channels", "names 3"],
    ),
    "empty file": (tiny.TABLE, put("train.csv", lambda raw: b""), ["data.train", "train.csv is empty"]),
    "empty compressed file": (tiny.LONG, put("test.csv.gz", lambda raw: b""), ["data.test", "test.csv.gz is empty"]),
    "sample with other ids": (
        tiny.TABLE, edit("sample.csv", lambda f: f.assign(id=f["id"].str.replace("t003", "t103"))),
        ["data.sample", "sample.csv", "line 5: t103", "1 test ids are not in the sample (t003)"],
    ),
    "sample with fewer ids": (tiny.LONG, edit("sample.csv", lambda f: f.iloc[:-1]), ["data.sample", "t007"]),
    "CSV cut in the middle of a line": (
        tiny.TABLE, put("train.csv", lambda raw: raw[: raw.rindex(b",")]), ["train.csv: line 37", "fields", "cut off"],
    ),
    "compressed CSV cut off": (
        tiny.LONG, put("train.csv.gz", lambda raw: raw[: len(raw) // 2]),
        ["train.csv.gz", "cut off"],
    ),
    "array cut off": (
        tiny.ARRAYS, put("train.npy", lambda raw: raw[:-100]),
        ["data.train", "train.npy cannot be read"],
    ),
    "text where a number should be": (
        tiny.TABLE, edit("train.csv", lambda f: f.assign(f2=f["f2"].astype(str).where(f.index != 4, "warm"))),
        ["train.csv: line 6 (id s004), column 'f2'", "expected a number, found 'warm'"],
    ),
    "text where a number should be, in the test set": (
        tiny.LONG, edit("test.csv.gz", lambda f: f.assign(y=f["y"].astype(str).where(f.index != 20, "n.a?"))),
        ["test.csv.gz: line 22 (id t001), column 'y'", "found 'n.a?'"],
    ),
    "metric of another kind of target": (
        tiny.TABLE, say("metric", value="rmse"),
        ["metric: rmse scores real", "'label' is classes"],
    ),
    "model of another kind of target": (
        tiny.TABLE, say("members", "trees", "model", value="ridge"), ["members.trees.model: ridge predicts real"],
    ),
    "network on a table": (
        tiny.TABLE, say("members", "trees", "model", value="conv_residual"),
        ["conv_residual takes windows, the data are table"],
    ),
    "preparation of another kind of data": (
        tiny.TABLE, say("prepare", value=["derivative"]),
        ["prepare: derivative takes windows"],
    ),
    "preparations in a wrong order": (
        tiny.ARRAYS, say("prepare", value=["standardize", "interpolate"]),
        ["prepare: interpolate must stand before standardize"],
    ),
    "class that is none": (
        tiny.ARRAYS, say("balance", value={"oversample": {"classes": ["run"]}}),
        ["no class is named 'run'", "sit, stand, walk"],
    ),
    "open question": (tiny.TABLE, say("metric", value="? accuracy or log_loss"), ["metric: a question is open"]),
}  # fmt: skip
FOLDERS = {"train.csv": tiny.table_folder, "train.npy": tiny.array_folder, "train.csv.gz": tiny.long_folder}


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_one_clear_error_and_writes_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, change, said = CASES[name]
    folder = FOLDERS[data["train"]](tmp_path / "data")
    plain = tiny.recipe(dict(data), folder, {"trees": dict(tiny.TREES)})
    change(folder, plain)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    before = everything(tmp_path)
    for output in (None, work / "out"):
        with pytest.raises(BadInput) as caught:
            train(plain, output)
        for part in said:
            assert part in str(caught.value)
    assert everything(tmp_path) == before
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("data", [tiny.TABLE, tiny.LONG, tiny.ARRAYS], ids=["table", "long", "arrays"])
def test_clean_twin_trains(data: dict[str, Any], tmp_path: Path) -> None:
    folder = FOLDERS[data["train"]](tmp_path / "data")
    run = train(tiny.recipe(data, folder), tmp_path / "run")
    assert run.finished
    assert run.test_predictions().shape == (8, 3)
    assert list(run.test_ids) == [f"t{i:03}" for i in range(8)]


def test_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    plain = tiny.recipe(tiny.TABLE, tiny.table_folder(tmp_path / "data"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="exists and is no run folder"):
        train(plain, tmp_path / "run")
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_unknown_engine(tmp_path: Path) -> None:
    plain = tiny.recipe(tiny.TABLE, tiny.table_folder(tmp_path / "data"))
    with pytest.raises(BadInput, match="--engine: expected auto, inline, processes or ray, got 'cluster'"):
        train(plain, tmp_path / "run", engine="cluster")
