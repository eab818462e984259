"""Every sensor competition of a folder from its files to a submission, by the real commands: one table.

    python benchmarks/sensors.py FOLDER [--presets fast,strong] [--seeds 0,1,2] [--metric har-windows=macro_f1]
                                 [--peers [svc,lightgbm,…]] [--write docs/benchmarks.md]

For each folder in FOLDER, preset and fold seed: `holdfast new`, `train`, `submit`, each a process of its
own, whose wall time and peak memory are taken. A folder that `new` cannot read as a table or as windows is
left out, with its reason. Rows are kept in OUT/rows.jsonl as they come; the same command again goes on after
the last one (`--again` measures anew).

`--peers` trains other libraries' classifiers on the same folds (of the first seed), each in a process of its
own that is stopped after `--minutes` a set; rows are kept in OUT/peers.jsonl, a fold each. Then the table is
one of Holdfast's presets and the peers. `--write` puts it into a page, with date, cores and versions.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import yaml
from beside import compare
from peer_runs import PEERS
from section import facts, write_section
from table import table

from holdfast.engine.threads import cores

HOLDFAST = [sys.executable, "-c", "from holdfast.cli.main import run; run()"]  # what `holdfast` runs
KINDS = {"table", "windows"}
BAD_INPUT = 2  # exit code of a command that refuses its input
TITLE = "Sensors: tables and windows"  # of the section that --write writes
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Case:
    """What is measured once."""

    set: str
    preset: str
    seed: int
    asked: str | None  # metric asked for; None lets `new` guess
    threads: int | None

    @property
    def name(self) -> str:
        return f"{self.set}-{self.preset}-{self.seed}"


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    seconds: float
    peak_bytes: int
    said: str
    complaint: str


class Skipped(Exception):
    """A folder that is no sensor competition."""


def command(*arguments: str) -> Ran:
    """Run `holdfast` with arguments; wall time, and the peak memory of that process alone."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen([*HOLDFAST, *arguments], stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return Ran(process.returncode, seconds, usage.ru_maxrss * MAXRSS_BYTES, *texts)


def must(*arguments: str) -> Ran:
    ran = command(*arguments)
    if ran.code != 0:
        words = (ran.complaint or ran.said)[-2000:]
        raise RuntimeError(f"holdfast {' '.join(arguments)} ended with code {ran.code}:\n{words}")
    return ran


def measure(folder: Path, case: Case, out: Path) -> dict[str, Any]:
    """One row: scores, times, memory. Raises Skipped where `new` finds neither a table nor windows."""
    recipe, run, submission = (out / f"{case.name}{end}" for end in (".yaml", "", ".csv"))
    shutil.rmtree(run, ignore_errors=True)  # half a run would make the time of the other half
    asked = [] if case.asked is None else ["--metric", case.asked]
    new = command("new", str(folder), "--preset", case.preset, "-o", str(recipe), "--force", *asked)
    if new.code == BAD_INPUT:
        raise Skipped(_first_line(new.complaint))
    if new.code != 0:
        raise RuntimeError(f"holdfast new {folder} ended with code {new.code}:\n{new.complaint[-2000:]}")
    written = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    if written["data"]["kind"] not in KINDS:
        raise Skipped(f"its data are {written['data']['kind']}")
    seed = ["--set", f"folds.seed={case.seed}"] if "seed" in written["folds"] else []
    threads = [] if case.threads is None else ["--threads", str(case.threads)]
    train = must("train", str(recipe), "-o", str(run), *seed, *threads)
    submit = must("submit", str(run), "-o", str(submission), "--force")
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    metric = scores["metric"]
    return {
        "case": asdict(case),
        "metric": metric,
        "score": scores["members"]["ensemble"][metric],
        "members": {name: held[metric]["value"] for name, held in scores["members"].items()},
        "floor": scores["floor"][metric]["value"],
        "seconds": {"new": new.seconds, "train": train.seconds, "submit": submit.seconds},
        "peak_bytes": max(each.peak_bytes for each in (new, train, submit)),
        "submission": hashlib.sha256(submission.read_bytes()).hexdigest(),
    }


def _first_line(text: str) -> str:
    lines = [line.removeprefix("error: ") for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "refused without a word"


def stored(file: Path) -> dict[Case, dict[str, Any]]:
    """The rows of earlier runs."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return {Case(**row["case"]): row for row in map(json.loads, lines)}


def store(file: Path, rows: dict[Case, dict[str, Any]]) -> None:
    """Written whole, so that a kill leaves the old rows or the new ones."""
    draft = file.with_name(f".{file.name}.part")
    draft.write_text("".join(json.dumps(row) + "\n" for row in rows.values()), encoding="utf-8")
    draft.replace(file)


def shown(rows: list[dict[str, Any]]) -> str:
    """The table, and the mean over fold seeds where there are several."""
    header = [
        "set", "preset", "fold seed", "metric", "OOF score", "95 % interval", "floor",
        "new s", "train s", "submit s", "peak GB",
    ]  # fmt: skip
    lines = [
        [
            row["case"]["set"], row["case"]["preset"], str(row["case"]["seed"]), row["metric"],
            f"{row['score']['value']:.4f}", f"[{row['score']['low']:.4f}, {row['score']['high']:.4f}]",
            f"{row['floor']:.4f}", *(f"{seconds:.0f}" for seconds in row["seconds"].values()),
            f"{row['peak_bytes'] / 1e9:.1f}",
        ]
        for row in rows
    ]  # fmt: skip
    text = table(header, lines)
    series: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        series.setdefault((row["case"]["set"], row["case"]["preset"], row["metric"]), []).append(row)
    means = [
        [
            *key, ", ".join(str(row["case"]["seed"]) for row in held),
            f"{mean(row['score']['value'] for row in held):.4f}",
            f"{max(sum(row['seconds'].values()) for row in held):.0f}",
        ]
        for key, held in series.items()
        if len(held) > 1
    ]  # fmt: skip
    if means:
        text += "\n\n" + table(["set", "preset", "metric", "fold seeds", "mean score", "longest s"], means)
    return text


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folder", type=Path, help="folder of competition folders")
    add("--presets", default="fast,strong", help="presets of `holdfast new`, by comma")
    add("--seeds", default="0", help="fold seeds, by comma")
    add("--sets", default="", help="names of folders to measure, by comma; all by default")
    add("--metric", action="append", default=[], metavar="SET=METRIC", help="asked of `new`; again for more")
    add("--threads", type=int, help="processor threads of train; its own choice by default")
    add("--out", type=Path, default=Path("runs/bench"), help="folder of runs and rows")
    add("--again", action="store_true", help="measure rows anew that are there")
    add("--peers", nargs="?", const=",".join(PEERS), default="", help=f"by comma; all of {', '.join(PEERS)}")
    add("--minutes", type=float, default=10, help="for each peer and set")
    add("--write", type=Path, metavar="PAGE", help="a page whose section is written anew")
    said = parser.parse_args()
    wrong = [each for each in said.metric if each.count("=") != 1]
    if wrong:
        parser.error(f"--metric {wrong[0]}: expected SET=METRIC, as in har-windows=macro_f1")
    said.peers = [name for name in said.peers.split(",") if name]
    strange = [name for name in said.peers if name not in PEERS]
    if strange:
        parser.error(f"--peers {strange[0]}: no peer is named so; known: {', '.join(PEERS)}")
    return said


def main() -> None:
    said = options()
    metrics = dict(each.split("=") for each in said.metric)
    sets = [name for name in said.sets.split(",") if name]
    folders = [path for path in sorted(said.folder.iterdir()) if path.is_dir()]
    folders = [path for path in folders if not sets or path.name in sets]
    unknown = (set(sets) | set(metrics)) - {path.name for path in folders}
    if unknown:
        sys.exit(f"{said.folder}: no folder named {', '.join(sorted(unknown))}")
    said.out.mkdir(parents=True, exist_ok=True)
    file = said.out / "rows.jsonl"
    known = stored(file)
    rows, left_out, failed = [], [], []
    for folder in folders:
        cases = [
            Case(folder.name, preset, int(seed), metrics.get(folder.name), said.threads)
            for preset in said.presets.split(",")
            for seed in said.seeds.split(",")
        ]
        for case in cases:
            try:
                if said.again or case not in known:
                    print(f"{case.name} …", file=sys.stderr, flush=True)
                    known[case] = measure(folder, case, said.out)
                    store(file, known)
            except Skipped as reason:
                left_out.append(f"{folder.name} is left out: {reason}")
                break
            except RuntimeError as error:
                failed.append(f"{case.name} failed: {error}")
                continue
            rows.append(known[case])
    text, versions = shown(rows) if rows else "", {}
    if said.peers:
        there = {row["case"]["set"] for row in rows}
        compared = compare([path for path in folders if path.name in there], rows, metrics, said)
        text, versions = compared.text(said.minutes), compared.versions
        failed += compared.failed
    print(text)
    if said.write is not None:
        write_section(said.write, TITLE, f"{facts(said.threads or cores(), versions)}\n\n{text}")
    print("\n".join(["", *left_out, *failed]))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
