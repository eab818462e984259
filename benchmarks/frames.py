"""`unet` and `unet_conv_lstm` through Holdfast beside bare torch and Keras; streaming beside memory. Two tables.

    python benchmarks/frames.py [--rounds 5] [--steps 4] [--width 16] [--threads N] [--no-keras] [--no-stream]

All frames are simulated. In the first table every contestant is a process that stays alive and computes only when
it is its turn: A B C A B C …; figures are medians over rounds, a ratio is taken in each round and its median given.
Holdfast's figure is that of a real fold (feed, scaling to log rain, hooks, checkpoint, clipping; forecasts back in
mm/h); bare torch trains the same module, Keras the same layers (as many weights), on frames scaled beforehand.

In the second, a file of TIMES times the memory cap is written, and a U-Net is trained on samples from all over it:
once without a cap and with all frames in memory, once with the cap on what the process may take beyond its loaded
libraries (`ulimit -d`), which leaves Holdfast only to stream from the memory map. The file's pages are dropped from
the system's cache before each turn.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from arithmetic import flops
from contestants.showers import STEPS, write_codes
from environments import make_environment, python_of
from race import Contestant, ratio, rounds, verdict, workers
from table import table

NETWORKS = ("unet", "unet_conv_lstm")
TASKS = ("train", "predict")
HOLDFAST = Contestant("Holdfast", "frames_holdfast.py", "32")
TORCH = Contestant("bare torch", "frames_torch.py", "32")
KERAS = Contestant("Keras", "frames_keras.py", "32", python_of("keras"))
LOW = [Contestant(each.name, each.script, "bf16") for each in (HOLDFAST, TORCH)]
MEMORY, STREAM = (Contestant(name, "frames_fed.py", "32") for name in ("in memory", "streamed"))
PIXEL = 2  # bytes of a code on disk
LEAST_STREAMED = 0.9  # of the rate in memory, with the set at ten times the cap
FED_WIDTH, FED_BATCH = 8, 8  # of the second table: a step that leaves most of a small cap to the feed
MIB = 1 << 20

Series = dict[tuple[str, str, Contestant], list[float]]


def work_of(network: str, width: int, side: int) -> dict[str, float]:
    """Floating-point operations of one sample, by task."""
    from holdfast.recipe.registry import parse

    model: Any = parse("model", {network: {"width": width}})
    return flops(model.build((STEPS, side, side), 1), STEPS, side, side)


def race(
    contestants: list[Contestant], options: argparse.Namespace
) -> tuple[Series, dict[str, list[float]], dict[str, int]]:
    """Samples a second of (network, task, contestant), matmul rates in the same rounds, and each network's weights."""
    series: Series = {}
    rates: dict[str, list[float]] = {}
    weights: dict[str, int] = {}
    matmuls = [Contestant("matmul", "matmul.py", p) for p in sorted({each.precision for each in contestants})]
    for network in options.networks:
        settings = {
            "network": network, "batch": options.batch, "samples": options.steps * options.batch, "side": options.side,
            "turns": options.rounds + 1, "threads": options.threads, "width": options.width,
        }  # fmt: skip
        with workers([*matmuls, *contestants], settings) as made:
            for task in TASKS:
                for each, values in rounds(made, task, options.rounds, f"{network}, {task}").items():
                    if each in matmuls:
                        rates.setdefault(each.precision, []).extend(values)
                    else:
                        series[network, task, each] = values
            counts = {each: int(made[each].ask("parameters")) for each in contestants}
        if len(set(counts.values())) > 1:
            sys.exit(
                f"{network}: not the same network: {', '.join(f'{each} {n}' for each, n in counts.items())}"
            )
        weights[network] = counts[contestants[0]]
    return series, rates, weights


def speeds(series: Series, rates: dict[str, list[float]], options: argparse.Namespace) -> str:
    """The first table."""
    work = {network: work_of(network, options.width, options.side) for network in options.networks}
    rows = []
    for (network, task, each), values in series.items():
        share = median(values) * work[network][task] / median(rates[each.precision])
        same = Contestant(TORCH.name, TORCH.script, each.precision)
        others = [series.get((network, task, other)) for other in (same, TORCH, KERAS)]
        rows.append([
            network, {"train": "training", "predict": "inference"}[task], str(each),
            f"{median(values):.1f}", f"{min(values):.1f}–{max(values):.1f}",
            f"{median(values) * work[network][task] / 1e9:.0f}", f"{share:.0%}",
            *("–" if other is None else f"{ratio(values, other):.2f}" for other in others),
        ])  # fmt: skip
    header = [
        "network", "task", "contestant", "samples/s", "least–most", "GFLOP/s", "of matmul", "÷ torch",
        "÷ torch float32", "÷ Keras",
    ]  # fmt: skip
    return table(header, rows)


def feeds(options: argparse.Namespace) -> list[str]:
    """The second table, with what it was made on and whether the bar was reached."""
    sample = (STEPS + 1) * options.side**2 * PIXEL
    count = max(options.times * options.cap * MIB // sample, FED_BATCH)
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        write_codes(Path(folder) / "frames.npy", count, options.side)
        settings = {
            "folder": folder, "batch": FED_BATCH, "samples": options.steps * options.batch, "width": FED_WIDTH,
            "threads": options.threads, "cap": 0,
        }  # fmt: skip
        with (
            workers([MEMORY], settings) as free,
            workers([STREAM], {**settings, "cap": options.cap}) as capped,
        ):
            made = {**free, **capped}
            answers = rounds(made, "train", options.rounds, f"{count} samples")
            streams = {each: bool(made[each].ask("streams")) for each in made}
            own = {each: made[each].ask("own") for each in made}
            resident = {each: made[each].ask("resident") for each in made}
    if streams[MEMORY]:
        sys.exit(
            "--cap: the set does not fit in this machine's memory, so there is nothing to compare; take a smaller cap"
        )
    rows = [
        [
            each.name, "yes" if streams[each] else "no", "none" if each is MEMORY else f"{options.cap}",
            f"{median(values):.1f}", f"{min(values):.1f}–{max(values):.1f}", f"{own[each]:.0f}", f"{resident[each]:.0f}",
        ]
        for each, values in answers.items()
    ]  # fmt: skip
    header = [
        "feed",
        "streams",
        "cap, MiB",
        "samples/s",
        "least–most",
        "own memory at its peak, MiB",
        "resident, MiB",
    ]
    lines = [
        f"simulated set of {count} samples, {count * sample / MIB:.0f} MiB of codes on disk,"
        f" {count * sample * 2 / MIB:.0f} MiB as float32; unet width {FED_WIDTH}, batch {FED_BATCH}\n",
        table(header, rows),
        "\nown: beyond the loaded libraries, pages of files left out; resident: with libraries and pages of the file",
    ]
    got = ratio(answers[STREAM], answers[MEMORY])
    return [*lines, verdict(f"streamed ÷ in memory, set {options.times} times the cap", got, LEAST_STREAMED)]


def options() -> argparse.Namespace:
    from holdfast.engine.threads import cores

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="which are raced")
    add("--rounds", type=int, default=5, help="turns of each contestant that count")
    add("--steps", type=int, default=4, help="batches in a turn")
    add("--batch", type=int, default=16, help="samples a step")
    add("--side", type=int, default=120, help="pixels of a frame's side")
    add("--width", type=int, default=16, help="filters of the first level")
    add("--threads", type=int, default=cores(), help="processor threads of each contestant")
    add("--no-keras", action="store_true", help="leave Keras out")
    add("--no-speed", action="store_true", help="the second table only")
    add("--no-stream", action="store_true", help="the first table only")
    add("--cap", type=int, default=192, help="MiB that streaming may take beyond its libraries")
    add("--times", type=int, default=10, help="how many times the cap the set is on disk")
    add(
        "--scratch",
        type=Path,
        help="where the set is written, and deleted again; by default the system's place",
    )
    return parser.parse_args()


def main() -> None:
    said = options()
    from holdfast.fit.precision import chosen_precision

    if not said.no_speed:
        contestants = [HOLDFAST, TORCH]
        if not said.no_keras:
            make_environment("keras")
            contestants.append(KERAS)
        low = chosen_precision("auto") == "bf16"
        series, rates, weights = race([*contestants, *(LOW if low else [])], said)
        print(
            f"simulated showers, {STEPS} frames of {said.side} × {said.side} to the next one; width {said.width},"
            f" batch {said.batch}, AdamW; {said.threads} threads each; medians of {said.rounds} interleaved rounds of"
            f" {said.steps * said.batch} samples\n"
        )
        print(speeds(series, rates, said) + "\n")
        for precision, values in rates.items():
            name = "float32" if precision == "32" else precision
            least, most = (end(values) / 1e9 for end in (min, max))
            print(f"matmul {name}: {median(values) / 1e9:.0f} GFLOP/s ({least:.0f}–{most:.0f})")
        print("GFLOP/s: convolutions and products as torch counts them; of matmul: as a share of that rate")
        print("weights: " + ", ".join(f"{name} {count:,}" for name, count in weights.items()))
        if not low:
            print("no bf16 in this processor's hardware: skipped")
    if not said.no_stream:
        print("\n" * (not said.no_speed) + "\n".join(feeds(said)))


if __name__ == "__main__":
    main()
