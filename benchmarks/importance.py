"""How alike two lists of important columns are: Holdfast's importance beside single forests'. One table.

    python benchmarks/importance.py FOLDER [--members svc,extra_trees] [--top 10] [--pairs 3] [--out OUT]

FOLDER: a competition with a table. Compared are pairs of first-10 lists:

- Holdfast: two runs of `holdfast train` (by default svc and extra_trees) that differ in the recipe's seed and in
  the folds' seed; `holdfast importance` of both: grouped permutation on held-out rows, the mean over members.
- One forest: scikit-learn's RandomForestClassifier with its defaults and its feature_importances_, fitted
  twice, with seeds that differ: (a) on all rows; (b) each on people (groups) drawn anew with replacement, as
  many as there are, as two persons with samples of their own would. The mean over `--pairs` such pairs.

Forests list columns. To count both ways by the same clusters (those of the first run, |r| above 0.9), a
forest's clusters are the first 10 different ones met from its first column downwards. (a) is the like of the
two runs, which see the same people in other folds; (b) is harder, and Holdfast's row does not have it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import yaml
from sensors import must
from table import table

from holdfast.data.dataset import Dataset
from holdfast.store.run import Run
from holdfast.study.run_data import data_of


def runs_of(folder: Path, models: Sequence[str], k: int, out: Path) -> list[Path]:
    """Two finished runs of other seeds; those that are there are kept."""
    recipe = out / "recipe.yaml"
    must("new", str(folder), "-o", str(recipe), "--force", "--k", str(k))
    values = {
        **yaml.safe_load(recipe.read_text(encoding="utf-8")),
        "members": {name: {"model": name} for name in models},
    }
    recipe.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    made = []
    for seed in (0, 1):
        made.append(out / f"run-{seed}")
        seeds = ["--set", f"seed={seed}", "--set", f"folds.seed={seed}"]
        ran = must("train", str(recipe), "-o", str(made[-1]), *seeds)
        print(f"{made[-1]}: trained in {ran.seconds:.0f} s", file=sys.stderr, flush=True)
    return made


def importances(train: Dataset, seed: int, redrawn: bool) -> np.ndarray:
    """`feature_importances_` of one forest, on all rows or on groups drawn with replacement."""
    from sklearn.ensemble import RandomForestClassifier

    rows = np.arange(len(train))
    if redrawn:
        groups = train.ids if train.groups is None else train.groups
        names = np.unique(groups)
        drawn = np.random.default_rng(seed).choice(names, len(names))
        rows = np.concatenate([np.flatnonzero(groups == name) for name in drawn])
    X = train.read()
    X = np.where(np.isnan(X), np.nanmedian(X, axis=0), X)
    assert train.target is not None
    return (
        RandomForestClassifier(random_state=seed, n_jobs=-1)
        .fit(X[rows], train.target[rows])
        .feature_importances_
    )


def first_clusters(columns: Sequence[int], of: dict[int, int], top: int) -> set[int]:
    """The first `top` different clusters that a list of columns meets.

    >>> sorted(first_clusters([3, 0, 1, 2], {0: 0, 1: 0, 2: 5, 3: 9}, 2))
    [0, 9]
    """
    return set(list(dict.fromkeys(of[column] for column in columns))[:top])


def forest_rows(train: Dataset, of: dict[int, int], top: int, pairs: int) -> list[list[str]]:
    """A row for columns and one for clusters, on all rows and on people drawn anew."""
    lines = []
    for redrawn, differ in ((False, "seed"), (True, "seed, people drawn anew")):
        columns, clusters = [], []
        for pair in range(pairs):
            lists = [
                np.argsort(-importances(train, 2 * pair + i, redrawn), kind="stable").tolist() for i in (0, 1)
            ]
            columns.append(len(set(lists[0][:top]) & set(lists[1][:top])))
            clusters.append(len(first_clusters(lists[0], of, top) & first_clusters(lists[1], of, top)))
        for counted, shared in (("columns", columns), ("clusters", clusters)):
            each = ", ".join(map(str, shared))
            lines.append(["one forest each", differ, counted, f"{mean(shared):.1f} of {top}", each])
    return lines


def holdfast_rows(found: dict[str, Any]) -> list[list[str]]:
    """The first clusters, and the stable ones, that both runs have."""
    (pair,) = found["compared"]
    sizes = " and ".join(map(str, pair["stable"]))
    what, differ = "holdfast importance", "recipe and fold seed"
    return [
        [what, differ, "clusters", f"{pair['shared']:.1f} of {pair['of']}", str(pair["shared"])],
        [
            f"{what}, stable ones",
            differ,
            "clusters",
            f"{pair['stable_shared']} of {sizes}",
            str(pair["stable_shared"]),
        ],
    ]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folder", type=Path, help="competition folder with a table")
    add("--top", type=int, default=10, help="how many count as the first")
    add("--repeats", type=int, default=2, help="permutations of each cluster in each fold")
    add("--rows", type=int, default=300, help="held-out rows of a fold that are permuted")
    add("--members", default="svc,extra_trees", help="models of the two runs, by comma")
    add("--k", type=int, default=3, help="folds")
    add("--pairs", type=int, default=3, help="pairs of forests")
    add("--out", type=Path, default=Path("runs/bench-importance"), help="folder of runs")
    return parser.parse_args()


def main() -> None:
    said = options()
    said.out.mkdir(parents=True, exist_ok=True)
    runs = runs_of(said.folder, said.members.split(","), said.k, said.out)
    file = said.out / "importance.json"
    sizes = ["--top", str(said.top), "--repeats", str(said.repeats), "--rows", str(said.rows)]
    ran = must("importance", *map(str, runs), *sizes, "--json", str(file))
    print(f"importance of both runs: {ran.seconds:.0f} s", file=sys.stderr, flush=True)
    found = json.loads(file.read_text(encoding="utf-8"))
    train = data_of(Run(runs[0])).train
    clusters = found["runs"][0]["clusters"]
    of = {train.names.index(name): row["cluster"] for row in clusters for name in row["columns"]}
    rows = [*holdfast_rows(found), *forest_rows(train, of, said.top, said.pairs)]
    print(f"{said.folder.name}: {len(of)} columns in {len(clusters)} clusters")
    print(table(["list", "the two differ in", "counted as", "shared, mean", "each pair"], rows))
    print(f"Kendall's tau-b of the two runs over all clusters: {found['compared'][0]['tau']:.2f}")
    folds = ", ".join(f"{one['agreement']:.2f}" for one in found["runs"])
    print(f"agreement of the folds within each run, tau-b: {folds}")


if __name__ == "__main__":
    main()
