"""The ledger says what run folders say, follows them, and is made anew from them."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ledgers import NOON, all_rows, interval, write, write_run
from sqlalchemy import event

from holdfast.errors import BadInput
from holdfast.store.ledger.opening import WRITES, open_ledger
from holdfast.store.ledger.submission_file import append
from holdfast.store.ledger.tables import SORTS


def test_a_row_says_what_the_files_say(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    folder = write_run(runs, "first", 0.8)
    os.utime(folder / "environment.json", (0, 0))
    os.utime(folder / "scores.json", (90, 90))
    with open_ledger(None, runs) as ledger:
        row = ledger.index(folder)
        there = ledger.run("first")
    assert there is not None
    expected = {
        "path": "first", "name": "of first", "state": "finished", "why": "", "mark": "", "kind": "table",
        "metric": "accuracy", "greater_is_better": True, "value": 0.8, "low": 0.78, "high": 0.8200000000000001,
        "units": 6, "groups": 6, "best_member": "conv", "best_value": 0.8, "members": 2, "samples": 36, "folds": 3,
        "repeats": 2, "errors": 1, "warnings": 0, "began": "1970-01-01T00:00:00.000+00:00",
        "finished": "1970-01-01T00:01:30.000+00:00", "here": True,
    }  # fmt: skip
    assert {name: there[name] for name in expected} == expected
    assert row.items() <= there.items()
    assert [(one["code"], one["accepted"]) for one in there["findings"]] == [("HF102", True)]
    figures = {(one["role"], one["member"], one["metric"]): one["value"] for one in there["scores"]}
    assert figures["floor", "floor", "accuracy"] == 0.4
    assert figures["ensemble", "ensemble", "accuracy"] == 0.8
    assert figures["member", "trees", "accuracy"] == pytest.approx(0.7)
    assert len(figures) == 7


def test_lower_is_better_finds_the_other_best_member(tmp_path: Path) -> None:
    members = {name: {"mae": interval(value)} for name, value in (("a", 2.0), ("b", 1.0), ("ensemble", 1.5))}
    write_run(tmp_path, "one", metric="mae", greater_is_better=False, members=members)
    with open_ledger(None, tmp_path) as ledger:
        ledger.refresh()
        row = ledger.run("one")
    assert row is not None
    assert (row["best_member"], row["best_value"], row["value"], row["folds"]) == ("b", 1.0, 1.5, 3)


def test_marks(tmp_path: Path) -> None:
    write(write_run(tmp_path, "refitted"), "refit.json", {"run": "x"})
    write(write_run(tmp_path, "blended"), "environment.json", {"runs": ["../a"]})
    write_run(tmp_path, "study-ablate/base")
    write(tmp_path / "study-ablate", "results.json", {})
    write_run(tmp_path, "study-tune/trial-0001")
    write_run(tmp_path, "study-habits/honest")
    write(tmp_path / "study-habits", "results.json", {})
    write(tmp_path / "study-habits", "begun.json", {})
    write_run(tmp_path, "marked", facts={"conv": {"fold-0": {"habits": ["random_folds"]}}})
    (tmp_path / "study-habits" / "random_folds" / "members").mkdir(parents=True)
    with open_ledger(None, tmp_path) as ledger:
        ledger.refresh()
        rows, _ = ledger.runs(sort="path")
    assert {row["path"]: row["mark"] for row in rows} == {
        "blended": "blend", "marked": "habits", "refitted": "refit", "study-ablate/base": "ablation",
        "study-habits/honest": "", "study-tune/trial-0001": "trial",
    }  # fmt: skip


def test_states_follow_the_folder(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "one")
    scores = (folder / "scores.json").read_text()
    (folder / "scores.json").unlink()
    (folder / ".lock").touch()

    def state() -> tuple[str, float | None]:
        ledger.refresh()
        row = ledger.run("one")
        assert row is not None
        return row["state"], row["value"]

    with open_ledger(None, tmp_path) as ledger:
        assert state() == ("begun", None)
        with (folder / ".lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert state() == ("in work", None)
        assert state() == ("begun", None)
        (folder / "scores.json").write_text(scores)
        assert state() == ("finished", 0.8)
        (folder / "draft").write_text(scores.replace("0.8", "0.9"))
        (folder / "draft").replace(folder / "scores.json")  # as a run puts files in place
        assert state() == ("finished", 0.9)
        shutil.rmtree(folder)
        assert ledger.refresh().gone == 1
        assert ledger.run("one") is None


def test_refresh_reads_only_what_changed(tmp_path: Path) -> None:
    for name in "abc":
        folder = write_run(tmp_path, name)
        os.utime(folder, (1, 1))
    with open_ledger(None, tmp_path) as ledger:
        assert ledger.refresh().read == 3
        assert ledger.refresh().read == 0
        os.utime(tmp_path / "b", (2, 2))
        assert ledger.refresh().read == 1


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("recipe.yaml", "{a: [", "recipe.yaml"),
        ("scores.json", '{"metric": "acc', "scores.json"),
        ("scores.json", '{"metric": "accuracy"}', "greater_is_better"),
        ("submissions.jsonl", '{"event": "score", "id": "x"}\n', "submissions.jsonl line 1"),
        ("comparisons/one.json", "{}", "comparisons/one.json"),
    ],
)
def test_damaged_folders_are_named_and_the_others_kept(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    write_run(tmp_path, "sound")
    broken = write_run(tmp_path, "broken")
    (broken / "comparisons").mkdir()
    (broken / name).write_text(text)
    with open_ledger(None, tmp_path) as ledger:
        told = ledger.rebuild()
        (path, said), *rest = told.damaged
        assert (path, rest, told.read) == ("broken", [], 2)
        assert why in said
        rows, _ = ledger.runs(sort="path")
    whole = name.startswith(("submissions", "comparisons"))  # the run itself can be read
    assert [row["state"] for row in rows] == ["finished" if whole else "broken", "finished"]


def test_rebuilt_it_is_equal(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    first, other = write_run(runs, "first"), write_run(runs, "nested/other", 0.85)
    file = tmp_path / "first.csv"
    file.write_text("id,label\n")
    with open_ledger(None, runs) as ledger:
        ledger.refresh()
        ledger.set_limit(3, True, "Asia/Seoul")
        one = ledger.add_submission(first, file, "ada", NOON, "the first").row["id"]
        gone = ledger.add_submission(other, file, "bo", NOON, competition="rain").row["id"]
        sent = ledger.add_submission(other, file, "bo", NOON, competition="rain").row["id"]
        ledger.settle_submission(gone, sent=False)
        ledger.settle_submission(sent, sent=True)
        ledger.score_submission(one, 0.7)
        ledger.score_submission(one, 0.75)
        ledger.score_submission(one, 0.74, private=True)
        (first / "comparisons").mkdir()
        compared = {"run": "../nested/other", "value": 0.85, "difference": 0.05, "verdict": "can't tell"}
        kept = {"made": "now", "member": "ensemble", "metric": "accuracy", "greater_is_better": True}
        write(first / "comparisons", "one.json", {**kept, "first": {"value": 0.8}, "compared": [compared]})
        ledger.refresh()
        before = all_rows(ledger)
        ledger.rebuild()
        assert all_rows(ledger) == before
        (verdict,) = ledger.comparisons()
        assert (verdict["first"], verdict["other"], verdict["difference"]) == ("first", "nested/other", 0.05)
    for gone_file in runs.glob("ledger.db*"):
        gone_file.unlink()
    with open_ledger(None, runs) as anew:
        anew.rebuild()
        assert all_rows(anew) == before
        states = {row["id"]: (row["state"], row["public"], row["private"]) for row in anew.submissions()}
    assert states == {one: ("added", 0.75, 0.74), gone: ("withdrawn", None, None), sent: ("sent", None, None)}


def test_one_runs_folder_leaves_what_another_tells(tmp_path: Path) -> None:
    """A team's ledger, whose runs folders lie on two machines."""
    shared, mine, theirs = tmp_path / "team.db", tmp_path / "mine", tmp_path / "theirs"
    file = tmp_path / "first.csv"
    file.touch()
    folders = [write_run(mine, "first", 0.8), write_run(theirs, "first", 0.7)]
    with open_ledger(shared, mine) as ledger, open_ledger(shared, theirs) as other:
        ledger.refresh()
        other.refresh()
        key = other.add_submission(folders[1], file, "bo", NOON).row["id"]
        before = all_rows(ledger)
        ledger.rebuild()
        assert all_rows(ledger) == before
        rows, total = ledger.runs()
        assert (total, [(row["value"], row["here"]) for row in rows]) == (2, [(0.7, False), (0.8, True)])
        with pytest.raises(BadInput, match=r"lies on .*theirs; its files are the truth"):
            ledger.score_submission(key, 0.5)
        ledger.set_limit(1, True, "UTC")  # said here, it holds there
        with pytest.raises(BadInput, match="all 1 of the team's submissions"):
            other.add_submission(folders[1], file, "bo", NOON)
        shutil.rmtree(folders[0])
        ledger.rebuild()
        assert [row["path"] for row in ledger.submissions()] == ["first"]
        other.set_limit(2, True, "UTC")
        ledger.rebuild()  # its own file says the older limit
        held = ledger.limit()
        assert held is not None
        assert held.per_day == 2


def test_pages_follow_each_other_in_every_order(tmp_path: Path) -> None:
    for i in range(7):
        folder = write_run(tmp_path, f"run-{i}", 0.5 + i % 3 / 10)
        if i == 4:
            (folder / "scores.json").unlink()
    with open_ledger(None, tmp_path) as ledger:
        ledger.refresh()
        for sort in SORTS:
            for descending in (False, True):
                pages = [
                    ledger.runs(sort=sort, descending=descending, offset=at, limit=3) for at in (0, 3, 6)
                ]
                rows = [row for page, total in pages for row in page if total == 7]
                assert len({row["path"] for row in rows}) == 7
                told = [row[sort] for row in rows if row[sort] is not None]
                assert told == sorted(told, reverse=descending)
                assert all(row[sort] is None for row in rows[len(told) :])
        assert [row["path"] for row in ledger.runs(search="UN-5")[0]] == ["run-5"]
        assert ledger.runs(search="%")[1] == 0
        assert ledger.runs(metric="accuracy", kind="table", limit=0) == ([], 7)
        assert ledger.runs(metric="mae")[1] == ledger.runs(kind="frames")[1] == 0
        with pytest.raises(BadInput, match="did you mean 'value'"):
            ledger.runs(sort="valu")


def test_a_page_of_runs_follows_an_index(tmp_path: Path) -> None:
    write_run(tmp_path, "one")
    asked: list[tuple[str, Any]] = []
    with open_ledger(None, tmp_path) as ledger:
        ledger.refresh()
        event.listen(ledger.engine, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
        for sort in SORTS:
            for descending in (False, True):
                asked.clear()
                ledger.runs(sort=sort, descending=descending)
                pages = [(text, values) for text, values in asked if "ORDER BY" in text]
                assert pages
                with ledger.reading() as connection:
                    for text, values in pages:
                        rows = connection.exec_driver_sql(f"explain query plan {text}", values)
                        plan = [(above, says) for _, above, _, says in rows]
                        assert any(f"COVERING INDEX runs_by_{sort}" in says for _, says in plan)
                        # the page may be sorted, the runs that it is taken from are not
                        assert not any(above and "TEMP B-TREE" in says for above, says in plan)


def test_runs_elsewhere_are_refused(tmp_path: Path) -> None:
    outside = write_run(tmp_path / "elsewhere", "one")
    (tmp_path / "runs" / "empty").mkdir(parents=True)
    with open_ledger(None, tmp_path / "runs") as ledger:
        with pytest.raises(BadInput, match="does not lie in the runs folder"):
            ledger.index(outside)
        with pytest.raises(BadInput, match=r"has no recipe\.yaml"):
            ledger.index(tmp_path / "runs" / "empty")


def test_a_torn_line_costs_that_line_alone(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "one")
    with open_ledger(None, tmp_path) as ledger:
        first = ledger.add_submission(folder, folder / "scores.json", "ada").row["id"]
        with (folder / "submissions.jsonl").open("a") as file:
            file.write('{"event": "subm')  # the power went
        second = ledger.add_submission(folder, folder / "scores.json", "ada").row["id"]
        told = ledger.rebuild()
        assert {row["id"] for row in ledger.submissions()} == {first, second}
    ((path, why),) = told.damaged
    assert path == "one"
    assert why.startswith("submissions.jsonl line 2")
    lines = (folder / "submissions.jsonl").read_text().splitlines()
    assert [json.loads(lines[i])["id"] for i in (0, 2)] == [first, second]


def test_a_copied_run_folder_does_not_count_its_submissions_again(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "first")
    with open_ledger(None, tmp_path) as ledger:
        key = ledger.add_submission(folder, folder / "scores.json", "ada", NOON).row["id"]
        shutil.copytree(folder, tmp_path / "first-copy")
        ledger.refresh()
        assert [(row["id"], row["path"]) for row in ledger.submissions()] == [(key, "first")]
        ledger.rebuild()
        assert [(row["id"], row["path"]) for row in ledger.submissions()] == [(key, "first")]
        assert ledger.budget(when=NOON).used == 1


def test_odd_contents_break_their_own_folder_alone(tmp_path: Path) -> None:
    """What a database would choke on: other types, half letters, zero bytes, whole numbers without end."""
    write_run(tmp_path, "a-sound")
    write(write_run(tmp_path, "b-words"), "environment.json", {"data": {"samples": "many"}})
    write(write_run(tmp_path, "c-large"), "environment.json", {"data": {"samples": 10**30}})
    write(write_run(tmp_path, "d-list"), "recipe.yaml", {"name": ["a"], "metric": "accuracy"})
    scored = {"accuracy": {**interval(0.5), "how": "a\ud800b\0c"}}
    write_run(tmp_path, "e-letters", members={"ensemble": scored})
    members = {"ensemble": {"accuracy": interval(float("nan"))}}
    write_run(tmp_path, "f-no-number", members=members)
    with open_ledger(None, tmp_path) as ledger:
        ledger.refresh()
        rows = {row["path"]: row for row in ledger.runs(sort="path")[0]}
        there = ledger.run("e-letters")
    assert there is not None
    scores = there["scores"]
    assert [row["state"] for row in rows.values()] == ["finished", *["broken"] * 3, "finished", "finished"]
    assert rows["b-words"]["why"] == "samples: expected int, got 'many'"
    assert scores[0]["how"] == "a?bc"
    assert (rows["f-no-number"]["value"], rows["f-no-number"]["best_member"]) == (None, None)


def test_what_a_crash_left_in_the_file_alone_is_counted(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "one")
    with open_ledger(None, tmp_path) as ledger:
        ledger.add_submission(folder, folder / "scores.json", "a\0da", NOON)
        line = json.loads((folder / "submissions.jsonl").read_text())
        append(folder, {**line, "id": "00000000"})  # and then the process was killed
        ledger.refresh()
        assert ledger.budget(when=NOON).used == 2
        assert {row["who"] for row in ledger.submissions()} == {"ada"}


def test_what_the_ledger_could_not_keep_does_not_count(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "one")

    def fail(connection: Any) -> None:
        if connection.get_execution_options().get(WRITES):
            raise RuntimeError("the server is gone")

    with open_ledger(None, tmp_path) as ledger:
        ledger.refresh()
        event.listen(ledger.engine, "commit", fail)
        with pytest.raises(RuntimeError, match="the server is gone"):
            ledger.add_submission(folder, folder / "scores.json", "ada", NOON)
        event.remove(ledger.engine, "commit", fail)
        assert len((folder / "submissions.jsonl").read_text().splitlines()) == 2
        for look in (ledger.refresh, ledger.rebuild):
            look()
            assert [row["state"] for row in ledger.submissions()] == ["withdrawn"]
            assert ledger.budget(when=NOON).used == 0
