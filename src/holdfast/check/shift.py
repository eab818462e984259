"""HF401, HF402: whether the test samples are like the training samples, and their classes as frequent."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.check.adversary import auc_of, pretended, tell_apart
from holdfast.check.base import Check, Finding, Seen, Severity
from holdfast.check.channel_facts import some_rows
from holdfast.check.summaries import summaries
from holdfast.data.columns import some
from holdfast.data.dataset import Dataset

ROWS = 1000  # of each side
FEWEST = 20  # of each side
LEAST = 0.55  # low end of the AUC's interval from which on a difference is worth a word
TIMES = 8  # pretended test sets of training groups
BEYOND = 0.99  # quantile of what pretended test sets give
MARGIN = 0.05  # by which the AUC must exceed that of pretended test sets, or half of what is left to one
SURE = 0.99  # from which AUC of pretended test sets on nothing more can be told
SHIFT = 0.1  # total variation between class shares from which on a prior shift matters
TRUST = 2.0  # times its error on the folds that the estimate must exceed


def codes_of(data: Dataset, rows: np.ndarray) -> np.ndarray:
    """The code of each sample's group; its own number where no group is known."""
    return (
        np.arange(len(rows)) if data.groups is None else np.unique(data.groups[rows], return_inverse=True)[1]
    )


class TestShift(Check):
    """Test samples that a classifier tells from training samples (adversarial validation), beyond what new groups give.

    Where groups are known, sets of training groups are told from the others in the same way: persons differ, so
    that any new ones are told apart. Only what exceeds that is a shift.
    """

    __test__ = False  # it is no test of pytest's

    code: ClassVar[str] = "HF401"
    name: ClassVar[str] = "test set unlike the training set"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"
    where: ClassVar = "aside"  # LightGBM's package imports scikit-learn

    def look(self, seen: Seen) -> Finding:
        train, test = seen.train, seen.test
        if test is None or len(test) == 0:
            return self.not_applicable("there is no test set")
        if min(len(train), len(test)) < FEWEST:
            return self.not_applicable(
                f"{min(len(train), len(test))} samples are too few to tell from others"
            )
        here, there = some_rows(train, ROWS), some_rows(test, ROWS)
        (X, names), (Y, _) = summaries(train, here), summaries(test, there)
        groups = codes_of(train, here)
        both = np.concatenate([X, Y])
        side = np.r_[np.zeros(len(X), dtype=np.int64), np.ones(len(Y), dtype=np.int64)]
        units = np.r_[groups, groups.max() + 1 + codes_of(test, there)]
        told = tell_apart(both, side, units, seen.recipe.seed)
        said = f"told apart with an AUC of {told}"
        usual = 0.5
        if train.groups is not None and len(np.unique(groups)) >= 4:
            share = len(test) / (len(train) + len(test))
            others = pretended(X, groups, share, test.groups is not None, TIMES, seen.recipe.seed)
            usual = max(bound_of(others), 0.5)
            said += f"; sets of training groups from the others with up to {usual:.2f}"
            if usual >= SURE:
                return self.passed(f"{said}: groups differ so much that a shift would not show")
        if told.low <= max(LEAST, usual) or told.auc <= usual + min(MARGIN, (1 - usual) / 2):
            return self.passed(
                f"training and test samples are {said}: no more than chance and new groups give"
            )
        which = np.argsort(-told.gains, kind="stable")[:5]
        which = which[told.gains[which] > 0.02]
        return self.found(
            f"training and test samples are {said}; by {some([_alone(names[f], both[:, f], side) for f in which])}",
            "find out why these differ; leave them out or bring them to one scale (prepare), and expect the leaderboard to"
            " lie off the out-of-fold score",
            [names[f] for f in which],
        )


def bound_of(aucs: np.ndarray) -> float:
    """What another AUC of the same kind would hardly exceed: the prediction bound of a few numbers, normal as logits.

    >>> bound_of(np.array([0.5, 0.6, 0.55, 0.65])) < 0.9 < bound_of(np.array([0.5, 0.9, 0.6, 0.8])) < 1
    True
    """
    from scipy.special import expit, logit
    from scipy.stats import t

    n, logits = len(aucs), logit(np.clip(aucs, 1e-3, 1 - 1e-3))
    spread = float(logits.std(ddof=1)) * np.sqrt(1 + 1 / n)
    return float(expit(logits.mean() + t.ppf(BEYOND, n - 1) * spread))


def _alone(name: str, values: np.ndarray, side: np.ndarray) -> str:
    """A feature with the AUC that it has alone."""
    known = ~np.isnan(values)
    if not known.all() and abs(known[side == 0].mean() - known[side == 1].mean()) > 0.05:
        return f"{name} (missing)"
    auc = auc_of(values[known], side[known], np.ones(int(known.sum())))
    return f"{name} (alone {max(auc, 1 - auc):.2f})"


def shares_by_em(p: np.ndarray, prior: np.ndarray, steps: int = 500) -> np.ndarray:
    """Class shares of samples from their probabilities `(n, classes)` under the shares `prior` (Saerens et al. 2002)."""
    shares = prior.copy()
    ratio = np.zeros_like(prior)
    for _ in range(steps):
        np.divide(shares, prior, out=ratio, where=prior > 0)
        weighed = p * ratio
        now = (weighed / np.maximum(weighed.sum(axis=1, keepdims=True), 1e-300)).mean(axis=0)
        if np.abs(now - shares).max() < 1e-6:
            return now
        shares = now
    return shares


def variation(first: np.ndarray, second: np.ndarray) -> float:
    """Total variation between two sets of shares: the share that would have to move."""
    return float(np.abs(first - second).sum() / 2)


class PriorShift(Check):
    """Class shares of the test set that are not those of the training set, by the predictions (Saerens et al. 2002).

    Only where the same estimate gives the folds' own class shares within half of the difference.
    """

    code: ClassVar[str] = "HF402"
    name: ClassVar[str] = "other class shares in the test set"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "oof"
    kinds: ClassVar[tuple[str, ...]] = ("table", "windows", "images")

    def look(self, seen: Seen) -> Finding:
        if seen.target.kind != "classes":
            return self.not_applicable("it is for classes")
        if not seen.tested:
            return self.not_applicable("there are no predictions of test samples")
        assert seen.oof is not None
        assert seen.folds is not None
        name = next(iter(seen.tested))
        count, y = seen.target.n_classes, seen.truth
        prior = np.bincount(y, minlength=count) / len(y)
        errors = []
        for k in range(seen.folds.k):
            rows = seen.folds.part(0, k)[1]
            own = np.bincount(y[rows], minlength=count) / len(rows)
            errors.append(variation(shares_by_em(seen.oof[name][0, rows].astype(float), prior), own))
        there = shares_by_em(seen.tested[name].astype(float), prior)
        apart, trusted = variation(there, prior), max(errors)
        said = (
            f"by {name}'s predictions {apart:.1%} of the class shares differ between test and training set; on the folds"
            f" the same estimate is wrong by up to {trusted:.1%}"
        )
        if apart <= max(SHIFT, TRUST * trusted):
            return self.passed(said)
        order = np.argsort(-np.abs(there - prior), kind="stable")[:5]
        listed = [f"{seen.target.names[c]} {there[c]:.1%} instead of {prior[c]:.1%}" for c in order]
        return self.found(
            f"{said}: {some(listed)}",
            "if the metric counts how frequent classes are, try predict.postprocess: prior_correction with these shares",
            [seen.target.names[c] for c in order],
        )


CHECKS = (TestShift, PriorShift)
