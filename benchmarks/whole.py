"""Whole runs of k folds: `holdfast train` beside the script that a person would write, one table.

    python benchmarks/whole.py [--kinds windows images frames rocket] [--rounds 3] [--k 4] [--threads N]

Every turn is a process of its own, timed from its start to its end: imports, reading, k folds, predictions of the
held-out rows. A B A B …, so that a machine that slows down slows both; a ratio is taken in each round and its median
given. All data are simulated. Both train the same network on the same folds, for as many epochs, in float32, with
AdamW; `rocket` is aeon's MiniRocket under a ridge, fitted in each fold, by hand with scikit-learn's.

The script takes one fold after the other on all threads, and photos through a DataLoader. `holdfast train` is called
as anybody would call it, and takes folds side by side where it finds that better. It also checks data and folds,
writes every fold to disk, clips, and scores with intervals; of frames it makes optical flow for the floor.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import yaml
from contestants.showers import write_codes
from contestants.windows import simulated
from images import draw
from race import ratio, verdict
from section import facts
from table import table

SCRIPT = Path(__file__).resolve().parent / "contestants" / "whole_torch.py"
LEAST = {"windows": 1 / 1.05, "images": 1.2, "frames": 1.2, "rocket": 1.0}  # what the project asks
LEAST_MEMORY = 2.0  # of the script by hand, over that of `minirocket`
FIT = {"optimizer": "adamw", "lr": 1e-3, "precision": "32"}
PHOTO = (80, 64)  # h, w


def windows(folder: Path, k: int) -> dict[str, Any]:
    """Simulated windows `(512, 600, 18)` of 61 classes for a `conv_residual` of width 64."""
    X, y = simulated(512)
    folds = labelled(folder, X, y, k)
    data = {"kind": "windows", "train": "train.npy", "labels": "labels.csv", "id": "id", "target": "label"}
    model = {"conv_residual": {"width": 64}}
    fit = {**FIT, "epochs": 4, "batch_size": 16}
    return {
        "data": data, "metric": "accuracy", "prepare": "standardize", "members": {"net": {"model": model, "fit": fit}},
        "folds": folds,
    }  # fmt: skip


def images(folder: Path, k: int) -> dict[str, Any]:
    """Simulated photos, 512 of them, for a resnet18 from random weights, with three augmentations."""
    draw(folder / "photos", 512, (128, 96))
    ids = [f"{path.parent.name}/{path.name}" for path in sorted((folder / "photos").glob("*/*"))]
    augment = [
        {"random_resized_crop": {"scale": [0.8, 1.0]}},
        "horizontal_flip",
        {"color_jitter": {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2}},
    ]
    member = {"model": {"timm": {"name": "resnet18"}}, "augment": augment}
    fit = {**FIT, "epochs": 6, "batch_size": 32}
    data = {"kind": "images", "train": "photos", "size": list(PHOTO)}
    return {
        "data": data,
        "metric": "accuracy",
        "members": {"net": {**member, "fit": fit}},
        "folds": dealt(folder, ids, k),
    }


def frames(folder: Path, k: int) -> dict[str, Any]:
    """Simulated showers, 160 samples of 4 frames of 96 × 96 to the next one, for a `unet` of width 16."""
    write_codes(folder / "frames.npy", 160, 96)
    data = {"kind": "frames", "train": "frames.npy", "unit": "0.01 mm/h"}
    fit = {**FIT, "epochs": 4, "batch_size": 16}
    member = {"model": {"unet": {"width": 16}}, "loss": "mae", "fit": fit}
    ids = [str(i) for i in range(160)]
    return {"data": data, "metric": "mae", "members": {"net": member}, "folds": dealt(folder, ids, k)}


def rocket(folder: Path, k: int) -> dict[str, Any]:
    """Simulated windows `(3000, 150, 6)` of 6 classes for `minirocket` with a ridge; 10,000 kernels."""
    rng = np.random.default_rng(0)
    y = np.arange(3000) % 6
    X = rng.standard_normal((len(y), 150, 6), dtype=np.float32)
    X += np.sin(np.arange(150)[None, :] * (1 + y[:, None]) / 20)[:, :, None].astype(np.float32) / 2
    folds = labelled(folder, X, y, k)
    data = {"kind": "windows", "train": "train.npy", "labels": "labels.csv", "id": "id", "target": "label"}
    return {
        "data": data,
        "metric": "accuracy",
        "prepare": [],
        "members": {"net": {"model": "minirocket"}},
        "folds": folds,
    }


def labelled(folder: Path, X: np.ndarray, y: np.ndarray, k: int) -> dict[str, Any]:
    """The windows, their labels and folds as files."""
    np.save(folder / "train.npy", X)
    ids = [f"w{i:04}" for i in range(len(X))]
    rows = [f"{one},c{code:02}" for one, code in zip(ids, y)]
    (folder / "labels.csv").write_text("\n".join(["id,label", *rows]) + "\n")
    return dealt(folder, ids, k)


KINDS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "windows": windows,
    "images": images,
    "frames": frames,
}


def dealt(folder: Path, ids: list[str], k: int) -> dict[str, Any]:
    """The folds as a file that both read: rows dealt out in turn."""
    rows = [f"{one},{i % k}" for i, one in enumerate(ids)]
    (folder / "folds.csv").write_text("\n".join(["id,fold", *rows]) + "\n")
    return {"kind": "file", "path": "folds.csv"}


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds of a process from start to end, and the most memory of it or of one that it started, MiB."""
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit(
                f"{' '.join(command)} ended with {process.returncode}:\n{log.read()[-3000:].decode(errors='replace')}"
            )
    return seconds, used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


Series = dict[str, list[tuple[float, float]]]


def race(kind: str, said: argparse.Namespace) -> Series:
    """Seconds and MiB of each whole run, round by round, after one that warms the system's caches."""
    series: Series = {"Holdfast": [], "script": []}
    with tempfile.TemporaryDirectory() as made_in:
        folder = Path(made_in)
        recipe = {"name": kind, **KINDS[kind](folder, said.k)}
        (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
        member = recipe["members"]["net"]
        asked = {
            "kind": kind,
            "folder": str(folder),
            "k": said.k,
            "threads": said.threads,
            "size": PHOTO,
            **member["fit"],
        }
        scripted = [sys.executable, str(SCRIPT), json.dumps(asked)]
        for turn in range(said.rounds + 1):
            cache, run = folder / f"cache-{turn}", folder / f"run-{turn}"
            whole = [sys.executable, "-m", "holdfast", "train", str(folder / "recipe.yaml"), "-o", str(run)]
            took = {
                "Holdfast": timed(whole, {**os.environ, "HOLDFAST_CACHE": str(cache)}),
                "script": timed(scripted, {**os.environ, "OMP_NUM_THREADS": str(said.threads)}),
            }
            same_rows(run, folder / "oof.npy")
            for path in (cache, run):
                shutil.rmtree(path, ignore_errors=True)
            print(f"{kind}: round {turn} of {said.rounds}: {took}", file=sys.stderr)
            for name, value in took.items() if turn else ():
                series[name].append(value)
    return series


def same_rows(run: Path, scripted: Path) -> None:
    """Both have predicted every row, in arrays of one shape."""
    shapes = [np.load(path, mmap_mode="r").shape for path in (run / "oof-net.npy", scripted)]
    if shapes[0] != shapes[1]:
        sys.exit(f"not the same work: out-of-fold predictions of {shapes[0]} and {shapes[1]}")


def options() -> argparse.Namespace:
    from holdfast.engine.threads import cores

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), help="of data")
    add("--rounds", type=int, default=3, help="turns of each that count")
    add("--k", type=int, default=4, help="folds")
    add("--threads", type=int, default=cores(), help="processor threads of the script")
    return parser.parse_args()


def lines(series: dict[str, Series]) -> list[list[str]]:
    """The rows of the table."""
    rows = []
    for kind, made in series.items():
        script = [seconds for seconds, _ in made["script"]]
        for name, values in made.items():
            seconds = [one for one, _ in values]
            rows.append([
                kind, name, f"{median(seconds):.1f}", f"{min(seconds):.1f}–{max(seconds):.1f}",
                f"{max(memory for _, memory in values):.0f}",
                "–" if name == "script" else f"{ratio(script, seconds):.2f}",
            ])  # fmt: skip
    return rows


def verdicts(kind: str, made: Series) -> list[str]:
    """What is asked of a kind of data, and whether it was reached."""
    holdfast, script = ([seconds for seconds, _ in made[name]] for name in ("Holdfast", "script"))
    said = [verdict(f"{kind}, script ÷ Holdfast", ratio(script, holdfast), LEAST[kind])]
    if kind == "rocket":
        holdfast, script = ([memory for _, memory in made[name]] for name in ("Holdfast", "script"))
        said.append(
            verdict("rocket, memory of the script ÷ Holdfast's", ratio(script, holdfast), LEAST_MEMORY)
        )
    return said


def main() -> None:
    said = options()
    series = {kind: race(kind, said) for kind in said.kinds}
    print(
        f"{facts(said.threads, {})}\n\nsimulated data, {said.k} folds; medians of {said.rounds} interleaved rounds\n"
    )
    header = ["kind", "whole run of", "seconds", "least–most", "MiB of the largest process", "times as fast"]
    print(table(header, lines(series)) + "\n")
    for kind, made in series.items():
        print(f"{kind}: {KINDS[kind].__doc__}")
        print("\n".join(verdicts(kind, made)))


if __name__ == "__main__":
    main()
