"""What a study of importance found: drops of the metric, and the lists that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from holdfast.select.importance import (
    LEVEL,
    SHARE,
    agreement,
    by_importance,
    rank_intervals,
    share_in_top,
    stable,
)
from holdfast.store.atomic import write_json, write_whole
from holdfast.store.run import Run


@dataclass(frozen=True)
class Importance:
    """Drops of the metric, `(members, folds, clusters, repeats)`, folds of all the recipe's repeats in a row.

    `left_out`: members without a table, or with another, and why.
    """

    run: str
    metric: str
    threshold: float
    top: int
    rows: int
    members: tuple[str, ...]
    left_out: dict[str, str]
    columns: tuple[str, ...]
    clusters: tuple[np.ndarray, ...]
    folds: tuple[tuple[int, int], ...]  # (repeat, fold)
    drops: np.ndarray

    @property
    def by_fold(self) -> np.ndarray:
        """`(folds, clusters)`: the mean over members and permutations, which stands for the ensemble."""
        return self.drops.mean(axis=(0, 3))

    @property
    def order(self) -> np.ndarray:
        """Numbers of the clusters, the most important first."""
        return by_importance(self.by_fold)

    @property
    def stable(self) -> np.ndarray:
        """Clusters among the first `top` in at least `SHARE` of folds, the most important first."""
        return stable(self.by_fold, self.top)

    @property
    def agreement(self) -> float:
        """Kendall's tau-b, the mean over pairs of folds."""
        return agreement(self.by_fold)

    def named(self, cluster: int) -> list[str]:
        """The columns of a cluster."""
        return [self.columns[column] for column in self.clusters[cluster]]

    def table(self) -> list[dict[str, Any]]:
        """A row for each cluster, the most important first."""
        drops = self.by_fold
        low, high = rank_intervals(drops)
        share, held = share_in_top(drops, self.top), set(self.stable.tolist())
        return [
            {
                "cluster": int(c),
                "columns": self.named(c),
                "drop": float(drops[:, c].mean()),
                "rank": place + 1,
                "rank_low": float(low[c]),
                "rank_high": float(high[c]),
                "share_in_top": float(share[c]),
                "stable": int(c) in held,
            }
            for place, c in enumerate(self.order)
        ]

    def plain(self) -> dict[str, Any]:
        """What `importance.json` holds."""
        found = self.agreement
        return {
            "run": self.run,
            "metric": self.metric,
            "members": list(self.members),
            "left_out": self.left_out,
            "threshold": self.threshold,
            "top": self.top,
            "folds": len(self.folds),
            "permutations": self.drops.shape[3],
            "rows": self.rows,
            "rank_interval": LEVEL,
            "stable_share": SHARE,
            "agreement": None if np.isnan(found) else found,
            "clusters": self.table(),
        }

    def frame(self) -> pd.DataFrame:
        """Every drop: member, repeat, fold, cluster, permutation, drop."""
        index = pd.MultiIndex.from_product(
            [self.members, range(len(self.folds)), *(range(size) for size in self.drops.shape[2:])],
            names=["member", "place", "cluster", "permutation"],
        )
        frame = pd.DataFrame({"drop": self.drops.ravel()}, index=index).reset_index()
        placed = np.array(self.folds)[frame.pop("place")]
        frame.insert(1, "repeat", placed[:, 0])
        frame.insert(2, "fold", placed[:, 1])
        return frame


def compare(one: Importance, other: Importance) -> dict[str, Any]:
    """How far two runs agree: clusters that both have among their first, and Kendall's tau-b of all of them.

    Both counted by the same clusters, as `importance(…, like=one)` does.
    """
    top = min(one.top, len(one.clusters))
    tau = agreement(np.stack([one.by_fold.mean(axis=0), other.by_fold.mean(axis=0)]))
    return {
        "runs": [one.run, other.run],
        "shared": len(set(one.order[:top].tolist()) & set(other.order[:top].tolist())),
        "of": top,
        "stable": [len(one.stable), len(other.stable)],
        "stable_shared": len(set(one.stable.tolist()) & set(other.stable.tolist())),
        "tau": None if np.isnan(tau) else tau,
    }


def stem(members: Sequence[str] | None) -> str:
    """What the files are called: `importance`, or `importance-NAME` where members are named.

    >>> stem(None), stem(["svc"])
    ('importance', 'importance-svc')
    """
    return "-".join(["importance", *(members or ())])


def save(found: Importance, run: Run, name: str) -> None:
    """`NAME.parquet` with every drop, and `NAME.json` with the lists."""
    frame = found.frame()
    write_whole(run.path / f"{name}.parquet", lambda file: frame.to_parquet(file, index=False))
    write_json(run.path / f"{name}.json", found.plain())
