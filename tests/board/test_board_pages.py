"""What the board's pages show: the list, a run, a comparison, mistakes, a sample, submissions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import yaml
from fastapi.testclient import TestClient
from ledgers import write_run

from holdfast.board.runs_page import ROWS
from holdfast.store.ledger.opening import open_ledger
from holdfast.study.compare import compare

Opened = Callable[..., TestClient]
OWN = {"origin": "http://127.0.0.1:8765"}


def names(text: str) -> list[str]:
    """Runs of the list, from its top."""
    return re.findall(r'<th scope="row"><a href="/(?:run|live)/([^"]+)"', text)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Simulated runs of one metric: middle .8, best .9, worst .7."""
    for name, value in (("middle", 0.8), ("best", 0.9), ("worst", 0.7)):
        write_run(tmp_path / "runs", name, value)
    return tmp_path / "runs"


def test_one_metric_is_ranked_the_best_first(three: Path, opened: Opened) -> None:
    text = opened(three).get("/").text
    assert names(text) == ["best", "middle", "worst"]
    assert "0.9000" in text
    assert "[0.8800, 0.9200]" in text
    assert "Higher is better." in text


def test_a_head_sorts_and_turns_round(three: Path, opened: Opened) -> None:
    board = opened(three)
    assert names(board.get("/?sort=value&order=up").text) == ["worst", "middle", "best"]
    text = board.get("/?sort=path").text
    assert names(text) == ["best", "middle", "worst"]
    assert 'aria-sort="ascending"' in text
    assert 'href="/?sort=path&amp;order=down"' in text
    assert names(board.get("/?sort=nothing").text) == ["best", "middle", "worst"]


def test_search_and_kind_narrow_the_list(three: Path, opened: Opened) -> None:
    board = opened(three)
    assert names(board.get("/?q=ST").text) == ["best", "worst"]
    assert names(board.get("/?kind=images").text) == []
    assert "called so" in board.get("/?q=%25").text  # no wildcard


def test_scores_of_several_metrics_are_not_ranked_together(three: Path, opened: Opened) -> None:
    write_run(three, "loss", 0.4)
    scores = json.loads((three / "loss" / "scores.json").read_text()) | {
        "metric": "log_loss",
        "greater_is_better": False,
    }
    (three / "loss" / "scores.json").write_text(json.dumps(scores))
    board = opened(three)
    assert "cannot be ranked together" in board.get("/").text
    assert names(board.get("/?metric=accuracy").text) == ["best", "middle", "worst"]
    assert "Lower is better." in board.get("/?metric=log_loss").text


def test_pages_follow_each_other(tmp_path: Path, opened: Opened) -> None:
    for i in range(ROWS + 3):
        write_run(tmp_path, f"run-{i:03}", 0.9 - i / 1000)
    board = opened(tmp_path)
    first, second = board.get("/").text, board.get("/?page=2").text
    assert (len(names(first)), names(second)) == (ROWS, ["run-050", "run-051", "run-052"])
    (link,) = re.findall(r'rel="next" href="([^"]+)"', first)
    assert names(board.get(link.replace("&amp;", "&")).text) == names(second)


def test_what_is_no_ordinary_run_is_marked(three: Path, opened: Opened) -> None:
    (three / "worst" / "environment.json").write_text(json.dumps({"runs": ["a"], "data": {"samples": 3}}))
    write_run(three, "cheat", 0.99, facts={"conv": {"fold-0": {"habits": ["random_folds"]}}})
    rows = {name: row for row in opened(three).get("/").text.split("<tr>") for name in names(row)}
    assert '<span class="badge habits">habits</span>' in rows["cheat"]
    assert '<span class="badge blend">blend</span>' in rows["worst"]
    assert "badge" not in rows["best"].split("</th>")[0]


def test_a_new_run_is_taken_up(three: Path, opened: Opened) -> None:
    with opened(three) as board:
        write_run(three, "new", 0.95)
        board.app.app.state.ledger.refresh()  # as its thread does every two seconds
        assert names(board.get("/").text)[0] == "new"


def test_a_runs_page_has_its_figures(trained: Path, opened: Opened) -> None:
    scores = json.loads((trained / "runs" / "first" / "scores.json").read_text())
    best = scores["members"]["ensemble"]["log_loss"]
    board = opened(trained / "runs")
    text = board.get("/run/first").text
    assert f"{best['value']:.4f}" in text
    assert f"[{best['low']:.4f}, {best['high']:.4f}]" in text
    assert f"{scores['floor']['log_loss']['value']:.4f}" in text
    charts = re.findall(r'<img src="(/chart/[^"]+)" alt="([^"]{20,})"', text)
    assert [link.split("/")[2] for link, _ in charts] == ["members", "folds", "confusion"]
    drawn = [board.get(f"{link}?theme={theme}").text for link, _ in charts for theme in ("light", "dark")]
    assert all(one.startswith("<svg") and "currentColor" not in one for one in drawn)
    assert board.get("/chart/nothing/first").status_code == 404


def test_a_comparison_is_that_of_the_command(trained: Path, opened: Opened) -> None:
    runs = trained / "runs"
    (found,) = compare([runs / "second", runs / "first"]).plain()["compared"]
    text = opened(runs).get("/compare?run=second&run=first").text
    assert f"{found['difference']:+.4f}" in text
    assert found["verdict"].replace("'", "&#39;") in text


def test_runs_that_cannot_be_compared_say_why(project: Path, opened: Opened) -> None:
    recipe = project / "runs" / "second" / "recipe.yaml"
    held = yaml.safe_load(recipe.read_text())
    recipe.write_text(yaml.safe_dump({**held, "metric": "accuracy"}))
    board = opened(project / "runs")
    assert "have other metrics" in board.get("/compare?run=first&run=second").text
    assert "Choose two runs or more" in board.get("/compare?run=first").text


def test_a_mistake_leads_to_its_sample(trained: Path, opened: Opened) -> None:
    board = opened(trained / "runs")
    text = board.get("/mistakes/second").text
    links = re.findall(r'href="(/sample\?[^"]+)"', text)
    scores = json.loads((trained / "runs" / "second" / "scores.json").read_text())
    wrong = round((1 - scores["members"]["ensemble"]["accuracy"]["value"]) * 36)
    assert f"{wrong} of 36 samples" in text
    assert len(links) == wrong
    sample = board.get(links[0].replace("&amp;", "&")).text
    assert '<span class="badge error">wrong</span>' in sample
    assert re.findall(r'<th scope="row"><a href="/run/(\w+)">', sample) == ["second", "first"]
    assert "samples below" in sample  # the values of a table's row
    assert board.get("/sample?run=second&id=nothing").status_code == 404
    assert "has no member" in board.get("/mistakes/second?member=nothing").text


def add(board: TestClient, text: str = "id,label\n1,a\n", name: str = "first.csv") -> httpx.Response:
    data = {"run": "best", "who": "ada", "note": "of the board"}
    return board.post("/submissions/add", data=data, files={"file": (name, text.encode())}, headers=OWN)


def test_the_budget_refuses_the_sixth(three: Path, opened: Opened) -> None:
    with open_ledger(None, three) as ledger:
        ledger.set_limit(5, team=True)
    board = opened(three)
    assert "<strong>5 of 5</strong> left" in board.get("/submissions").text
    answers = [add(board, f"{i}") for i in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [409]
    assert "all 5 of the team&#39;s submissions" in answers[-1].text
    assert len(board.app.app.state.ledger.submissions()) == 5
    assert "<strong>0 of 5</strong> left" in board.get("/submissions").text


def test_a_score_is_typed_in_and_drawn(three: Path, opened: Opened) -> None:
    board = opened(three)
    assert board.get("/submissions/chart").status_code == 404
    add(board, name="..\\..\\a/../evil.csv")
    (row,) = board.app.app.state.ledger.submissions()
    assert (row["file"], row["who"], row["path"]) == ("evil.csv", "ada", "best")
    form = {"id": row["id"], "value": "0.8765", "board": "public"}
    assert board.post("/submissions/score", data=form, headers=OWN).status_code == 303
    text = board.get("/submissions").text
    assert "leaderboard 0.8765" in text
    assert board.get("/submissions/chart?theme=dark").text.startswith("<svg")
    for value in ("nan", "much", ""):
        assert board.post("/submissions/score", data={**form, "value": value}, headers=OWN).status_code == 422


def test_a_submission_that_is_not_in_order_is_refused(three: Path, opened: Opened) -> None:
    board = opened(three)
    assert add(board, "").status_code == 422
    for form in (
        {"run": "nothing", "who": "ada"},
        {"run": "best", "who": " "},
        {"run": "../x", "who": "a"},
        {"who": "ada"},
    ):
        answer = board.post("/submissions/add", data=form, files={"file": ("a.csv", b"1")}, headers=OWN)
        assert answer.status_code in (404, 422)
    assert board.app.app.state.ledger.submissions() == []
