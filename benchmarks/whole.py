"""Whole runs of k folds: `holdfast train` beside the script that a person would write, one table.

    python benchmarks/whole.py [--kinds windows images frames rocket] [--rounds 3] [--k 5] [--threads N] [--device cuda]

Every turn is a process of its own, timed from its start to its end: imports, reading, k folds, predictions of the
held-out rows. A B A B …, so that a machine that slows down slows both; a ratio is taken in each round and its median
given. All data are simulated. Both train the same network on the same folds for as many epochs with AdamW, in float32
and, where the hardware has it, in bf16; `rocket` is aeon's MiniRocket under a ridge, fitted in each fold.

The script (contestants/whole_torch.py) takes one fold after the other on all threads. Its network is put together from
torch's layers; the script called tuned has Holdfast's own modules, and data in the order in memory that suits them, so
that what is left is what a run costs beyond its folds. Photos have timm's network in both, and kernels none: there is
one script. `holdfast train` is called as anybody would call it, with no option but its folder, and takes folds side by
side where it finds that better. It also checks data and folds, clips gradients, writes every fold to disk, and scores
with intervals; of frames it makes optical flow for the floor. Its cache of data is empty each time. Its MiniRocket
chooses the penalty by inner folds and calibrates, which the script's ridge does not.

Memory: of the process and all that it started, at its peak, pages that they share counted once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import yaml
from arithmetic import flops
from process_tree import Ran, holdfast, ran
from race import ratio, verdict
from rates import Rates, measured
from table import table
from whole_sets import KINDS, LR, PHOTO, Kind, Size, write

SCRIPT = Path(__file__).resolve().parent / "contestants" / "whole_torch.py"
LEAST = 1 / 1.05  # asked of five bare folds' seconds ÷ the whole run's
LEAST_MEMORY = 2.0  # asked of the script's memory ÷ Holdfast's, with MiniRocket
WARM = 128  # samples of a run that only fills caches

Series = dict[tuple[str, str, str], list[Ran]]  # of (kind, precision, contestant)


def race(kind: str, precision: str, said: argparse.Namespace, rates: Rates) -> Series:
    """Each whole run, round by round, after a small one that fills the system's caches."""
    series: Series = {(kind, precision, name): [] for name in contestants(kind)}
    size = size_of(kind, said)
    for turn in range(said.rounds + 1):
        took = one_round(kind, size if turn else small(size), precision, said)
        print(f"{kind}, {precision}: round {turn} of {said.rounds}: {took}", file=sys.stderr)
        if turn:
            rates.look()
            for name, value in took.items():
                series[kind, precision, name].append(value)
    return series


def contestants(kind: str) -> list[str]:
    return ["Holdfast", "script", *(["tuned script"] if KINDS[kind].tuned else [])]


def one_round(kind: str, size: Size, precision: str, said: argparse.Namespace) -> dict[str, Ran]:
    """Holdfast, then the scripts, on the same files."""
    with tempfile.TemporaryDirectory() as made_in:
        folder = Path(made_in)
        recipe, run = folder / "recipe.yaml", folder / "run"
        recipe.write_text(yaml.safe_dump(write(folder, KINDS[kind], size, said.k, precision)))
        asked = {
            "kind": kind, "folder": made_in, "threads": said.threads, "device": said.device, "precision": precision,
            "model": size.model, "epochs": size.epochs, "batch": size.batch, "lr": LR, "size": PHOTO,
        }  # fmt: skip
        own = {"HOLDFAST_CACHE": str(folder / "cache"), "HOLDFAST_LEDGER": str(folder / "ledger.db")}
        took = {"Holdfast": ran(holdfast("train", str(recipe), "-o", str(run)), {**os.environ, **own})}
        shape = np.load(run / "oof-net.npy", mmap_mode="r").shape
        for name in contestants(kind)[1:]:
            settings = json.dumps({**asked, "tuned": name == "tuned script"})
            took[name] = ran([sys.executable, str(SCRIPT), settings], os.environ)
            if np.load(folder / "oof.npy", mmap_mode="r").shape != shape:
                sys.exit(f"{kind}: not the same work: the {name}'s predictions are not {shape}")
    return took


def small(size: Size) -> Size:
    return replace(size, samples=min(WARM, size.samples), epochs=min(1, size.epochs))


def size_of(kind: str, said: argparse.Namespace) -> Size:
    """The work of a kind, or as much as the options say."""
    size = KINDS[kind].sizes[said.device]
    epochs = min(size.epochs, said.epochs) if said.epochs else size.epochs
    return replace(size, samples=said.samples or size.samples, epochs=epochs)


def work(kind: Kind, size: Size, k: int) -> float:
    """Floating-point operations of a whole run: k folds' epochs on the rest, and each row predicted once."""
    from holdfast.recipe.registry import parse

    model: Any = parse("model", size.model)
    each = flops(model.build(kind.shape, kind.outputs), *kind.shape)
    return size.samples * (size.epochs * (k - 1) * each["train"] + each["predict"])


def lines(series: Series, rates: Rates, said: argparse.Namespace) -> list[list[str]]:
    """The rows of the table."""
    rows = []
    for (kind, precision, name), values in series.items():
        seconds = [one.seconds for one in values]
        scripts = [series.get((kind, each, "script")) for each in (precision, "32")]
        scripts.insert(1, series.get((kind, precision, "tuned script")))
        share = "–"
        if size_of(kind, said).epochs:
            rate = work(KINDS[kind], size_of(kind, said), said.k) / median(seconds)
            share = f"{rate / median(rates.matmul[precision]):.0%}"
        rows.append([
            kind, f"{name} {'float32' if precision == '32' else precision}", f"{median(seconds):.1f}",
            f"{min(seconds):.1f}–{max(seconds):.1f}", f"{median(one.cpu for one in values):.1f}",
            f"{max(one.peak for one in values):.0f}", share,
            *("–" if script is None else f"{ratio([one.seconds for one in script], seconds):.2f}" for script in scripts),
        ])  # fmt: skip
    return rows


HEADER = [
    "kind", "whole run of", "seconds", "least–most", "processor s", "peak MiB", "of matmul", "times as fast as script",
    "as tuned", "as script float32",
]  # fmt: skip


def verdicts(series: Series) -> list[str]:
    """What is asked at the same precision, and whether it was reached."""
    said = []
    for kind, precision in dict.fromkeys((kind, precision) for kind, precision, _ in series):
        mine, *scripts = (series[kind, precision, name] for name in contestants(kind))
        of = f"{kind}, {'float32' if precision == '32' else precision}"
        for name, script, least in zip(contestants(kind)[1:], scripts, (KINDS[kind].least, LEAST)):
            times = ratio([one.seconds for one in script], [one.seconds for one in mine])
            said.append(verdict(f"{of}, {name}'s seconds ÷ Holdfast's", times, round(least, 3)))
        if kind == "rocket":
            memory = ratio([one.peak for one in scripts[0]], [one.peak for one in mine])
            said.append(verdict(f"{of}, script's memory ÷ Holdfast's", memory, LEAST_MEMORY))
    return said


def described(kind: str, said: argparse.Namespace) -> str:
    size = size_of(kind, said)
    (model, settings), *_ = size.model.items()
    named = " ".join(
        [model, *(f"{value}" if key == "name" else f"{key} {value}" for key, value in settings.items())]
    )
    epochs = f", batches of {size.batch}, {size.epochs} epochs a fold" if size.epochs else ""
    return f"{kind}: {size.samples} {KINDS[kind].said}; {named}{epochs}"


def options() -> argparse.Namespace:
    from holdfast.engine.threads import cores

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--kinds", nargs="+", choices=list(KINDS), help="of data; by default all that the device is for")
    add("--rounds", type=int, default=3, help="turns of each that count")
    add("--k", type=int, default=5, help="folds")
    add("--threads", type=int, default=cores(), help="processor threads of the script")
    add("--device", choices=["cpu", "cuda"], default="cpu", help="where the networks train")
    add("--samples", type=int, help="of each set, in place of its own number")
    add("--epochs", type=int, help="at most, of each fold")
    said = parser.parse_args()
    said.kinds = said.kinds or [name for name, kind in KINDS.items() if said.device in kind.sizes]
    return said


def where(device: str) -> str:
    """The device's name, before what else there is. Exits where it cannot be had."""
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Holdfast takes a GPU where it sees one
        return ""
    import torch

    if not torch.cuda.is_available():
        sys.exit("no GPU here: leave --device cuda out")
    return f"{torch.cuda.get_device_name()} and "


def main() -> None:
    said = options()
    device = where(said.device)
    from holdfast.fit.precision import chosen_precision

    precisions = ["32", "bf16"] if chosen_precision("auto") == "bf16" else ["32"]
    with measured(said.threads, precisions, said.device) as rates:
        series: Series = {}
        for precision in precisions:
            for kind in said.kinds:
                if precision == "32" or size_of(kind, said).epochs:
                    series |= race(kind, precision, said, rates)
    print("\n".join(described(kind, said) for kind in said.kinds))
    print(
        f"on {device}{said.threads} processor threads; {said.k} folds; medians of {said.rounds} interleaved rounds\n"
    )
    print(table(HEADER, lines(series, rates, said)) + "\n")
    print("\n".join([*rates.said(), *verdicts(series)]))
    if len(precisions) == 1:
        print("no bf16 in this processor's hardware: skipped")


if __name__ == "__main__":
    main()
