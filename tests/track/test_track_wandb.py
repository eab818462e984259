"""Weights & Biases, offline: what its files hold of a run."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import tiny

from holdfast.train import train

pytestmark = pytest.mark.slow
BLOCK = 32768
FULL, FIRST, _, LAST = range(1, 5)


def held(file: Path) -> list[Any]:
    """The records of a file that `wandb sync` would send: LevelDB's log, blocks of 32 KiB with pieces of records."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, place, records, begun = file.read_bytes(), 7, [], b""
    while place + 7 <= len(data):
        left = BLOCK - place % BLOCK
        if left < 7:  # padding
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + 7])
        piece = data[place + 7 : place + 7 + length]
        place += 7 + length
        begun = piece if kind in (FULL, FIRST) else begun + piece
        if kind in (FULL, LAST):
            record = Record()
            record.ParseFromString(begun)
            records.append(record)
    return records


def test_folds_are_runs_of_one_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    data = tiny.array_folder(tmp_path / "data", groups=4, each=3)
    folds = {"kind": "stratified_group", "k": 2}
    members = {"conv": tiny.CONV}
    notes: list[str] = []
    recipe = tiny.recipe(tiny.ARRAYS, data, members, folds=folds, track="wandb")
    run = train(
        recipe, tmp_path / "run", accept=None, report=lambda event: notes.append(event.get("note", ""))
    )
    assert not any("track" in note for note in notes)
    found: dict[str, list[Any]] = {}
    for file in (run.path / "wandb").glob("offline-run-*/*.wandb"):
        records = held(file)
        (begun,) = [one.run for one in records if one.WhichOneof("record_type") == "run"]
        found[begun.display_name] = [begun, records]
    assert sorted(found) == ["run", "run conv/fold-0", "run conv/fold-1"]
    assert len({begun.run_group for begun, _ in found.values()}) == 1
    assert {begun.job_type for begun, _ in found.values()} == {"run", "conv"}
    begun, records = found["run conv/fold-1"]
    config = {one.key: json.loads(one.value_json) for one in begun.config.update}
    assert (config["fold"], config["model.conv_residual.width"]) == (1, 4)
    rows = [
        {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in one.history.item}
        for one in records
        if one.WhichOneof("record_type") == "history"
    ]
    assert [row["epoch"] for row in rows if "train_loss" in row] == [0, 1, 2]
    own = summary_of(records)["score/log_loss"]
    assert own == pytest.approx(run.scores["members"]["conv"]["per_fold"][0][1])
    whole = summary_of(found["run"][1])
    assert whole["score/ensemble/log_loss/low"] == run.scores["members"]["ensemble"]["log_loss"]["low"]


def summary_of(records: list[Any]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for one in records:
        if one.WhichOneof("record_type") == "summary":
            said |= {
                item.key or "/".join(item.nested_key): json.loads(item.value_json)
                for item in one.summary.update
            }
    return said
