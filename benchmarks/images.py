"""Pictures through Holdfast beside timm's own loader and a plain torchvision loop: images a second, one table.

    python benchmarks/images.py [--rounds 5] [--model resnet18] [--size 80 64] [--epochs 15] [--workers 2]

The photos are simulated: smooth random pictures with noise, written as JPEG into a temporary folder. All train
the same network of timm from random weights, in batches of 32, with a random resized crop, flips and colour jitter of
the same strengths; the bare network gets ready floats from memory and does nothing else. First all in float32, then,
where the processor multiplies it, all in bf16 (autocast). Each contestant is a process that computes only when it is
its turn: A B C D A B C D …, so that a machine that slows down slows all of them. Figures are medians over rounds with
the least and the most; a ratio is taken in each round and its median given.

End to end is computed for `--epochs` epochs: Holdfast decodes once and then trains them all; the others decode
again in each epoch, as their loaders do. Holdfast's epoch is that of a real fold (feed, hooks, checkpoint,
clipping); the others do not clip, save or watch anything. All train the same layers; Holdfast computes those of large
filters on small maps as products of matrices (holdfast/models/small_maps.py), the others as torch does by itself.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from race import Contestant, ratio, rounds, verdict, workers
from table import table

CLASSES, QUALITY, NOISE = 4, 90, 6.0  # of the photos; the noise's deviation in levels of 255
COARSE = (6, 5)  # random values that a photo is drawn from, (h, w)
HOLDFAST = Contestant("Holdfast", "images_holdfast.py", "32")
LOOP = Contestant("torchvision loop", "images_torchvision.py", "32")
TIMM = Contestant("timm's loader", "images_timm.py", "32")
MEMORY = Contestant("bare network from memory", "images_memory.py", "32")
LOADERS = (HOLDFAST, LOOP, TIMM)
ENTRANTS = {"decode": LOADERS, "load": LOADERS, "epoch": (*LOADERS, MEMORY)}
END = "end to end"
SAID = {
    "decode": "decode", "load": "batches, no training", "epoch": "epoch of training", END: END,
}  # fmt: skip
LEAST_LOOP, LEAST_MEMORY = 1.2, 0.95  # what the project asks

Series = dict[tuple[str, Contestant], list[float]]


def draw(folder: Path, count: int, size: tuple[int, int]) -> Path:
    """Simulated photos `(h, w)`, in a sub-folder for each class; the colour of a class leans its own way."""
    from PIL import Image

    rng = np.random.default_rng(0)
    lean = rng.uniform(-40, 40, (CLASSES, 3))
    for number in range(count):
        code = number % CLASSES
        coarse = np.clip(rng.uniform(40, 215, (*COARSE, 3)) + lean[code], 0, 255).astype(np.uint8)
        smooth = Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC)
        noisy = np.asarray(smooth) + rng.normal(0, NOISE, (*size, 3))
        file = folder / str(code) / f"{number:05}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(file, quality=QUALITY)
    return folder


def race(folder: Path, precision: str, options: argparse.Namespace) -> Series:
    """Images a second of (task, contestant), round by round."""
    settings = {
        "folder": str(folder), "size": options.size, "model": options.model, "batch": options.batch,
        "workers": options.workers, "threads": options.threads, "turns": options.rounds + 1,
        "channels_last": options.channels_last, "precision": precision,
    }  # fmt: skip
    series: Series = {}
    with workers([*LOADERS, MEMORY], settings) as made:
        for task, entrants in ENTRANTS.items():
            asked = {each: made[each] for each in entrants}
            for each, values in rounds(asked, task, options.rounds, SAID[task]).items():
                series[task, each] = values
    return series


def end_to_end(decode: list[float], epoch: list[float], epochs: int) -> list[float]:
    """Images a second in each round, where photos are decoded once and then trained on for some epochs.

    >>> end_to_end([100.0], [50.0], 2)
    [40.0]
    """
    return [epochs / (1 / once + epochs / each) for once, each in zip(decode, epoch, strict=True)]


def with_end(series: Series, epochs: int) -> Series:
    """The series with that of end to end: what is measured of the others' epoch holds their decoding."""
    ends = {(END, each): series["epoch", each] for each in (LOOP, TIMM)}
    holdfast = end_to_end(series["decode", HOLDFAST], series["epoch", HOLDFAST], epochs)
    return {**series, (END, HOLDFAST): holdfast, **ends}


def speeds(series: Series) -> str:
    """The table."""
    rows = []
    for (task, each), values in series.items():
        others = [series.get((task, other)) for other in (LOOP, TIMM, MEMORY)]
        rows.append([
            SAID[task], each.name, f"{median(values):.0f}", f"{min(values):.0f}–{max(values):.0f}",
            *("–" if other is None else f"{ratio(values, other):.2f}" for other in others),
        ])  # fmt: skip
    header = ["task", "contestant", "images/s", "least–most", "÷ loop", "÷ timm", "÷ memory"]
    return table(header, rows)


def verdicts(series: Series, epochs: int) -> list[str]:
    whole = ratio(series[END, HOLDFAST], series[END, LOOP])
    bare = ratio(series["epoch", HOLDFAST], series["epoch", MEMORY])
    return [
        verdict(f"end to end of {epochs} epochs, {HOLDFAST.name} ÷ {LOOP.name}", whole, LEAST_LOOP),
        verdict(f"epoch of training, {HOLDFAST.name} ÷ {MEMORY.name}", bare, LEAST_MEMORY),
    ]


def options() -> argparse.Namespace:
    from holdfast.engine.threads import cores

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="turns of each contestant that count")
    add("--photos", type=int, default=512, help="simulated photos")
    add("--photo-size", type=int, nargs=2, default=[128, 96], metavar=("H", "W"), help="of their files")
    add("--size", type=int, nargs=2, default=[80, 64], metavar=("H", "W"), help="that is trained on")
    add("--model", default="resnet18", help="timm's name of the network")
    add("--batch", type=int, default=32, help="images a step")
    add("--epochs", type=int, default=15, help="that end to end is computed for")
    add("--workers", type=int, default=2, help="worker processes of timm's loader and the plain loop")
    add("--threads", type=int, default=cores(), help="processor threads of each contestant")
    add("--channels-last", action="store_true", help="the plain loop and timm's, too, train in that order")
    return parser.parse_args()


def said_of(series: Series, precision: str, said: argparse.Namespace) -> str:
    """What was raced, the table, and whether the bars are reached."""
    arithmetic = "float32" if precision == "32" else precision
    head = (
        f"{said.photos} simulated photos (smooth random pictures, JPEG) of {said.photo_size[0]} × {said.photo_size[1]},"
        f" trained on at {said.size[0]} × {said.size[1]} (h × w); {said.model} from random weights, batches of"
        f" {said.batch}, {arithmetic}; {said.threads} threads each, {said.workers} worker processes for the loop and"
        f" timm's; medians of {said.rounds} interleaved rounds"
    )
    return "\n\n".join([head, speeds(series), "\n".join(verdicts(series, said.epochs))])


def main() -> None:
    said = options()
    from holdfast.fit.precision import chosen_precision

    precisions = ["32", "bf16"] if chosen_precision("auto") == "bf16" else ["32"]
    with tempfile.TemporaryDirectory() as made_in:
        folder = draw(Path(made_in) / "photos", said.photos, tuple(said.photo_size))
        for precision in precisions:
            series = with_end(race(folder, precision, said), said.epochs)
            print(said_of(series, precision, said) + "\n", flush=True)
    if len(precisions) == 1:
        print("no bf16 in this processor's hardware: skipped")
    order = "all in channels_last" if said.channels_last else "the loop and timm's in torch's usual order"
    print("augmentation: random resized crop, horizontal flip, colour jitter, of the same strengths")
    print("decode: into uint8 arrays of the final size; Holdfast's cache is empty each time")
    print("epoch of training: the loop's and timm's decode every photo again, Holdfast's comes decoded")
    print(
        f"end to end, computed of each round: Holdfast, decode once + {said.epochs} epochs; the others {said.epochs}"
        f" epochs, each with its decoding; {order}, Holdfast and the bare network in channels_last"
    )


if __name__ == "__main__":
    main()
