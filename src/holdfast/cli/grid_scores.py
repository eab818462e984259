"""The tables of a run that forecasts grids, as lines of text."""

from __future__ import annotations

from typing import Any

from holdfast.cli.columns import columns

Scores = dict[str, Any]
BESIDE = ("mae", "csi_0.1", "csi_1", "csi_5", "mae_csi")  # stand beside the recipe's metric
WORST = 10  # groups that are shown


def grid_score_lines(scores: Scores) -> list[str]:
    """Members' scores, the ensemble last, then what forecasts without learning, on the same samples."""
    metric = scores["metric"]
    better = "higher" if scores["greater_is_better"] else "lower"
    beside = [key for key in BESIDE if key != metric and key in scores["directions"]]
    rows = [["member", metric, "95 % interval", *beside]]
    for name, held in (*scores["members"].items(), *scores["floors"].items()):
        one = held[metric]
        interval = f"[{one['low']:.4f}, {one['high']:.4f}]"
        rows.append([name, f"{one['value']:.4f}", interval, *(f"{held[key]['value']:.4f}" for key in beside)])
    one = scores["members"]["ensemble"][metric]
    return [
        f"out-of-fold scores ({better} {metric} is better; rain in mm/h, thresholds after the metric's name)",
        *columns(rows, right=[1, *range(3, len(rows[0]))]),
        f"intervals: {one['how']}, {one['units']} of them",
        f"floors: {' and '.join(scores['floors'])}, on the same samples",
    ]


def against_lines(scores: Scores) -> list[str]:
    """The ensemble less each floor, paired, by every metric."""
    rows = [["floor", "metric", "difference", "95 % interval", "change", "95 % interval", "the ensemble is"]]
    for floor, held in scores["against"].items():
        for key, one in held.items():
            rows.append(
                [
                    *(floor, key, f"{one['value']:+.4f}", f"[{one['low']:+.4f}, {one['high']:+.4f}]"),
                    *(f"{one['percent']:+.1f} %", f"[{one['percent_low']:+.1f}, {one['percent_high']:+.1f}]"),
                    _verdict(one, scores["directions"][key]),
                ]
            )
    made = [next(iter(held.values()))["how"] for held in scores["against"].values()]
    return ["the ensemble against the floors", *columns(rows, right=[2, 4]), f"intervals: {made[0]}"]


def _verdict(one: dict[str, Any], greater_is_better: bool) -> str:
    """Where the interval leaves out 0, on which side."""
    if one["low"] <= 0 <= one["high"] or one["low"] != one["low"]:
        return "can't tell"
    return "better" if (one["low"] > 0) == greater_is_better else "worse"


def crps_lines(scores: Scores) -> list[str]:
    """The score of all members together, beside the absolute error that it becomes for a single forecast."""
    if "crps" not in scores:
        return []
    one, mae = scores["crps"], scores["members"]["ensemble"].get("mae")
    beside = "" if mae is None else f"; the ensemble's mean absolute error is {mae['value']:.4f}"
    return [f"CRPS of the members together: {one['value']:.4f} [{one['low']:.4f}, {one['high']:.4f}]{beside}"]


def group_lines(scores: Scores) -> list[str]:
    """The recipe's metric group by group, beside the floors: those where the ensemble gains least over the last one."""
    groups, metric = scores.get("per_group"), scores["metric"]
    if not groups:
        return []
    names = list(groups[0]["scores"])
    sign = 1 if scores["greater_is_better"] else -1

    def gain(row: dict[str, Any]) -> float:
        own, floor = (row["scores"][name][metric] for name in (names[0], names[-1]))
        return sign * (own - floor) if own == own and floor == floor else float("inf")

    shown = sorted(groups, key=gain)[:WORST]
    rows = [["group", "samples", *names]]
    rows += [
        [row["group"], str(row["rows"]), *(f"{row['scores'][name][metric]:.4f}" for name in names)]
        for row in shown
    ]
    which = (
        "" if len(shown) == len(groups) else f" ({len(shown)} of {len(groups)}; all of them in scores.json)"
    )
    return [
        f"{metric} group by group, first where the ensemble gains least over {names[-1]}{which}",
        *columns(rows, right=range(1, len(rows[0]))),
    ]
