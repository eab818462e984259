"""Reports hold the run's own numbers, load nothing, name every chart in words, and are stopped by no label."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import reported
import tiny
from parsed import Parsed, parse
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.errors import BadInput
from holdfast.report.learning import ablation_of
from holdfast.report.made import command, cost, duration
from holdfast.report.report import report
from holdfast.store.atomic import write_json
from holdfast.store.run import Run
from holdfast.train import train
from holdfast.view.figure import interval, number

SECTIONS = [
    "What is the score, and can I trust it?", "Where does it fail?", "How did it learn?", "What helped?",
    "Members and blend", "What does it rely on?", "Is it calibrated?", "What was run",
]  # fmt: skip
MIB = 2**20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Runs of simulated windows: `run`, `other` with one member of it; `report.html` of the first."""
    made = tmp_path_factory.mktemp("windows")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_CACHE", str(made / "cache"))
        reported.windows_run(made, network=False)
        reported.train_windows(made, "other", {"linear": reported.LINEAR})
        report([made / "run"])
        yield made


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return Run(folder / "run")


@pytest.fixture(scope="module")
def page(folder: Path) -> Parsed:
    return parse(folder / "run" / "report.html")


def charts_of(page: Parsed) -> dict[str, dict[str, object]]:
    (text,) = [text for text in page.text["script"] if text.startswith('{"')]
    return json.loads(text)


def test_the_numbers_of_the_run_stand_in_the_report(page: Parsed, run: Run) -> None:
    own, floor = run.scores["members"]["ensemble"]["log_loss"], run.scores["floor"]["log_loss"]
    for one in (own, floor):
        assert number(one["value"]) in page.body
        assert interval(one["low"], one["high"]) in page.body
    assert run.environment["data"]["hash"] in page.body
    assert command(run) in page.body
    assert "holdfast train" in page.body


def test_sections_come_in_their_order_under_one_h1(page: Parsed) -> None:
    assert page.text["h2"] == SECTIONS
    assert len(page.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_it_has_landmarks_and_a_way_past_the_contents(page: Parsed) -> None:
    assert [len(page.all(tag)) for tag in ("main", "nav", "header", "footer")] == [1, 1, 1, 1]
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(set(ids)) == len(ids)
    links = [attrs["href"] for attrs in page.all("a")]
    assert links[0] == "#main"
    assert {str(link)[1:] for link in links} <= set(ids)


def test_every_chart_has_its_words_and_its_table(page: Parsed) -> None:
    names = [attrs["data-chart"] for _, attrs in page.tags if "data-chart" in attrs]
    assert sorted(map(str, names)) == sorted(charts_of(page))
    assert len(names) == 7
    boxes = [attrs for _, attrs in page.tags if "data-chart" in attrs]
    assert all(box["role"] == "img" and re.search(r"\d", box["aria-label"] or "") for box in boxes)
    assert len(page.all("figure")) == len(names)
    assert len(page.text["figcaption"]) == len(names)
    assert all("<table" in part for part in figures(page))


def figures(page: Parsed) -> list[str]:
    """The tags within each figure."""
    parts: list[str] = []
    for tag, _ in page.tags:
        if tag == "figure":
            parts.append("")
        elif tag == "h2":
            parts.append("-")
        elif parts:
            parts[-1] += f"<{tag}"
    return [part for part in parts if not part.startswith("-")]


def test_tables_name_their_columns_and_rows(page: Parsed) -> None:
    assert all(attrs.get("scope") in ("row", "col") for attrs in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))


def test_nothing_is_loaded_from_anywhere(page: Parsed) -> None:
    assert page.loads == []
    (policy,) = [attrs["content"] for attrs in page.all("meta") if attrs.get("http-equiv")]
    assert "default-src 'none'" in str(policy)
    assert not any(word in str(policy) for word in ("http", "unsafe-eval", "*"))


def test_labels_and_ids_with_markup_stay_text(page: Parsed) -> None:
    for label in [*reported.LABELS.values(), reported.GROUP]:
        assert label in page.body
    assert len(page.all("script")) == 3
    assert not any("onerror" in attrs or attrs.get("src") == "x" for _, attrs in page.tags)
    assert page.all("b") == []
    assert "앉기" in json.dumps(charts_of(page), ensure_ascii=False)


def test_worst_mistakes_are_drawn_with_what_they_show(page: Parsed) -> None:
    drawings = [attrs for attrs in page.all("div") if attrs.get("class") == "drawing"]
    assert drawings
    assert len(drawings) == len(page.all("svg"))
    assert all("steps in 2 channels" in str(attrs["aria-label"]) for attrs in drawings)


def test_no_samples_shows_none(folder: Path) -> None:
    made = report([folder / "run"], folder / "without.html", samples=False)
    page = parse(made.path)
    assert page.all("svg") == page.all("img") == []
    assert "--no-samples" in page.body
    assert made.unread


def test_its_own_report_is_made_anew_and_nothing_else_is_overwritten(folder: Path, tmp_path: Path) -> None:
    file = folder / "run" / "report.html"
    with pytest.raises(BadInput, match="the report of another run"):
        report([folder / "other"], file)
    own = tmp_path / "mine.html"
    own.write_text("my own page")
    with pytest.raises(BadInput, match=r"mine\.html is there and is no report"):
        report([folder / "other"], own)
    assert own.read_text() == "my own page"
    for force in (True, False):  # over another file, then over the report itself
        report([folder / "other"], own, samples=False, force=force)
    assert "Report of other" in own.read_text()


def test_data_that_moved(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "moved", ignore=shutil.ignore_patterns("data", "cache", "*.html"))
    alone = tmp_path / "moved" / "run"
    recipe = (alone / "recipe.yaml").read_text().replace(str(folder / "data"), str(tmp_path / "gone"))
    (alone / "recipe.yaml").write_text(recipe)
    made = report([alone])
    assert "is not there any more" in made.unread
    assert "--data FOLDER" in parse(made.path).body
    assert parse(made.path).all("svg") == []
    shown = report([alone], data=folder / "data")
    assert shown.unread == ""
    assert parse(shown.path).all("svg")
    with pytest.raises(BadInput, match="is not there any more"):
        report([alone], data=tmp_path)


def test_an_unfinished_run_is_refused_with_what_to_type(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "run", tmp_path / "half")
    for name in ("scores.json", "report.html"):
        (tmp_path / "half" / name).unlink()
    made = CliRunner().invoke(app, ["report", str(tmp_path / "half")])
    assert made.exit_code == 2
    assert "is not finished" in made.output
    assert "holdfast train" in made.output
    assert not (tmp_path / "half" / "report.html").exists()


FINDING = {
    "code": "HF101", "severity": "error", "status": "found", "said": "3 copies", "ids": [["a", "b"]], "advice": "keep one",
}  # fmt: skip
CLUSTER = {
    "rank": 1, "columns": ["x mean"], "drop": 0.123, "rank_low": 1.0, "rank_high": 2.0, "share_in_top": 1.0,
    "stable": True,
}  # fmt: skip
IMPORTANCE = {
    "metric": "log_loss", "top": 5, "stable_share": 0.8, "agreement": None, "left_out": {}, "clusters": [CLUSTER],
}  # fmt: skip
VARIANT = {
    "variant": "drop augment.roll", "difference": 0.0214, "low": -0.05, "high": 0.09, "verdict": "can't tell",
    "adjusted": 0.46, "rope": 0.01, "helps": 0.1, "equivalent": 0.4, "hurts": 0.5, "repeats_more": "never",
}  # fmt: skip
ABLATION = {
    "metric": "log_loss", "greater_is_better": False, "base": {"value": 0.5, "folds": 3}, "of_folds": 3,
    "variants": [VARIANT, {"variant": "drop loss", "folds": 1}],
}  # fmt: skip


@pytest.fixture(scope="module")
def full(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    """The report of an ablation whose base has marks, joules and importance, in the form that commands write them."""
    ablation = tmp_path_factory.mktemp("full")
    base = ablation / "base"
    shutil.copytree(folder / "run", base)
    scores = json.loads((base / "scores.json").read_text())
    write_json(base / "scores.json", {**scores, "habits": ["watch_scored_fold"], "notes": ["a <note>"]})
    write_json(base / "findings.json", {"accepted": ["HF101"], "before": {"findings": [FINDING]}})
    write_json(base / "importance.json", IMPORTANCE)
    write_json(ablation / "results.json", ABLATION)
    for file in base.glob("members/*/*/state.json"):
        write_json(file, {**json.loads(file.read_text()), "joules": 600.0})
    return parse(report([ablation], samples=False).path)


def test_marks_of_checks_habits_and_accepted_errors(full: Parsed, page: Parsed) -> None:
    for word in ("watch_scored_fold", "a <note>", "HF101", "accepted", "3 copies (a and b)", "keep one"):
        assert word in full.body
        assert word not in page.body


def test_energy_is_summed_where_it_was_readable(full: Parsed, page: Parsed) -> None:
    assert "3,600 J, 1.00 Wh" in full.body
    assert "not readable on this machine" not in full.body


def test_energy_that_could_not_be_read_is_no_number(folder: Path, tmp_path: Path) -> None:
    assert duration(61.4) == "1 min 1 s"
    shutil.copytree(folder / "run", tmp_path / "cold")
    files = list((tmp_path / "cold").glob("members/*/*/state.json"))
    for file in files:
        write_json(file, {**json.loads(file.read_text()), "joules": None})
    assert dict(cost(Run(tmp_path / "cold")))["energy of the processors"] == "not readable on this machine"
    write_json(files[0], {**json.loads(files[0].read_text()), "joules": 7200.0})
    assert "2.00 Wh (of 1 of 6 jobs)" in dict(cost(Run(tmp_path / "cold")))["energy of the processors"]


def test_importance_is_shown_where_it_was_found(full: Parsed, page: Parsed) -> None:
    assert "importance" in charts_of(full)
    assert "importance" not in charts_of(page)
    assert "which costs 0.1230 log_loss" in full.body


def test_an_ablation_stands_for_its_base(full: Parsed, folder: Path, tmp_path: Path) -> None:
    assert "ablation" in charts_of(full)
    assert "drop augment.roll +0.0214 [-0.0500, +0.0900]: can't tell" in full.body
    assert "not told yet: drop loss" in full.body
    assert full.text["h2"] == SECTIONS
    write_json(tmp_path / "results.json", ABLATION)
    assert ablation_of(folder / "run", tmp_path) == tmp_path
    assert ablation_of(folder / "run") is None
    with pytest.raises(BadInput, match=r"--ablation: .*results\.json"):
        report([folder / "run"], tmp_path / "r.html", folder)


def test_a_folder_in_the_place_of_the_file_is_refused(folder: Path) -> None:
    with pytest.raises(BadInput, match="expected a file, and this is a folder"):
        report([folder / "run"], folder, force=True)


def test_runs_compared(folder: Path, tmp_path: Path) -> None:
    from holdfast.study.compare import compare

    made = report([folder / "run", folder / "other"])
    assert made.path == folder / "run" / "comparison.html"
    page, found = parse(made.path), compare([folder / "run", folder / "other"])
    assert set(charts_of(page)) == {"runs", "forest", "folds"}
    assert number(found.found[0].difference, True) in page.body
    assert found.says[0].says in page.body
    assert page.text["h2"][0] == "Which run is better?"
    assert "+  linear:" not in page.body
    assert "-  same:" in page.body  # the recipes' difference


def test_real_values_from_the_command_line(tmp_path: Path) -> None:
    run = reported.values_run(tmp_path)
    made = CliRunner().invoke(app, ["report", str(run.path)])
    assert made.exit_code == 0, made.output
    assert "report.html" in made.output
    page = parse(run.path / "report.html")
    assert {"truth", "groups", "calibration"} <= set(charts_of(page))
    off = np.abs(run.predictions() - run.oof["truth"].to_numpy(dtype=float))
    assert f"the largest error is {number(float(off.max()))}" in page.body
    assert "samples below" in page.body  # the values of a mistaken row


@pytest.mark.slow
def test_a_run_of_five_thousand_samples_mails_well(tmp_path: Path) -> None:
    data = tiny.array_folder(tmp_path / "data", groups=500, each=10)
    recipe = tiny.recipe(tiny.ARRAYS, data, {"same": {"model": "constant"}})
    run = train(recipe, tmp_path / "run", jobs=1, accept=None)
    assert len(pd.read_parquet(run.path / "oof.parquet")) == 5000
    assert report([run.path]).path.stat().st_size < 5 * MIB
