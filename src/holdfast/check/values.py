"""HF301 to HF303, HF305: values that are missing, that say nothing, or that are wild; photos that show nothing."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from holdfast.check.apart import FAR, robust_scale, wild
from holdfast.check.base import Check, Finding, Seen, Severity
from holdfast.check.channel_facts import ChannelFacts, facts_of
from holdfast.data.columns import some

MANY_GONE = 0.2  # share of a channel's values
UNEVEN = 0.1  # between classes' shares of missing values
BY_CHANCE = 1e-3  # p of the Kruskal-Wallis test over units
SAME = 0.99999  # correlation from which on one channel is another one in other units
LIT = (2.0, 253.0)  # means of photos outside of this are black or white


def gaps_of_classes(missing: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of missing values of each class `(classes,)`; `missing`: a share a sample."""
    counts = np.bincount(y)
    return np.where(counts > 0, np.bincount(y, weights=missing) / np.maximum(counts, 1), np.nan)


def same_by_chance(missing: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> float:
    """The p of classes having the same share of missing values (Kruskal and Wallis 1952).

    Of the samples of a class in one group only the mean counts, since they are no independent witnesses.
    """
    from scipy.stats import kruskal

    unit = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    pairs, cell = np.unique(np.stack([y, unit]), axis=1, return_inverse=True)
    means = np.bincount(cell.ravel(), weights=missing) / np.bincount(cell.ravel())
    parts = [means[pairs[0] == c] for c in np.unique(pairs[0])]
    return 1.0 if len(parts) < 2 or np.ptp(means) == 0 else float(kruskal(*parts).pvalue)


def constant(facts: ChannelFacts) -> np.ndarray:
    """Which channels have one value only, or none."""
    low = np.where(np.isnan(facts.low), np.inf, facts.low).min(axis=0)
    high = np.where(np.isnan(facts.high), -np.inf, facts.high).max(axis=0)
    return low >= high


def duplicates(values: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of channels of `(v, channels)` that are the same up to unit, sign and offset; constant ones are none."""
    gone = np.isnan(values)
    mean = np.where(gone, 0, values).sum(axis=0, dtype=np.float64) / np.maximum((~gone).sum(axis=0), 1)
    centred = np.where(gone, 0, values - mean)
    norm = np.sqrt((centred**2).sum(axis=0))
    usable = np.flatnonzero(norm > 0)
    scaled = centred[:, usable] / norm[usable]
    first, second = np.nonzero(np.triu(np.abs(scaled.T @ scaled) > SAME, k=1))
    return [(int(usable[a]), int(usable[b])) for a, b in zip(first, second)]


def switched_off(spread: np.ndarray) -> np.ndarray:
    """`(m, channels)`: where a channel stands still in a sample in which others move, of channels that mostly move."""
    still = spread == 0
    odd = still & (spread > 0).any(axis=1, keepdims=True)
    return odd & (still.mean(axis=0) < 0.5)


def wild_values(facts: ChannelFacts) -> tuple[np.ndarray, np.ndarray]:
    """`(m, channels)`: which samples hold a wild value, and the robust z of each one's farthest value."""
    middle, scale = robust_scale(facts.sampled)
    away = np.maximum(facts.high - middle, middle - facts.low)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(scale > 0, away / scale, 0.0)
    return np.stack([wild(column) for column in z.T], axis=1), z


class Gaps(Check):
    """Missing values by channel and class: where classes have other shares of them, the gaps tell the class."""

    code: ClassVar[str] = "HF301"
    name: ClassVar[str] = "missing values"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"
    kinds: ClassVar[tuple[str, ...]] = ("table", "windows", "frames")

    def look(self, seen: Seen) -> Finding:
        data, facts = seen.train, facts_of(seen)
        if not facts.missing.any():
            return self.passed("no value is missing")
        each = facts.missing.mean(axis=0)
        worst = np.argsort(-each, kind="stable")
        said = f"{facts.missing.mean():.1%} of the values are missing; most in " + some(
            [f"{data.names[c]} ({each[c]:.1%})" for c in worst if each[c] > 0]
        )
        many = [data.names[c] for c in worst if each[c] >= MANY_GONE]
        told = self._by_class(seen, facts)
        if told:
            return self.found(
                f"{said}; classes differ: {told}",
                "make sure that the test set lacks values in the same way: what is missing tells the class; fill gaps"
                " (prepare: interpolate) before statistics are taken, or drop the channel",
                many or [data.names[worst[0]]],
            )
        if many:
            return self.found(said, "fill the gaps, or drop these channels: data.drop, data.channels", many)
        return self.passed(said)

    def _by_class(self, seen: Seen, facts: ChannelFacts) -> str:
        """The classes with the most and the fewest gaps, where they differ by more than chance."""
        if seen.target.kind != "classes":
            return ""
        y, groups = seen.truth[facts.rows], seen.train.groups
        missing = facts.missing.mean(axis=1)
        shares = gaps_of_classes(missing, y)
        if np.nanmax(shares) - np.nanmin(shares) < UNEVEN:
            return ""
        if same_by_chance(missing, y, None if groups is None else groups[facts.rows]) > BY_CHANCE:
            return ""
        most, least = int(np.nanargmax(shares)), int(np.nanargmin(shares))
        return f"{shares[most]:.1%} in {seen.target.names[most]}, {shares[least]:.1%} in {seen.target.names[least]}"


class IdleChannels(Check):
    """Channels that never change, that are another one over again, or that stand still while the others move."""

    code: ClassVar[str] = "HF302"
    name: ClassVar[str] = "constant or duplicate channels"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"

    def look(self, seen: Seen) -> Finding:
        data, facts = seen.train, facts_of(seen)
        idle = [data.names[c] for c in np.flatnonzero(constant(facts))]
        twins = [(data.names[a], data.names[b]) for a, b in duplicates(facts.sampled)]
        what = "column" if data.kind == "table" else "channel"
        said = [f"{len(idle)} {what}s never change: {some(idle)}"] if idle else []
        if twins:
            said.append(
                f"{len(twins)} pairs of {what}s are the same: {some([' = '.join(pair) for pair in twins])}"
            )
        if said and data.kind == "images":
            return self.found(
                "; ".join(said), "photos without colour: nothing to do", [*idle, *twins], severity="info"
            )
        if said:
            return self.found("; ".join(said), f"drop these {what}s", [*idle, *twins])
        if data.kind == "windows":
            return self._switched_off(seen, facts)
        return self.passed(f"every {what} changes, and no two are the same")

    def _switched_off(self, seen: Seen, facts: ChannelFacts) -> Finding:
        data = seen.train
        off = switched_off(facts.spread)
        rows = np.flatnonzero(off.any(axis=1))
        if not len(rows):
            return self.passed("every channel changes, and no two are the same")
        which = [f"{data.names[c]} ({int(off[:, c].sum())})" for c in np.flatnonzero(off.any(axis=0))]
        return self.found(
            f"in {len(rows)} windows a channel stands still while others move: {some(which)}",
            "a sensor that was off: leave these windows out, or set the channel to missing there",
            data.ids[facts.rows[rows]],
            severity="info",
        )


class WildOutliers(Check):
    """Values far from all others of their channel, with nothing between (robust z; Iglewicz and Hoaglin 1993)."""

    code: ClassVar[str] = "HF303"
    name: ClassVar[str] = "wild outliers"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"
    kinds: ClassVar[tuple[str, ...]] = ("table", "windows", "frames")

    def look(self, seen: Seen) -> Finding:
        data, facts = seen.train, facts_of(seen)
        which, z = wild_values(facts)
        rule = f"robust z of {FAR:g} or more, beyond a hole"
        if not which.any():
            return self.passed(f"no value is wild ({rule})")
        rows = np.flatnonzero(which.any(axis=1))
        rows = rows[np.argsort(-np.where(which, z, 0)[rows].max(axis=1), kind="stable")]
        told = []
        for c in np.flatnonzero(which.any(axis=0)):
            low, high = facts.low[which[:, c], c].min(), facts.high[which[:, c], c].max()
            told.append(f"{data.names[c]}: {low:.4g} to {high:.4g} in {int(which[:, c].sum())}")
        return self.found(
            f"{len(rows)} samples hold wild values ({rule}): {some(told)}",
            "look at these samples; a code for missing values (-999) must become missing, a slip be mended",
            data.ids[facts.rows[rows]],
        )


class DamagedPhotos(Check):
    """Photos that cannot be read, by the loader's notes, and photos of one colour all over, black or white."""

    code: ClassVar[str] = "HF305"
    name: ClassVar[str] = "damaged photos"
    severity: ClassVar[Severity] = "warning"
    when: ClassVar = "data"
    kinds: ClassVar[tuple[str, ...]] = ("images",)

    def look(self, seen: Seen) -> Finding:
        facts = facts_of(seen)
        mean = facts.mean.mean(axis=1)
        blank = (facts.spread.max(axis=1) < 1) | (mean < LIT[0]) | (mean > LIT[1])
        ids = seen.train.ids[facts.rows[blank]]
        unread = [note for note in seen.notes if "cannot be read" in note]
        said = [*unread, *([f"{len(ids)} photos are of one colour, black or white"] if len(ids) else [])]
        if not said:
            return self.passed("every photo can be read and shows something")
        return self.found("; ".join(said), "get these photos anew, or leave them out", ids)


CHECKS = (Gaps, IdleChannels, WildOutliers, DamagedPhotos)
