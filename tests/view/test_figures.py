"""Figures say their numbers in words, hold them as a table, and draw marks that both schemes can show."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from holdfast.store.run import RunFolder
from holdfast.view.calibration import expected_error, reliability, reliability_figure, values_figure
from holdfast.view.classes import class_scores, classes_figure, confusion_figure
from holdfast.view.comparisons import forest_figure
from holdfast.view.curves import curves_figure, curves_of, learning_figures
from holdfast.view.figure import GREY, PALETTE, PAPER, PAPER_DARK, Figure, number
from holdfast.view.groups import groups_figure, worst_first
from holdfast.view.importance import importance_figure
from holdfast.view.scores import attributes_figure, folds_figure, members_figure
from holdfast.view.svg import as_svg
from holdfast.view.values import truth_figure


def told(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


SCORES = {
    "metric": "accuracy", "greater_is_better": True,
    "members": {
        "conv": {"accuracy": told(0.7), "per_fold": [[0.6, 0.8], [0.65, 0.75]]},
        "ensemble": {"accuracy": told(0.75), "per_fold": [[0.7, 0.8], [0.7, 0.8]]},
    },
    "floor": {"accuracy": told(0.25), "per_fold": [[0.2, 0.3], [0.2, 0.3]]},
    "sample": {"accuracy": told(0.2)},
    "attributes": {"mask": {"ensemble": {"macro_f1": told(0.9), "accuracy": told(0.95)}}},
}  # fmt: skip
IMPORTANCE = {
    "metric": "accuracy", "top": 2, "stable_share": 0.8, "agreement": 0.5,
    "clusters": [
        {"rank": 1, "columns": ["a", "b"], "drop": 0.2, "rank_low": 1.0, "rank_high": 1.5, "share_in_top": 1.0,
         "stable": True},
        {"rank": 2, "columns": ["c"], "drop": 0.1, "rank_low": 1.5, "rank_high": 2.0, "share_in_top": 0.5,
         "stable": False},
    ],
}  # fmt: skip
COMPARED = {
    "label": "drop roll", "difference": 0.0214, "low": -0.01, "high": 0.05, "verdict": "can't tell", "adjusted": 0.4,
    "rope": 0.01, "helps": 0.2, "equivalent": 0.5, "hurts": 0.3, "repeats_more": "never",
}  # fmt: skip
CURVE = [
    {"epoch": 0.0, "train_loss": 1.5, "watch_loss": float("nan"), "lr": 0.1, "seconds": 1.0},
    {"epoch": 1.0, "train_loss": 0.5, "watch_loss": float("nan"), "lr": 0.1, "seconds": 1.0},
]
SURE = [{"from": 0.9, "to": 1.0, "rows": 4, "said": 0.95, "right": 0.75}]
GROUPS = [{"group": "p1", "rows": 3, "value": 0.1}, {"group": "p2", "rows": 4, "value": 0.9}]
TRUTH, SAID = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 1, 2, 2])
CLASSES = class_scores(TRUTH, SAID, ("sit", "stand", "walk"), np.array(["a", "b"] * 3))
FIGURES = {
    "members": (members_figure(SCORES), ["0.7500", "floor 0.2500", "sample submission 0.2000"]),
    "folds": (folds_figure(SCORES), ["0.7000 in fold 0", "0.8000 in fold 1"]),
    "attributes": (attributes_figure(SCORES), ["mask 0.9000"]),
    "importance": (importance_figure(IMPORTANCE), ["a, b", "0.2000", "1 are stable", "0.50"]),
    "forest": (forest_figure([COMPARED], "accuracy", True, "the recipe"), ["+0.0214", "can't tell", "above zero"]),
    "curves": (curves_figure("conv", {"0": CURVE, "1": []}), ["from 1.5000 to 0.5000 in 2 epochs"]),
    "confusion": (confusion_figure(["no", "yes"], [[7, 1], [0, 2]]), ["9 of 10", "no is taken for yes (1 time)"]),
    "classes": (classes_figure(CLASSES), ["sit 0.6667", "2 rows of 2 groups"]),
    "calibration": (reliability_figure(SURE), ["0.2000", "too sure", "75.0%"]),
    "values": (values_figure(np.arange(20.0), np.arange(20.0) + 1), ["1.0000"]),
    "truth": (truth_figure(np.zeros(4), np.array([1.0, 1.0, 1.0, 3.0])), ["within 1.0000", "is 3.0000"]),
    "groups": (groups_figure(GROUPS, "accuracy", True, 0.5), ["worst p1 with 0.1000", "best p2 with 0.9000"]),
}  # fmt: skip


@pytest.mark.parametrize("name", list(FIGURES))
def test_a_figure_says_its_numbers_and_draws_marks(name: str) -> None:
    figure, words = FIGURES[name]
    for word in words:
        assert word in figure.says
    assert figure.says.endswith(".")
    assert figure.rows
    assert {len(row) for row in figure.rows} == {len(figure.head)}
    json.dumps(figure.spec(), allow_nan=False)
    svg = as_svg(figure.chart)
    assert len(re.findall(r'class="mark-(?:rule|symbol|line|rect|text) role-mark', svg)) >= 1
    assert "<script" not in svg
    assert "currentColor" in svg


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("paper", [PAPER, PAPER_DARK])
@pytest.mark.parametrize("colour", [*PALETTE, GREY])
def test_every_mark_stands_out_on_both_papers(colour: str, paper: str) -> None:
    dark, light = sorted([luminance(colour), luminance(paper)])
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_class_scores_are_those_of_sklearn_with_intervals_around_them() -> None:
    from sklearn.metrics import precision_recall_fscore_support

    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=300)
    said = np.where(rng.random(300) < 0.7, truth, rng.integers(3, size=300))
    rows = class_scores(truth, said, ("a", "b", "c"), np.repeat(np.arange(30), 10))
    precision, recall, f1, support = precision_recall_fscore_support(truth, said)
    for c, row in enumerate(rows):
        assert (row["precision"], row["recall"], row["f1"]) == pytest.approx((precision[c], recall[c], f1[c]))
        assert row["f1_low"] < row["f1"] < row["f1_high"]
        assert (row["rows"], row["how"]) == (support[c], "bootstrap over groups")


def test_intervals_by_groups_are_wider_than_by_rows_where_groups_err_together() -> None:
    truth = np.tile([0, 1], 100)
    said = np.where(np.repeat(np.arange(10) < 2, 20), 1 - truth, truth)  # two of ten groups are all wrong
    wide, narrow = (class_scores(truth, said, ("a", "b"), g)[0] for g in (np.repeat(np.arange(10), 20), None))
    assert wide["f1_high"] - wide["f1_low"] > 2 * (narrow["f1_high"] - narrow["f1_low"])


def test_a_class_that_is_never_true_has_no_score() -> None:
    row = class_scores(np.zeros(4, dtype=int), np.array([0, 0, 0, 1]), ("a", "b"), None)[1]
    assert row["rows"] == 0
    assert np.isnan(row["f1"])
    figure = classes_figure([row])
    assert figure.rows[0][0] == "b"
    json.dumps(figure.spec(), allow_nan=False)


def test_reliability_of_a_calibrated_and_of_a_too_sure_model() -> None:
    truth = np.array([0] * 8 + [1] * 2)
    good, sure = (np.tile([share, 1 - share], (10, 1)) for share in (0.8, 1.0))
    assert expected_error(reliability(truth, good)) == pytest.approx(0)
    assert expected_error(reliability(truth, sure)) == pytest.approx(0.2)


def test_worst_groups_come_first_and_those_without_a_value_last() -> None:
    values = {"a": 0.5, "b": np.nan, "c": 0.9}
    rows = [{"group": name, "rows": 1, "value": value} for name, value in values.items()]
    assert [row["group"] for row in worst_first(rows, True)] == ["a", "c", "b"]
    assert [row["group"] for row in worst_first(rows, False)] == ["c", "a", "b"]


def test_curves_of_a_run_in_progress(tmp_path: Path) -> None:
    for fold, lines in (("fold-0", 3), ("fold-1.r1", 1), ("fold-2/seed-1", 2)):
        folder = tmp_path / "members" / "conv" / fold
        folder.mkdir(parents=True)
        text = "".join(f"{i},{1 - 0.1 * i},nan,0.1,1\n" for i in range(lines))
        (folder / "curve.csv").write_text(f"epoch,train_loss,watch_loss,lr,seconds\n{text}")
    curves = curves_of(RunFolder(tmp_path), "conv")
    assert {fold: len(curve) for fold, curve in curves.items()} == {"0": 3, "1.r1": 1, "2/seed-1": 2}
    (figure,) = learning_figures(RunFolder(tmp_path), ["conv", "trees"])
    assert figure.rows[0] == ("0", 3, 1.0, 0.8, None)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    curve = [{**CURVE[0], "epoch": float(i), "train_loss": float(i)} for i in range(5000)]
    (values,) = curves_figure("conv", {"0": curve}).spec()["datasets"].values()
    assert len(values) < 300
    assert (values[0]["loss"], values[-1]["loss"]) == (0.0, 4999.0)


def test_names_of_members_never_make_one_name_of_two_figures() -> None:
    names = {curves_figure(member, {"0": CURVE}).name for member in ("a-b", "a.b", "a_b", "ab", "가나")}
    assert len(names) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9-]+", name) for name in names)


def test_numbers_that_are_none_have_a_dash() -> None:
    assert number(float("nan")) == number(None) == number(float("inf")) == "–"


def test_a_label_with_markup_stays_text() -> None:
    figure = confusion_figure(["<script>alert(1)</script>", "b"], [[1, 1], [0, 1]])
    assert isinstance(figure, Figure)
    assert "<script" not in as_svg(figure.chart)
