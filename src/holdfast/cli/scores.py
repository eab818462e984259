"""The tables of a run's `scores.json`, as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.cli.columns import columns
from holdfast.cli.grid_scores import grid_score_lines

if TYPE_CHECKING:
    from holdfast.store.run import Run

Scores = dict[str, Any]
HEAD = ["member", "metric", "score", "95 % interval"]


def score_lines(scores: Scores) -> list[str]:
    """Members' scores by the recipe's metric, the ensemble last, then floor and sample submission."""
    if "floors" in scores:
        return [*refit_lines(scores), *grid_score_lines(scores), *_before(scores)]
    metric = scores["metric"]
    better = "higher" if scores["greater_is_better"] else "lower"
    return [
        *refit_lines(scores),
        f"out-of-fold scores ({better} {metric} is better)",
        *_table(scores, [metric]),
        *_how(scores, [metric]),
        *_before(scores),
    ]


def refit_lines(scores: Scores) -> list[str]:
    """What a refit claims; nothing of a run."""
    if "refit" not in scores:
        return []
    made = scores["refit"]
    return [
        f"refitted on all {made['rows']:,} rows ({', '.join(made['members'])}): none was held out, and the only claim is"
        f" the out-of-fold score of {made['run']}:"
    ]


def other_metric_lines(scores: Scores) -> list[str]:
    """The same by the metrics that the recipe does not name."""
    ensemble = scores["members"]["ensemble"]
    others = [name for name in ensemble if name not in (scores["metric"], "per_fold")]
    return ["other metrics", *_table(scores, others), *_how(scores, others)] if others else []


def _standing(scores: Scores) -> dict[str, dict[str, Any]]:
    """Who is scored, in the order of the table."""
    standing = dict(scores["members"])
    standing["ensemble"] = standing.pop("ensemble")
    standing.update(_floors(scores))
    if "sample" in scores:
        standing["sample"] = scores["sample"]
    return standing


def _floors(scores: Scores) -> dict[str, dict[str, Any]]:
    """What learns nothing: of grids several, each by its name."""
    return scores.get("floors") or {"floor": scores["floor"]}


def _table(scores: Scores, metrics: list[str]) -> list[str]:
    rows = [HEAD]
    for metric in metrics:
        for name, held in _standing(scores).items():
            if metric in held:
                one = held[metric]
                rows.append([name, metric, f"{one['value']:.4f}", _interval(one)])
    return columns(rows, right=[2])


def _how(scores: Scores, metrics: list[str]) -> list[str]:
    """How the intervals were made; by whom, where they differ. What floor and sample are."""
    made: dict[str, list[str]] = {}
    for name, held in _standing(scores).items():
        for metric in metrics:
            if metric in held:
                how = f"{held[metric]['how']}, {held[metric]['units']} of them"
                made.setdefault(how, [])
                if name not in made[how]:
                    made[how].append(name)
    several = len(made) > 1
    lines = [
        f"intervals: {how}" + (f" ({', '.join(names)})" if several else "") for how, names in made.items()
    ]
    if "floor" in scores:
        lines.append("floor: the training part's class shares (or mean) for every sample")
    if any(metric in scores.get("sample", {}) for metric in metrics):
        lines.append("sample: what the sample submission says of every sample")
    return lines


def _before(scores: Scores) -> list[str]:
    """What calibrating each member, and postprocessing the ensemble, did to the score; both cross-fitted."""
    metric, changes = scores["metric"], {}
    for name, held in scores.get("before", {}).items():  # older runs have none
        before, after = held[metric]["value"], scores["members"][name][metric]["value"]
        if before != after:  # calibration leaves the order of the classes, and so accuracy, as it is
            changes[name] = f"{name} {before:.4f} → {after:.4f}"
    ensemble = changes.pop("ensemble", None)
    lines = [f"calibrated, by other folds' rows: {', '.join(changes.values())}"] if changes else []
    return lines + ([f"postprocessed, by other folds' rows: {ensemble}"] if ensemble else [])


def class_lines(scores: Scores) -> list[str]:
    """Precision, recall and F1 of the ensemble for each class; empty where the target is real."""
    per_class = scores.get("per_class")
    if not per_class:
        return []
    grouped = "groups" in per_class[0]
    rows = [["class", "precision", "recall", "f1", "rows", *(["groups"] if grouped else [])]]
    for row in per_class:
        shares = [f"{row[name]:.3f}" for name in ("precision", "recall", "f1")]
        rows.append([row["class"], *shares, str(row["rows"]), *([str(row["groups"])] if grouped else [])])
    return ["classes, by the ensemble", *columns(rows, right=range(1, len(rows[0])))]


def attribute_lines(scores: Scores) -> list[str]:
    """Macro F1 and accuracy of each attribute of a joint class, with their intervals, for each member."""
    attributes = scores.get("attributes")
    if not attributes:
        return []
    rows = [["attribute", "member", "macro_f1", "95 % interval", "accuracy", "95 % interval"]]
    for name, members in attributes.items():
        for member, held in members.items():
            cells = [
                text
                for metric in ("macro_f1", "accuracy")
                for text in (f"{held[metric]['value']:.4f}", _interval(held[metric]))
            ]
            rows.append([name, member, *cells])
    return ["attributes, by their marginal probabilities", *columns(rows, right=[2, 4])]


def _interval(one: dict[str, Any]) -> str:
    return f"[{one['low']:.4f}, {one['high']:.4f}]"


def fold_lines(scores: Scores) -> list[str]:
    """The recipe's metric fold by fold; a second repeat's folds follow as 0.r1, 1.r1, …"""
    names = [
        f"fold {fold}" + (f".r{repeat}" if repeat else "")
        for repeat, folds in enumerate(scores["members"]["ensemble"]["per_fold"])
        for fold in range(len(folds))
    ]
    held = {name: one for name, one in _standing(scores).items() if "per_fold" in one}
    rows = [["fold", *held]]
    for i, name in enumerate(names):
        values = [[value for repeat in one["per_fold"] for value in repeat][i] for one in held.values()]
        rows.append([name, *(f"{value:.4f}" for value in values)])
    return [f"{scores['metric']} fold by fold", *columns(rows, right=range(1, len(rows[0])))]


def next_steps(run: Run) -> list[str]:
    """What to type after a finished run."""
    lines = [f"next: holdfast show {run.path}"]
    if (run.path / "test-ensemble.npy").is_file():
        lines.insert(0, f"next: holdfast submit {run.path} -o submission.csv")
        lines[1] = f"      holdfast show {run.path}"
    return lines
