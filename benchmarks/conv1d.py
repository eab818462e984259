"""`conv_residual` through Holdfast beside the same network in bare torch and in Keras: one table.

    python benchmarks/conv1d.py [--rounds 7] [--steps 12] [--threads N] [--no-keras] [--scores FOLDER]

Every contestant is a process that stays alive and computes only when it is its turn: A B C A B C …, so that
a machine that slows down slows all of them. Figures are medians over rounds with the least and the most;
a ratio is taken in each round and its median given. Holdfast's figure is that of a real fold (pipeline,
feed, hooks, checkpoint, clipping, `predict`); the others do not clip, save or watch anything.

`--scores FOLDER` also trains all of them on the same folds of a folder of windows, and gives the
out-of-fold macro F1 of each with its interval.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from environments import make_environment, python_of
from race import Contestant, ratio, rounds, verdict, workers
from table import table

STEPS, CHANNELS = 600, 18
KERNEL, POOL, CONVOLUTIONS = 9, 3, 3
BATCHES = (16, 64)
TASKS = ("train", "predict")
SAID = {"train": "training", "predict": "inference"}


HOLDFAST, TORCH = (
    Contestant("Holdfast", "through_holdfast.py", "32"),
    Contestant("bare torch", "plain_torch.py", "32"),
)
KERAS = Contestant("Keras", "plain_keras.py", "32", python_of("keras"))
LOW = [Contestant(each.name, each.script, "bf16") for each in (HOLDFAST, TORCH)]


def flops(width: int, training: bool) -> float:
    """Floating-point operations of the convolutions for one window.

    Forward, two for each multiply-add; backward the same again for the weights and for the inputs, but for
    the first convolution, whose input needs no gradient.
    """
    first = 2 * STEPS * KERNEL * CHANNELS * width
    inner = 2 * KERNEL * width * width * (STEPS * (CONVOLUTIONS - 1) + STEPS // POOL * CONVOLUTIONS)
    return float(2 * first + 3 * inner if training else first + inner)


Series = dict[tuple[int, str, Contestant], list[float]]


def race(contestants: list[Contestant], options: argparse.Namespace) -> tuple[Series, dict[str, list[float]]]:
    """Samples a second of (batch, task, contestant), round by round; and the matmul rates in the same rounds."""
    series: Series = {}
    rates: dict[str, list[float]] = {}
    samples = options.steps * max(options.batches)
    for batch in options.batches:
        settings = {
            "task": "speed", "batch": batch, "samples": samples, "turns": options.rounds + 1,
            "threads": options.threads, "width": options.width, "optimizer": options.optimizer,
        }  # fmt: skip
        matmuls = [
            Contestant("matmul", "matmul.py", p) for p in sorted({each.precision for each in contestants})
        ]
        with workers([*matmuls, *contestants], settings) as made:
            for task in TASKS:
                answers = rounds(made, task, options.rounds, f"batch {batch}, {task}")
                for each, values in answers.items():
                    if each in matmuls:
                        rates.setdefault(each.precision, []).extend(values)
                    else:
                        series[batch, task, each] = values
    return series, rates


def speeds(series: Series, rates: dict[str, list[float]], width: int) -> str:
    """The table."""
    rows = []
    for (batch, task, each), values in series.items():
        share = median(values) * flops(width, task == "train") / median(rates[each.precision])
        same = Contestant(TORCH.name, TORCH.script, each.precision)
        others = [series.get((batch, task, other)) for other in (same, TORCH, KERAS)]
        rows.append([
            str(batch), SAID[task], str(each),
            f"{median(values):.0f}", f"{min(values):.0f}–{max(values):.0f}", f"{share:.0%}",
            *("–" if other is None else f"{ratio(values, other):.2f}" for other in others),
        ])  # fmt: skip
    header = [
        "batch", "task", "contestant", "samples/s", "least–most", "of matmul",
        "÷ torch", "÷ torch float32", "÷ Keras",
    ]  # fmt: skip
    return table(header, rows)


@dataclass(frozen=True)
class Bar:
    """What the project asks of batch 64."""

    above: Contestant
    below: Contestant
    least: float
    task: str = "train"


def verdicts(series: Series) -> list[str]:
    """A line for each bar whose two sides ran."""
    bars = [
        Bar(HOLDFAST, TORCH, 0.95),
        Bar(LOW[0], LOW[1], 0.95),
        Bar(LOW[0], KERAS, 1.6),
        Bar(LOW[0], TORCH, 1.7),
        Bar(LOW[0], KERAS, 1.5, "predict"),
    ]
    lines = []
    for bar in bars:
        above, below = (series.get((max(BATCHES), bar.task, each)) for each in (bar.above, bar.below))
        if above and below:
            what = f"batch 64 {SAID[bar.task]}, {bar.above} ÷ {bar.below}"
            lines.append(verdict(what, ratio(above, below), bar.least))
    return lines


def score(contestants: list[Contestant], options: argparse.Namespace) -> str:
    """The same folds of a real folder through every contestant: out-of-fold macro F1 with its interval."""
    from holdfast.metrics.intervals import score_with_interval
    from holdfast.plan.answers import Answers
    from holdfast.plan.new import new
    from holdfast.recipe.load import load_recipe
    from holdfast.recipe.schema import Recipe
    from holdfast.train import prepare

    rows = []
    with tempfile.TemporaryDirectory() as made_in:
        folder = Path(made_in)
        new(options.scores, "fast", folder / "recipe.yaml", Answers(metric="macro_f1"))
        fit = {
            "epochs": options.epochs, "batch_size": 64, "optimizer": options.optimizer, "precision": "32",
        }  # fmt: skip
        members = {"conv": {"model": {"conv_residual": {"width": options.scores_width}}, "fit": fit}}
        values = load_recipe(folder / "recipe.yaml").written() | {
            "members": members,
            "prepare": None,
            "threads": 1,
        }
        plan = prepare(Recipe.model_validate(values), folder)
        work, target = plan.work, plan.work.train.target
        assert target is not None
        fold = work.folds.fold[0]
        folds = list(range(min(options.folds_used, work.folds.k)))
        scored = np.flatnonzero(np.isin(fold, folds))
        np.save(folder / "X.npy", work.train.read())
        np.save(folder / "y.npy", target)
        np.save(folder / "fold.npy", fold)
        for number, each in enumerate(contestants):
            values["members"]["conv"]["fit"]["precision"] = each.precision
            (folder / "recipe.yaml").write_text(json.dumps(values), encoding="utf-8")
            settings = {
                "task": "scores", "batch": 64, "folder": str(folder), "folds": folds, "name": f"oof-{number}",
                "threads": options.threads, "width": options.scores_width, "epochs": options.epochs,
                "optimizer": options.optimizer,
            }  # fmt: skip
            with workers([each], settings) as one:
                seconds = one[each].ask("score")
            oof = np.full((len(target), work.target.n_classes), np.nan)
            for k in folds:
                oof[fold == k] = np.load(folder / f"oof-{number}-{k}.npy")
            groups = None if work.train.groups is None else work.train.groups[scored]
            got = score_with_interval(plan.metric, target[scored], [oof[scored]], groups)
            rows.append([str(each), str(got), got.how, str(got.units), f"{seconds:.0f}"])
        of = f"{len(folds)} of {work.folds.k} folds ({len(scored)} of {len(target)} windows)"
    title = (
        f"{options.scores.resolve().name}: {plan.metric.name}, {of}, width {options.scores_width},"
        f" {options.epochs} epochs, cosine, norm of the gradient at most 1"
    )
    return title + "\n\n" + table(["contestant", "out-of-fold", "interval", "units", "seconds"], rows)


def options() -> argparse.Namespace:
    from holdfast.engine.threads import cores

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=7, help="turns of each contestant that count")
    add("--steps", type=int, default=12, help="batches of 64 in a turn; batches of 16 take as many windows")
    add("--batches", type=int, nargs="+", default=list(BATCHES), help="samples a step")
    add("--threads", type=int, default=cores(), help="processor threads of each contestant")
    add("--width", type=int, default=128, help="filters of each convolution")
    add("--optimizer", choices=["nadam", "adamw"], default="nadam", help="of all contestants")
    add("--no-keras", action="store_true", help="leave Keras out")
    add("--scores", type=Path, metavar="FOLDER", help="a folder of windows with labels: scores of each, too")
    add("--no-speed", action="store_true", help="scores only")
    add("--folds-used", type=int, default=2, help="folds that --scores trains")
    add("--epochs", type=int, default=8, help="epochs a fold of --scores")
    add("--scores-width", type=int, default=64, help="filters of each convolution of --scores")
    return parser.parse_args()


def main() -> None:
    said = options()
    from holdfast.fit.precision import chosen_precision

    contestants = [HOLDFAST, TORCH]
    if not said.no_keras:
        make_environment("keras")
        contestants.append(KERAS)
    low = chosen_precision("auto") == "bf16"
    contestants += LOW if low else []
    if not said.no_speed:
        series, rates = race(contestants, said)
        print(
            f"simulated windows ({STEPS}, {CHANNELS}), 61 classes; width {said.width}, {said.optimizer};"
            f" {said.threads} threads each; medians of {said.rounds} interleaved rounds of"
            f" {said.steps * max(said.batches)} windows\n"
        )
        print(speeds(series, rates, said.width) + "\n")
        for precision, values in rates.items():
            name = "float32" if precision == "32" else precision
            least, most = (end(values) / 1e9 for end in (min, max))
            print(f"matmul {name}: {median(values) / 1e9:.0f} GFLOP/s ({least:.0f}–{most:.0f})")
        print("of matmul: the convolutions' arithmetic alone, as a share of that rate")
        print("inference: Holdfast in batches of its own choice, the others in the row's")
        print("\n".join(verdicts(series)))
    if not low:
        print("no bf16 in this processor's hardware: skipped")
    if said.scores is not None:
        print("\n" + score(contestants, said))


if __name__ == "__main__":
    main()
