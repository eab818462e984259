"""The selection `stable`: what it keeps, and from what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny

from holdfast.recipe.registry import parse
from holdfast.recipe.target import TargetSpec
from holdfast.select.stable import Stable
from holdfast.testing.samples import REAL
from holdfast.train import train

TWO = TargetSpec(kind="classes", names=("no", "yes"))
QUICK = Stable(n_estimators=20, top=4)


def planted(seed: int = 0, n: int = 240, noise: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signal, its copy, a weaker signal, noise; class and group of each row. Simulated."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    signal = y + 0.4 * rng.normal(size=n)
    weak = y + 0.8 * rng.normal(size=n)
    X = np.column_stack([signal, 2 - 3 * signal, weak, rng.normal(size=(n, noise))])
    return X, y, np.repeat(np.arange(8), n // 8).astype(str)


@pytest.mark.parametrize("seed", range(3))
def test_signals_and_copies_are_kept_noise_is_not(seed: int) -> None:
    X, y, groups = planted(seed)
    assert QUICK.choose(X, y, groups, TWO, seed, 1).tolist() == [0, 1, 2]


def test_values_as_classes() -> None:
    X, y, groups = planted()
    values = 10 * X[:, 0] + np.random.default_rng(1).normal(size=len(y))
    kept = Stable(n_estimators=20, top=1).choose(X, values, groups, REAL, 0, 1)
    assert kept.tolist() == [0, 1]


def test_of_noise_alone_the_best_cluster_is_kept_whole() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(120, 4))
    X = np.concatenate([noise, -noise], axis=1)
    y = rng.integers(0, 2, 120)
    kept = Stable(n_estimators=10, share=1.0, top=1).choose(X, y, None, TWO, 0, 1)
    assert len(kept) == 2
    assert kept[1] == kept[0] + 4


def test_where_nothing_can_be_held_out_every_column_is_kept() -> None:
    X, y, _ = planted()
    assert QUICK.choose(X, y, np.full(len(y), "one"), TWO, 0, 1).tolist() == list(range(X.shape[1]))


def test_a_column_that_names_the_group_is_not_kept() -> None:
    """Each group is of one class: a group's own columns tell the class of its rows, and of no others."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(12), 20)
    y = rng.permutation(np.arange(12) % 2)[group]
    names = rng.normal(size=(12, 3))[group] + 0.01 * rng.normal(size=(240, 3))
    X = np.column_stack([y + 0.5 * rng.normal(size=240), names])
    selection = Stable(n_estimators=20, top=2, inner=4)
    assert selection.choose(X, y, group.astype(str), TWO, 0, 1).tolist() == [0]
    told = selection.choose(X, y, None, TWO, 0, 1)  # the fault, planted: rows of a group on both sides
    assert len(told) > 1


def test_threads_and_gaps() -> None:
    X, y, groups = planted()
    X[::7, 4] = np.nan
    one, three = (QUICK.choose(X, y, groups, TWO, 5, threads) for threads in (1, 3))
    assert np.array_equal(one, three)


def test_a_member_selects_inside_each_fold(tmp_path: Path) -> None:
    folder = tiny.table_folder(tmp_path / "data", groups=6, each=12)
    members = {"trees": {**tiny.TREES, "select": {"stable": {"n_estimators": 10}}}}
    run = train(tiny.recipe(tiny.TABLE, folder, members), tmp_path / "run")
    facts = run.scores["facts"]["trees"]
    assert set(facts) == {"fold-0", "fold-1", "fold-2"}
    assert all(0 < len(fold["columns"]) <= 4 for fold in facts.values())


def test_bounds_are_checked() -> None:
    for fields in ({"top": 0}, {"threshold": 0}, {"share": 1.5}, {"inner": 1}):
        with pytest.raises(ValueError):
            parse("select", {"stable": fields})
