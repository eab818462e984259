"""Holdfast's presets and its peers on the same folds: one table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peer_runs import PEERS, SOFTMAX, Result, Rows, Task, key_of, result, run_peer, same_folds, task_of
from table import table

from holdfast.engine.threads import cores

HEADER = ["set", "contestant", "metric", "OOF score", "95 % interval", "folds", "seconds"]


@dataclass
class Compared:
    """The lines of the table, what failed, and the versions that contestants told."""

    lines: list[list[str]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def text(self, minutes: float) -> str:
        soft = [peer.title for peer in PEERS.values() if peer.probabilities == SOFTMAX]
        notes = (
            "Score: pooled over the folds that were finished, the same folds for all; interval: bootstrap over"
            " groups where they are known. A score over fewer folds is one of fewer people. Seconds: Holdfast's"
            " `train`, which predicts the test part too; a peer's fits and predictions over the folds that it"
            f" finished. A peer is stopped after {minutes:g} minutes a set; the fold that it was at is lost."
            " SVC and LightGBM get windows as `window_statistics`; gaps are interpolated first. What has no"
            f" probabilities is scored by a softmax of its decision values: {', '.join(soft)}."
        )
        return table(HEADER, self.lines) + "\n\n" + notes


def compare(
    folders: Sequence[Path], held: list[dict[str, Any]], metrics: dict[str, str], said: argparse.Namespace
) -> Compared:
    """Run the peers asked for on each folder. `held`: the rows of Holdfast's own runs."""
    made, rows = Compared(), Rows(said.out / "peers.jsonl")
    seed = int(said.seeds.split(",")[0])
    for folder in folders:
        task = task_of(folder, seed, metrics.get(folder.name), said.out)
        mine = [row for row in held if row["case"]["set"] == folder.name and row["case"]["seed"] == seed]
        for row in mine:
            _holdfast(row, task, said.out, made)
        if task is None:
            made.failed.append(f"{folder.name} has no classes, and the peers are classifiers")
            continue
        for name in said.peers:
            if task.kind in PEERS[name].kinds:
                _peer(name, task, rows, said, made)
    return made


def _holdfast(row: dict[str, Any], task: Task | None, out: Path, made: Compared) -> None:
    case, score = row["case"], row["score"]
    run = out / f"{case['set']}-{case['preset']}-{case['seed']}"
    if task is not None and run.is_dir() and not same_folds(task, run):
        made.failed.append(f"{run} has other folds than the peers: measure it --again")
    made.lines.append([
        case["set"], f"Holdfast {case['preset']}", row["metric"], f"{score['value']:.4f}",
        f"[{score['low']:.4f}, {score['high']:.4f}]", "all" if task is None else f"{task.k} of {task.k}",
        f"{row['seconds']['train']:.0f}",
    ])  # fmt: skip


def _peer(name: str, task: Task, rows: Rows, said: argparse.Namespace, made: Compared) -> None:
    peer, threads = PEERS[name], said.threads or cores()
    if said.again:
        rows.forget(key_of(name, peer, task, threads))
    try:
        run_peer(name, peer, task, 60 * said.minutes, threads, rows)
    except RuntimeError as error:
        made.failed.append(f"{task.set}, {peer.title} failed: {error}")
    got: Result = result(name, peer, task, said.minutes, threads, rows)
    made.versions |= got.versions
    score = ("–", "–") if got.score is None else str(got.score).split(" ", 1)
    made.lines.append([task.set, peer.title, task.metric.name, *score, got.folds, f"{got.seconds:.0f}"])
