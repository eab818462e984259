"""Habits: none of them changes nothing, each does what it says, and nobody else can have them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from test_floors import ROOT, imports

from holdfast.data.dataset import Dataset
from holdfast.engine.job import Job, Work, fit_job
from holdfast.engine.threads import limited
from holdfast.errors import BadInput
from holdfast.fit.resolved import resolve
from holdfast.folds.table import make_folds
from holdfast.metrics.classes import LogLoss
from holdfast.recipe.load import load_recipe
from holdfast.recipe.schema import Recipe
from holdfast.study.habits import ALL, Claim, DrawnOnce, Habits, claim
from holdfast.testing.samples import CLASSES, REAL, tiny_data

FIT = {"epochs": 3, "batch_size": 8, "precision": "32"}


def recipe(fit: dict[str, Any] | None = None, **over: Any) -> Recipe:
    values = {
        "threads": 1,
        "metric": "log_loss",
        "folds": {"kind": "stratified_group", "k": 3},
        "prepare": ["interpolate", "derivative", "standardize"],
        "balance": [{"oversample": {"except": ["walk"]}}],
        "augment": ["roll"],
        "members": {"conv": {"model": tiny.CONV["model"]}},
        "fit": {**FIT, **(fit or {})},
    }
    return load_recipe({**values, **over})


def claimed_by(habits: Habits, data: Dataset | None = None, **parts: Any) -> Claim:
    only = parts.pop("only", None)
    return claim(recipe(**parts), "conv", tiny_data() if data is None else data, CLASSES, habits, only)


@pytest.mark.parametrize("fit", [{}, {"best": True, "schedule": "plateau", "patience": 1}])
def test_without_habits_it_is_what_train_does_to_the_bit(fit: dict[str, Any]) -> None:
    data, made = tiny_data(), recipe(fit)
    folds = make_folds(made.folds, data, CLASSES, Path())  # type: ignore[arg-type]
    work = Work({"conv": resolve(made, "conv", data, CLASSES)}, data, None, CLASSES, folds, made.seed, 1, "")
    got = claim(made, "conv", data, CLASSES, Habits())
    with limited(1):
        for k in range(3):
            rows = folds.part(0, k)[1]
            honest = fit_job(work, Job("conv", 0, k), lambda event: None).predict(data.take(rows))
            assert np.array_equal(got.oof[rows], honest)
    assert data.target is not None
    assert got.claimed["log_loss"] == LogLoss().score(data.target, got.oof)
    assert got.plain()["habits"] == []


def far(data: Dataset, rows: np.ndarray) -> Dataset:
    source = data.source.copy()
    source[rows] *= 30
    return replace(data, source=source)


@pytest.mark.parametrize("habit", [True, False])
def test_only_the_scaler_before_the_split_has_seen_the_scored_rows(habit: bool) -> None:
    data = tiny_data()
    plain = claimed_by(Habits(scaler_before_split=habit), only=[0])
    scored = plain.folds.part(0, 0)[1]
    other = claimed_by(Habits(scaler_before_split=habit), far(data, scored), only=[0])
    scales = [one.fitted[0].pipeline.transformers[-1].scaler.scale_ for one in (plain, other)]
    assert np.array_equal(*scales) != habit


def windows(feed: Any, epoch: int) -> set[bytes]:
    return {window.numpy().tobytes() for batch in feed.batches(epoch) for window in batch.inputs}


def test_one_roll_shows_the_same_windows_in_every_epoch() -> None:
    from holdfast.fit.feed import Feed
    from holdfast.prepare.pipeline import Pipeline

    data, member = tiny_data(), resolve(recipe(), "conv", tiny_data(), CLASSES)
    pipeline = Pipeline(member.prepare, "windows", data.names).fit(data)
    seen = {}
    for kind in (Feed, DrawnOnce):
        feed = kind(data, data.target, pipeline, member.augment, member.balance, CLASSES, 8, 0)  # type: ignore[arg-type]
        assert not np.array_equal(feed.rows(0), feed.rows(1)), "the order is drawn anew"
        seen[kind] = [windows(feed, epoch) for epoch in (0, 1)]
    assert seen[DrawnOnce][0] == seen[DrawnOnce][1]
    assert seen[Feed][0] != seen[Feed][1]
    assert seen[DrawnOnce][0] == seen[Feed][0], "what is drawn once is what the first epoch would draw"


def test_watching_the_scored_fold_keeps_and_reports_its_lowest_loss() -> None:
    """Labels that mean nothing: the loss on the scored fold turns, and the habit takes its lowest point."""
    data = tiny_data()
    assert data.target is not None
    data = replace(data, target=np.random.default_rng(1).permutation(data.target))
    losses: dict[int, list[float]] = {0: [], 1: [], 2: []}

    def tell(event: dict[str, Any]) -> None:
        losses[event["fold"]].append(event["watch_loss"])

    fit = {"epochs": 6, "lr": 0.05, "schedule": "constant"}
    made = claim(recipe(fit), "conv", data, CLASSES, Habits(watch_scored_fold=True), report=tell)
    assert made.lowest == {k: min(seen) for k, seen in losses.items()}
    assert any(np.argmin(seen) < 5 for seen in losses.values()), (
        "draw labels with which the last is not the best"
    )
    assert made.claimed["log_loss"] == pytest.approx(np.mean(list(made.lowest.values())))
    for k, lowest in made.lowest.items():
        rows = made.folds.part(0, k)[1]
        assert LogLoss().score(data.target[rows], made.oof[rows]) == pytest.approx(lowest, rel=1e-5)


@pytest.mark.parametrize("habit", [True, False])
def test_folds_tear_groups_only_by_habit(habit: bool) -> None:
    data = tiny_data()
    fold = claimed_by(Habits(folds_ignore_groups=habit), only=[0]).folds.fold[0]
    torn = [len(np.unique(fold[data.groups == group])) > 1 for group in np.unique(data.groups)]  # type: ignore[arg-type]
    assert any(torn) == habit


def strangers(groups: int, seed: int) -> Dataset:
    """Each person has a level of their own and one class, drawn by lot (each class once in three people).

    Only who it is can be learned, and that says nothing of others.
    """
    rng = np.random.default_rng(seed)
    data = tiny_data(groups=groups, each=9, seed=seed)
    who = np.repeat(np.arange(groups), 9)
    y = rng.permuted(np.tile(np.arange(3), (groups // 3, 1)), axis=1).ravel()[who]
    level = rng.normal(scale=4, size=(groups, 3))[who].astype(np.float32)
    return replace(data, source=0.2 * data.source + level[:, None, :], target=y)


def test_habits_claim_what_people_never_seen_do_not_give() -> None:
    data = strangers(18, 0)
    kept = np.arange(len(data)) < 6 * 9
    train, unseen = data.take(np.flatnonzero(~kept)), data.take(np.flatnonzero(kept))
    gaps = {}
    for name, habits in {"published": ALL, "honest": Habits()}.items():
        fit = {"epochs": 10, "lr": 0.03, "batch_size": 16}
        made = claim(recipe(fit, balance=[]), "conv", train, CLASSES, habits)
        assert unseen.target is not None
        gaps[name] = LogLoss().score(unseen.target, made.predict(unseen)) - made.claimed["log_loss"]
    assert gaps["published"] > 0.2, gaps
    assert gaps["honest"] < 0.1, gaps


def test_everything_is_marked(tmp_path: Path) -> None:
    from holdfast.fit.member import load_fitted

    events: list[dict[str, Any]] = []
    made = claim(recipe(), "conv", tiny_data(), CLASSES, ALL, [1], events.append)
    marks = list(ALL.marks)
    assert marks == ["scaler_before_split", "one_roll", "watch_scored_fold", "folds_ignore_groups"]
    assert made.plain()["habits"] == list(made.habits) == marks
    assert len(events) == 3
    assert all(event["habits"] == marks for event in events)
    made.fitted[1].save(tmp_path)
    again = load_fitted(tmp_path)
    assert again.facts == {"habits": marks}
    assert np.array_equal(again.predict(tiny_data()), made.fitted[1].predict(tiny_data()))


def test_only_folds_asked_for_are_trained() -> None:
    made = claimed_by(ALL, only=[2])
    assert list(made.fitted) == [2]
    assert np.array_equal(~np.isnan(made.oof).any(axis=1), made.folds.fold[0] == 2)


def test_what_cannot_have_habits_is_refused() -> None:
    trees = recipe(members={"conv": {"model": "extra_trees"}})
    with pytest.raises(BadInput, match="extra_trees is no network"):
        claim(trees, "conv", tiny_data(), CLASSES, ALL)
    real = recipe(metric="rmse", balance=[])
    with pytest.raises(BadInput, match="measured on classes"):
        claim(real, "conv", tiny_data(target="real"), REAL, ALL)


MAY = (ROOT / "cli" / "study.py", *sorted((ROOT / "study").glob("habits*.py")))


def importers(root: Path) -> list[str]:
    """Modules below `root`, but the habits themselves and their command, that import them."""
    found = []
    for file in sorted(root.rglob("*.py")):
        package = ".".join(["holdfast", *file.relative_to(root).parent.parts])
        names = [name for _, name in imports(file.read_text(encoding="utf-8"), package)]
        if file not in MAY and any(name.startswith("holdfast.study.habits") for name in names):
            found.append(str(file.relative_to(root)))
    return found


def test_no_other_module_of_the_package_imports_the_habits(tmp_path: Path) -> None:
    assert (ROOT / "study" / "habits.py") in MAY
    assert importers(ROOT) == []
    for i, line in enumerate(
        [
            "from holdfast.study.habits import ALL",
            "from .study import habits",
            "import holdfast.study.habits as h",
            "from holdfast.study.habits_work import HabitWork",
        ]
    ):
        (tmp_path / f"wrong{i}.py").write_text(line)
    (tmp_path / "right.py").write_text("from holdfast.study import ablate\n")
    assert importers(tmp_path) == [f"wrong{i}.py" for i in range(4)]
