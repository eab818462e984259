"""HF5xx: whether the data bear the question: enough independent units, the right metric, folds that can tell."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.check.base import Check, Finding, Seen, Severity
from holdfast.data.sample import read_sample
from holdfast.errors import BadInput
from holdfast.metrics.base import Metric
from holdfast.oof.scores import floor_predictions

FEWEST = 5  # units below which folds and intervals over units say next to nothing
WORTH = 0.02  # of what the best member wins over the floor: a difference worth knowing
POWER = 0.8  # chance that such a difference is told
MOST = 20  # repeats that one may be asked for


def units_of(seen: Seen) -> tuple[int, str]:
    """How many independent units there are, and what they are."""
    if seen.train.groups is None:
        return len(seen.train), "samples"
    return len(np.unique(seen.train.groups)), "groups"


class FewUnits(Check):
    """Fewer independent units than a table has columns, or than 5 of any data: what is fitted is theirs alone.

    Rows of one group are no independent witnesses. With fewer units than columns some combination of columns tells
    every unit apart, so that any target of units can be fitted without an error.
    """

    code: ClassVar[str] = "HF501"
    name: ClassVar[str] = "fewer independent units than columns"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"

    def look(self, seen: Seen) -> Finding:
        count, unit = units_of(seen)
        if count < FEWEST:
            return self.found(
                f"there are {count} {unit}; folds and intervals over fewer than {FEWEST} say next to nothing",
                f"collect more {unit}; until then take every score as an anecdote",
            )
        if seen.train.kind != "table":
            return self.passed(f"{count} independent units ({unit}); {FEWEST} or more are asked for")
        columns = seen.train.shape[0]
        rule = f"{count} independent units ({unit}) for {columns} columns"
        if columns <= count:
            return self.passed(f"{rule}; as many units as columns are asked for")
        return self.found(
            f"{rule}: with fewer units than columns any unit can be told from all others",
            "choose columns inside the folds (select), prefer models that are strongly regularized, and trust no score"
            " without its interval over groups",
            severity="info",
        )


class MetricOfSample(Check):
    """A metric of probabilities where the sample submission holds labels, or the other way round."""

    code: ClassVar[str] = "HF502"
    name: ClassVar[str] = "metric and sample submission"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"

    def look(self, seen: Seen) -> Finding:
        metric = seen.recipe.metric
        if seen.sample is None or seen.test is None:
            return self.not_applicable("there is no sample submission")
        assert isinstance(metric, Metric)
        id_column = getattr(seen.recipe.data, "id", None)
        try:
            form = read_sample(seen.sample, seen.target, seen.test.ids, id_column, metric.of_probabilities)
        except BadInput as error:
            return self.found(
                str(error),
                "name the right file in data.sample, and its column of ids in data.id",
                severity="error",
            )
        if seen.target.kind != "classes":
            return self.passed(f"the sample holds what {metric.name} scores")
        asks = form.style in ("probabilities", "positive")
        if asks == metric.of_probabilities:
            return self.passed(
                f"the sample holds {'probabilities' if asks else 'labels'}, and {metric.name} scores them"
            )
        if asks:
            return self.found(
                f"the sample submission holds probabilities ({form.style}), {metric.name} scores the likeliest class",
                "look up the competition's metric: it is likely log_loss or roc_auc",
            )
        return self.found(
            f"the sample submission holds labels, {metric.name} scores probabilities",
            "look up the competition's metric: it is likely accuracy, macro_f1 or balanced_accuracy",
        )


class HopelessFolds(Check):
    """Folds whose scores spread so much that a small difference between members would not be told.

    Worth knowing is a difference of 2 % of what the best member wins over the floor. It is told with a chance of 80 % where
    it is as large as the corrected error of the folds' differences (Nadeau and Bengio 2003) times its t quantiles.
    """

    code: ClassVar[str] = "HF503"
    name: ClassVar[str] = "folds too few to compare by"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "oof"
    kinds: ClassVar[tuple[str, ...]] = ("table", "windows", "images")

    def look(self, seen: Seen) -> Finding:
        assert seen.folds is not None
        assert seen.oof is not None
        metric = seen.recipe.metric
        assert isinstance(metric, Metric)
        spread, pooled, of = spread_of(metric, seen, seen.oof)
        constant = floor_predictions(seen.train, seen.target, seen.folds, metric)
        floor = float(np.mean([metric.score(seen.truth, one) for one in constant]))
        worth, repeats = WORTH * abs(pooled - floor), seen.folds.repeats
        if not np.isfinite(spread):
            return self.not_applicable("fewer than two folds have a score")
        now = detectable(spread, seen.folds.k * repeats, 1 / (seen.folds.k - 1))
        said = f"{of} {spread:.4f} from fold to fold, so these folds tell differences of {now:.4f} or more"
        if now <= worth:
            return self.passed(f"{said}; worth knowing is {worth:.4f}")
        said = f"{said}, {WORTH:.0%} of what the best member wins over the floor is {worth:.4f}"
        enough = repeats_for(spread, seen.folds.k, worth)
        if enough is None:
            best = detectable(spread, seen.folds.k * MOST, 1 / (seen.folds.k - 1))
            return self.found(
                f"{said}; {MOST} repeats would still tell no less than {best:.4f}",
                "do not choose between members that are nearer than that; more groups would tell, more repeats would not",
            )
        return self.found(
            f"{said}; {enough} repeats would do",
            f"to compare members as near as that: folds.repeats: {enough}",
            severity="info",
        )


def spread_of(metric: Metric, seen: Seen, members: dict[str, np.ndarray]) -> tuple[float, float, str]:
    """Standard deviation over folds of the members' differences, the best pooled score, and what the deviation is of.

    Differences are those of each member to the best one, and the median of their deviations counts. A
    single member's scores stand for differences, which is right where two members correlate by a half.
    """
    assert seen.folds is not None
    folds, truth = seen.folds, seen.truth
    each: dict[str, np.ndarray] = {}
    pooled: dict[str, float] = {}
    for name, oof in members.items():
        parts = [(r, folds.part(r, k)[1]) for r in range(folds.repeats) for k in range(folds.k)]
        each[name] = np.array([metric.score(truth[rows], oof[r, rows]) for r, rows in parts])
        pooled[name] = float(np.mean([metric.score(truth, one) for one in oof]))
    best = (max if metric.greater_is_better else min)(pooled, key=pooled.__getitem__)
    differences = [each[name] - each[best] for name in each if name != best]
    differences = [one for one in differences if np.nanstd(one) > 0]
    if differences:
        return (
            float(np.median([_deviation(one) for one in differences])),
            pooled[best],
            "members' differences vary by",
        )
    return _deviation(each[best]), pooled[best], f"{best} varies by"


def detectable(spread: float, count: int, ratio: float) -> float:
    """The difference that `count` folds tell with a chance of POWER, at the 5 % level.

    `ratio`: rows scored over rows trained on; it keeps the error from falling to zero as repeats are added.

    >>> round(detectable(0.01, 5, 0.25), 4), round(detectable(0.01, 100, 0.25), 4)
    (0.0249, 0.0144)
    """
    from scipy.stats import t

    error = spread * np.sqrt(1 / count + ratio)  # as metrics.paired.corrected_error
    return float((t.ppf(0.975, count - 1) + t.ppf(POWER, count - 1)) * error)


def repeats_for(spread: float, k: int, worth: float) -> int | None:
    """How many repeats of k folds tell a difference of `worth`; None where MOST do not."""
    enough = (r for r in range(1, MOST + 1) if detectable(spread, k * r, 1 / (k - 1)) <= worth)
    return next(enough, None)


def _deviation(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.std(ddof=1)) if len(known) > 1 else float("nan")


CHECKS = (FewUnits, MetricOfSample, HopelessFolds)
