"""A peer's process: stopped in time, its finished folds kept; what contestants compute for themselves."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from holdfast.metrics.classes import Accuracy
from holdfast.prepare.interpolate import interpolate_gaps
from holdfast.testing.samples import tiny_data, with_gaps

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SLOW = """
import json, pathlib, sys, time
import numpy as np
said = json.loads(sys.argv[-1])
folder = pathlib.Path(said["folder"])
fold, y = np.load(folder / "fold.npy"), np.load(folder / "y.npy")
for k in said["folds"]:
    if k == 1:
        time.sleep(60)
    np.save(folder / f"{said['key']}-{k}.npy", np.eye(3, dtype=np.float32)[y[fold == k]])
    print(json.dumps({"fold": k, "seconds": 0.01, "versions": {}}), flush=True)
"""


@pytest.fixture
def peer_runs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import peer_runs

    return peer_runs


def task(peer_runs: ModuleType, folder: Path):  # type: ignore[no-untyped-def]
    data = tiny_data(groups=6)
    fold = np.repeat(np.arange(6) % 3, 6)
    np.save(folder / "fold.npy", fold)
    np.save(folder / "y.npy", data.target)  # type: ignore[arg-type]
    return peer_runs.Task(
        "tiny", "windows", folder, Accuracy(), data.target, data.groups, fold, 3, "hash", "mark"
    )


def test_a_peer_is_stopped_in_time_and_its_finished_folds_are_scored(
    peer_runs: ModuleType, tmp_path: Path
) -> None:
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    peer, made = peer_runs.Peer("slow", str(script)), task(peer_runs, tmp_path)
    rows = peer_runs.Rows(tmp_path / "peers.jsonl")
    started = time.monotonic()
    peer_runs.run_peer("slow", peer, made, 3, 1, rows)
    assert 2.5 < time.monotonic() - started < 20
    got = peer_runs.result("slow", peer, made, 0.05, 1, peer_runs.Rows(tmp_path / "peers.jsonl"))
    assert got.folds == "1 of 3 in 0.05 min"
    assert got.score.value == 1.0
    assert got.score.units == 2  # the two groups of fold 0

    started = time.monotonic()
    peer_runs.run_peer("slow", peer, made, 3, 1, rows)
    assert time.monotonic() - started < 1, "its time is spent; it is not started again"


def test_a_peer_that_fails_says_its_last_words(peer_runs: ModuleType, tmp_path: Path) -> None:
    script = tmp_path / "wrong.py"
    script.write_text("raise SystemExit('it broke')")
    rows = peer_runs.Rows(tmp_path / "peers.jsonl")
    peer, made = peer_runs.Peer("wrong", str(script)), task(peer_runs, tmp_path)
    with pytest.raises(RuntimeError, match="it broke"):
        peer_runs.run_peer("wrong", peer, made, 30, 1, rows)
    got = peer_runs.result("wrong", peer, made, 10, 1, rows)
    assert (got.score, got.folds) == (None, "0 of 3")


@pytest.fixture
def fold_by_fold(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS / "contestants"))
    import fold_by_fold

    return fold_by_fold


def test_contestants_close_gaps_as_holdfast_does(fold_by_fold: ModuleType) -> None:
    X = with_gaps(tiny_data().source, 0.3)
    assert np.allclose(fold_by_fold.interpolated(X), interpolate_gaps(X), atol=1e-6)
    X[0, :, 1] = np.nan
    assert (fold_by_fold.interpolated(X)[0, :, 1] == 0).all()


def test_softmax_of_decision_values(fold_by_fold: ModuleType) -> None:
    values = np.log([[1.0, 3.0], [4.0, 4.0]])
    assert np.allclose(fold_by_fold.softmax(values), [[0.25, 0.75], [0.5, 0.5]])
    assert np.allclose(fold_by_fold.softmax(np.log([3.0])), [[0.25, 0.75]])


def test_the_scripts_need_no_third_library_of_their_own() -> None:
    """Contestants in other environments read this file with numpy alone."""
    import ast

    tree = ast.parse((BENCHMARKS / "contestants" / "fold_by_fold.py").read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    outside = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert outside == {"numpy", "turns"}
