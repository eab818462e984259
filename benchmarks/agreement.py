"""How often `holdfast submissions` says that CV and leaderboard part, by their true rank correlation. One table.

    python benchmarks/agreement.py [--contests 2000] [--runs 6 10 20]

All contests are simulated: CV and public scores of their runs are normal, with a known Spearman correlation.
"""

from __future__ import annotations

import argparse

import numpy as np
from table import table

from holdfast.submit.leaderboard import Agreement, agreement

TRUE = (0.8, 0.5, 0.0, -0.5)  # Spearman's


def contest(true: float, runs: int, rng: np.random.Generator) -> Agreement:
    """What one simulated contest shows. Normal scores of Spearman `s` have Pearson's `2 sin(π s / 6)`."""
    pearson = 2 * np.sin(np.pi * true / 6)
    cv, noise = rng.normal(size=(2, runs))
    public = pearson * cv + np.sqrt(1 - pearson**2) * noise
    told = {"state": "added", "metric": "simulated", "greater_is_better": True}
    return agreement(
        [{**told, "run": i, "value": a, "public": b} for i, (a, b) in enumerate(zip(cv, public))]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contests", type=int, default=2000, help="simulated for each cell")
    parser.add_argument("--runs", type=int, nargs="+", default=[6, 10, 20], help="scored in a contest")
    said = parser.parse_args()
    rows, held = [], []
    for true in TRUE:
        alarms = []
        for runs in said.runs:
            rng = np.random.default_rng(runs)
            found = [contest(true, runs, rng) for _ in range(said.contests)]
            alarms.append(np.mean([one.parted for one in found]))
            held.append(np.mean([one.low is not None and one.low <= true <= one.high for one in found]))
        rows.append([f"{true}", *(f"{alarm:.1%}" for alarm in alarms)])
    print(table(["true correlation", *(f"{runs} runs" for runs in said.runs)], rows))
    print(f"\nthe interval held the true correlation in {min(held):.1%} to {max(held):.1%} of the contests")


if __name__ == "__main__":
    main()
