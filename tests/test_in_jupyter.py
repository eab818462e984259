"""What runs, comparisons and ablations show of themselves in Jupyter; and the package's front door."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import tiny

import holdfast
from holdfast.metrics.paired import Paired
from holdfast.metrics.verdict import Belief, Verdict
from holdfast.store.notebook import run_html
from holdfast.store.run import Run
from holdfast.study.ablate_result import Ablation, Row
from holdfast.study.compare import Compared, compare


class Cells(HTMLParser):
    """The texts of a page's cells, and its tags."""

    def __init__(self, page: str):
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


def scored(value: float) -> dict[str, object]:
    return {
        "log_loss": {"value": value, "low": value - 0.1, "high": value + 0.1, "how": "bootstrap over groups"}
    }


SCORES = {
    "metric": "log_loss",
    "greater_is_better": False,
    "members": {"ensemble": scored(0.4), "<script>alert(1)</script>": scored(0.5)},
    "floor": scored(1.1),
    "notes": ["a < b"],
}
FINDINGS = {"findings": [{"status": "found", "severity": "warning", "code": "HF103", "said": "groups <g1>"}]}


def test_a_run_shows_scores_intervals_floor_and_findings() -> None:
    seen = Cells(run_html("runs/<first>", SCORES, FINDINGS))
    assert seen.tags <= {"div", "table", "thead", "tbody", "tr", "th", "td", "b"}
    text = seen.cells
    assert text[0] == "runs/<first>: out-of-fold log_loss (lower is better)"
    rows = ["<script>alert(1)</script>", "ensemble", "floor"]
    assert [cell for cell in text if cell in rows] == rows  # the ensemble after its members
    at = text.index("ensemble")
    assert text[at + 1 : at + 4] == ["0.4000", "[0.3000, 0.5000]", "bootstrap over groups"]
    assert text[-2:] == ["HF103 warning: groups <g1>", "note: a < b"]


def test_an_unfinished_run_says_so(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("name: run\n")
    assert "not finished" in Run(tmp_path)._repr_html_()


def test_an_ablation_shows_each_variant() -> None:
    found = Paired(0.02, -0.01, 0.05, 0.2, 0.01, 0.5, (0.01, 0.03))
    says = Verdict("can't tell", 0.4, 0.1, Belief(0.6, 0.3, 0.1), 3)
    told = Row("drop augment.<roll>", "drop", 2, (2,), "told", found, says)
    failed = Row("swap loss=focal", "swap", 0, (), "failed", None, None, "out of memory")
    made = Ablation(
        Path("runs/a"), "log_loss", False, 0.4, 2, 5, 0.1, "as asked for", (told, failed), {}, (), (), 1.0
    )
    cells = Cells(made._repr_html_()).cells
    at = cells.index("drop augment.<roll>")
    assert cells[at : at + 6] == [
        "drop augment.<roll>", "2 of 5", "+0.0200", "[-0.0100, +0.0500]", "0.400", "can't tell",
    ]  # fmt: skip
    assert "out of memory" in cells


def test_a_trained_run_and_a_comparison_of_two(tmp_path: Path) -> None:
    data = tiny.array_folder(tmp_path / "data", groups=4, each=3)
    folds = {"kind": "stratified_group", "k": 2}
    runs = []
    for name, trees in (("one", 2), ("two", 5)):
        members = {"trees": {"model": {"extra_trees": {"n_estimators": trees}}}}
        recipe = tiny.recipe(tiny.ARRAYS, data, members, folds=folds, track=[])
        runs.append(holdfast.train(recipe, tmp_path / name, accept=None))  # the second call meets the module
    page = runs[0]._repr_html_()
    score = runs[0].scores["members"]["trees"]["log_loss"]
    assert f"{score['value']:.4f}" in page
    assert f"[{score['low']:.4f}, {score['high']:.4f}]" in page
    found = holdfast.compare([run.path for run in runs])
    assert isinstance(found, Compared)
    assert holdfast.compare is compare
    cells = Cells(found._repr_html_()).cells
    assert f"{found.found[0].difference:+.4f}" in cells
    assert found.says[0].says in cells
    assert str(runs[1].path) in cells
