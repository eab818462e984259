"""`submissions`: the day's budget by the contest's clock, scores, and what they are worth."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledgers import write_run
from typer.testing import CliRunner

from holdfast.cli.main import app

runner = CliRunner()
SEOUL = ["--limit", "2/day", "--team", "--clock", "Asia/Seoul"]


def said(*words: str | Path, code: int = 0) -> str:
    made = runner.invoke(app, ["submissions", *(str(word) for word in words)])
    assert made.exit_code == code, made.output
    return made.output


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in (("first", 0.80), ("second", 0.81), ("third", 0.90)):
        write_run(tmp_path / "runs", name, value, half=0.02)
        (tmp_path / f"{name}.csv").write_text(f"id,label\n{name},1\n")
    return tmp_path / "runs"


def add(name: str, *words: str, code: int = 0) -> str:
    """The id of a submission that is recorded, else what is said."""
    text = said("add", f"runs/{name}", f"{name}.csv", *words, code=code)
    return text if code else text.split()[1].rstrip(":")


def test_the_third_of_two_a_day_is_refused_till_midnight_in_seoul(runs: Path) -> None:
    add("first", "--who", "ada", "--when", "2026-11-21T23:59", *SEOUL)
    add("second", "--who", "bo", "--when", "2026-11-21T15:00+00:00")  # midnight there: the next day
    add("second", "--who", "bo", "--when", "2026-11-21T00:00")
    text = add("third", "--who", "cy", "--when", "2026-11-21T14:59:59+00:00", code=2)
    assert "all 2 of the team's submissions of 2026-11-21 are used (Asia/Seoul)" in text
    assert "begins at 2026-11-22 00:00 KST, which is 2026-11-21T15:00 UTC" in text
    add("third", "--who", "cy", "--when", "2026-11-22T23:59")
    assert "2026-11-22 are used" in add("third", "--when", "2026-11-22T12:00", code=2)
    assert said("list").count(".csv") == 4


def test_without_team_each_has_as_many(runs: Path) -> None:
    day = ["--when", "2026-11-21T12:00"]
    add("first", "--who", "ada", "--limit", "1/day", *day)
    add("first", "--who", "bo", *day)
    assert "ada's submissions" in add("first", "--who", "ada", *day, code=2)


def test_a_limit_is_said_once_and_kept_by_a_file(runs: Path) -> None:
    assert "no limit was said" in said("budget")
    assert "0 of 2 of the team used" in said("budget", *SEOUL)
    assert "(Asia/Seoul), 2 left" in said("budget")
    for file in runs.glob("ledger.db*"):
        file.unlink()
    assert "(Asia/Seoul), 2 left" in said("budget")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--limit", "many"], "as 5/day"),
        (["--limit", "0/day"], "as 5/day"),
        (["--team"], "go with a limit"),
        (["--limit", "5/day", "--clock", "Asia/Seul"], "did you mean 'Asia/Seoul'"),
        (["--when", "today"], "--when: expected a date and time"),
    ],
)
def test_wrong_words_are_refused_and_nothing_kept(runs: Path, words: list[str], why: str) -> None:
    assert why in add("first", *words, code=2)
    assert "no submissions" in said("list")
    assert not (runs / "contest.json").exists()


def test_the_same_file_twice_is_warned_of(runs: Path) -> None:
    key = add("first")
    assert f"the same file was submitted before: {key}" in said("add", "runs/second", "first.csv")
    assert "warning" not in said("add", "runs/second", "second.csv")
    assert "there is no such file" in said("add", "runs/first", "none.csv", code=2)


def test_a_gain_within_the_noise_is_warned_of(runs: Path) -> None:
    one, two, three = (
        add(name, "--when", f"2026-11-2{i}") for i, name in enumerate(("first", "second", "third"))
    )
    assert "warning" not in said("score", one, "0.70")
    text = said("score", two, "0.715")
    assert f"against {one}, the last: +0.015 (better); CV +0.01" in text
    assert "within the noise of CV, ±0.02 (half the 95 % interval of this run's own score" in text
    text = said("score", three[:5], "0.60")
    assert "-0.115 (worse); CV +0.09" in text
    assert "noise of CV" not in text
    assert "ALARM: CV and leaderboard go opposite ways" in text
    assert "private score -0.5" in said("score", three, "-0.5", "--private")
    table = said("list")
    assert "0.7150" in table
    assert "-0.5000" in table
    assert "no submission has the id" in said("score", "zz", "0.7", code=2)
