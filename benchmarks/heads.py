"""One model for a joint class, or one output, or one network, for each attribute? Heads on the same folds: two tables.

    python benchmarks/heads.py FOLDER [--epochs 20] [--k 5] [--repeats 1] [--out runs/bench-heads]

FOLDER holds pictures whose class is made of attributes, as `masks` does. The recipe is what `holdfast new` writes
for it (preset fast), its network four times, with another head each: joint (one softmax over all classes),
per_attribute (one network, an output for each attribute), separate (a network for each attribute), sigmoid (each
class against all others). Folds and everything else are the same, each head with its plain loss; what is learned
after training (calibration, thresholds) is left out.

The first table gives out-of-fold macro F1 of the class with its interval, and of each attribute; the second the
differences of the pooled scores with the corrected resampled t interval (Nadeau and Bengio 2003) and Holm's
adjusted p. Folds are kept in OUT as they come; the same command again goes on after the last one.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from fast_network import METRIC, fast_network
from table import table

from holdfast.engine.threads import cores
from holdfast.errors import BadInput
from holdfast.metrics.base import Metric
from holdfast.metrics.intervals import score_with_interval
from holdfast.metrics.paired import holm, paired
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import parse
from holdfast.recipe.target import TargetSpec, encode
from holdfast.store.hashes import hash_value
from holdfast.store.run import Run
from holdfast.train import train

HEADS = ("joint", "per_attribute", "separate", "sigmoid")
FIRST = "joint"  # that the others are compared with first


def recipe_of_heads(said: argparse.Namespace) -> dict[str, Any]:
    """The fast preset's network with each head, as plain values."""
    name, values = fast_network(said.folder, said.out, said.k, said.epochs, said.threads, said.model)
    if not values["data"].get("attributes"):
        raise BadInput(
            f"{said.folder}: expected pictures whose class is made of attributes; `new` found none in it"
        )
    member = values["members"][name]
    values["members"] = {head: {**member, "head": head, "loss": None} for head in HEADS}
    values["folds"]["repeats"] = said.repeats
    return {**values, "name": "heads", "ensemble": "mean"}


@dataclass(frozen=True)
class Scored:
    """Out-of-fold predictions of all heads, `(repeats, n, classes)`, and what they are scored by."""

    run: Run
    target: TargetSpec
    truth: np.ndarray  # codes `(n,)`
    groups: np.ndarray | None
    folds: np.ndarray  # `(repeats, n)`
    oof: dict[str, np.ndarray]

    @classmethod
    def of(cls, run: Run) -> Scored:
        index = run.oof
        repeats = int(index["repeat"].max()) + 1
        n = len(index) // repeats
        target = TargetSpec.model_validate(run.scores["target"])
        groups = index["group"].iloc[:n]
        return cls(
            run, target, encode(index["truth"].iloc[:n], target.names),
            None if groups.isna().all() else groups.to_numpy(dtype=str),
            index["fold"].to_numpy().reshape(repeats, n),
            {head: run.predictions(head).reshape(repeats, n, -1) for head in HEADS},
        )  # fmt: skip

    def seconds(self, head: str) -> float:
        """Training and predicting, over all folds."""
        done = (self.run.done(head, r, int(k)) for r, fold in enumerate(self.folds) for k in np.unique(fold))
        return sum(facts["seconds"] for facts in done if facts is not None)


def scores(scored: Scored, metric: Metric) -> str:
    """A row a head: the class with its interval, each attribute, seconds."""
    rows = []
    for head, oof in scored.oof.items():
        joint = score_with_interval(metric, scored.truth, list(oof), scored.groups)
        of_each = [
            np.mean([metric.score(one.codes(scored.truth), one.marginal(part)) for part in oof])
            for one in scored.target.attributes
        ]
        rows.append([head, str(joint), *(f"{value:.4f}" for value in of_each), f"{scored.seconds(head):.0f}"])
    return table(["head", METRIC, *(one.name for one in scored.target.attributes), "seconds"], rows)


def differences(scored: Scored, metric: Metric, pairs: Sequence[tuple[str, str]]) -> str:
    """A row a pair: the difference with its interval; p as it is, and adjusted for as many pairs."""
    compared = [
        paired(metric, scored.truth, scored.oof[first], scored.oof[second], scored.folds)
        for first, second in pairs
    ]
    adjusted = holm(np.array([one.p for one in compared]))
    rows = [
        [f"{first} − {second}", str(one), f"{one.p:.3f}", f"{together:.3f}"]
        for (first, second), one, together in zip(pairs, compared, adjusted, strict=True)
    ]
    return table(["pair", f"difference of {METRIC}", "p", f"Holm, of {len(pairs)}"], rows)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folder", type=Path, help="a competition folder of pictures with attributes")
    add("--epochs", type=int, help="in place of the preset's")
    add("--k", type=int, help="folds; by default what `new` finds")
    add("--repeats", type=int, default=1, help="how many times the folds are drawn")
    add("--model", help="timm's name of a network, in place of the preset's")
    add("--threads", type=int, default=cores(), help="processor threads")
    add("--out", type=Path, default=Path("runs/bench-heads"), help="folder of the recipe and the run")
    return parser.parse_args()


def tell(event: dict[str, Any]) -> None:
    if event.get("event") == "done":
        line = f"{event['job']}: {event['member']} so far {event['metric']} {event['value']:.4f}"
        print(line, file=sys.stderr, flush=True)


def main() -> None:
    said = options()
    said.out.mkdir(parents=True, exist_ok=True)
    try:
        values = recipe_of_heads(said)
        mark = hash_value(values)[:8]
        file = said.out / f"heads-{mark}.yaml"
        file.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")
        scored = Scored.of(train(file, said.out / f"heads-{mark}", report=tell))
    except BadInput as error:
        sys.exit(f"error: {error}")
    metric = parse("metric", METRIC)
    assert isinstance(metric, Metric)
    recipe = load_recipe(values)
    epochs = recipe.fit.merged(recipe.members[FIRST].fit).epochs
    repeats, n = scored.folds.shape
    print(
        f"{said.folder.resolve().name}: {n} pictures, {scored.target.n_classes} classes; {epochs} epochs,"
        f" {int(scored.folds.max()) + 1} folds, {repeats} repeats, {said.threads} threads; run: {scored.run.path}\n"
    )
    print(scores(scored, metric) + "\n")
    print(differences(scored, metric, [(head, FIRST) for head in HEADS if head != FIRST]) + "\n")
    print(differences(scored, metric, list(itertools.combinations(HEADS, 2))) + "\n")
    print(f"{METRIC}: of the class over pooled out-of-fold rows, then of each attribute by its marginal")
    print("intervals of scores: bootstrap over groups; of differences: corrected resampled t")
    print(
        "folds are the same for all heads; their random seeds differ, so a difference holds seeds' luck, too"
    )


if __name__ == "__main__":
    main()
