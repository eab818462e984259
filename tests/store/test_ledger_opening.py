"""Opening: the tables are those of the code, made once however many open at once; passwords stay unsaid."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from ledgers import all_rows, write_run

from holdfast.errors import BadInput
from holdfast.store.ledger.opening import MIGRATIONS, open_ledger
from holdfast.store.ledger.tables import REVISION, SORTS, metadata
from holdfast.store.ledger.where import PLACE, runs_folder_of, shown, url_of


def test_revisions_make_the_tables_of_the_code(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION
    with open_ledger(None, tmp_path) as ledger, ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def _open(where: str | None, runs: Path, start: object, told: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    with open_ledger(where, runs) as ledger:
        ledger.refresh()
        told.put((ledger.place["id"], ledger.runs()[1]))  # type: ignore[attr-defined]


def open_at_once(where: str | None, runs: Path, several: int = 4) -> None:
    """Several processes open a new ledger of one runs folder at once; all must see its run."""
    write_run(runs, "one")
    context = multiprocessing.get_context("fork")
    start, told = context.Barrier(several), context.Queue()
    workers = [context.Process(target=_open, args=(where, runs, start, told)) for _ in range(several)]
    for worker in workers:
        worker.start()
    answers = [told.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * several
    assert set(answers) == {((runs / PLACE).read_text().strip(), 1)}


def test_several_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    open_at_once(None, tmp_path)


@pytest.mark.system
def test_several_open_a_new_postgresql_ledger_at_once(database: str, tmp_path: Path) -> None:
    open_at_once(database, tmp_path)


@pytest.mark.system
def test_postgresql_answers_as_sqlite_does(database: str, tmp_path: Path) -> None:
    pages = []
    for i in range(4):
        write_run(tmp_path, f"run-{i}", 0.5 + i % 3 / 10)
    (tmp_path / "run-2" / "scores.json").unlink()
    for where in (None, database):
        with open_ledger(where, tmp_path) as ledger:
            ledger.refresh()
            found = [ledger.runs("RUN-", sort, down, offset=1, limit=2) for sort in SORTS for down in (0, 1)]
            pages.append([({**row, "seen": ""}, total) for rows, total in found for row in rows])
            pages[-1].append((ledger.run("run-0"), 0))
            assert ledger.runs(search="%")[1] == 0
            before = all_rows(ledger)
            ledger.rebuild()
            assert all_rows(ledger) == before
    for page in pages:
        page[-1][0].pop("seen")
    assert pages[0] == pages[1]


def test_it_is_opened_again(tmp_path: Path) -> None:
    write_run(tmp_path, "one")
    with open_ledger(None, tmp_path) as ledger:
        ledger.refresh()
    with open_ledger(None, tmp_path) as ledger:
        assert ledger.runs()[1] == 1
    with sqlite3.connect(tmp_path / "ledger.db") as there:
        assert there.execute("pragma journal_mode").fetchone() == ("wal",)


def test_the_environment_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LEDGER", str(tmp_path / "team.db"))
    with open_ledger(None, tmp_path / "runs") as ledger:
        assert ledger.where == str(tmp_path / "team.db")
    with open_ledger(f"sqlite:///{tmp_path}/other.db", tmp_path / "runs"):
        assert (tmp_path / "other.db").is_file()


def test_a_newer_ledger_is_left_alone(tmp_path: Path) -> None:
    with open_ledger(None, tmp_path):
        pass
    with sqlite3.connect(tmp_path / "ledger.db") as there:
        there.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(BadInput, match="made by a newer Holdfast"):
        open_ledger(None, tmp_path)


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("notes of mine, " * 100)
    with pytest.raises(BadInput, match=r"ledger.db cannot be used: file is not a database; move it away"):
        open_ledger(None, tmp_path)
    assert (tmp_path / "ledger.db").read_text().startswith("notes of mine")


@pytest.mark.parametrize("url", ["mysql://ada:secret@host/db", "postgresql://ada:secret@host:port/db"])
def test_other_urls_are_refused_without_their_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        open_ledger(url, tmp_path)
    assert "postgresql://USER@HOST/DATABASE" in str(error.value)
    assert "secret" not in str(error.value)


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    url = "postgres://ada:secret@127.0.0.1:1/db?sslpassword=secret&connect_timeout=2"
    assert shown(url_of(url, tmp_path)) == "postgresql://ada:***@127.0.0.1:1/db"
    with pytest.raises(BadInput, match=r"the ledger postgresql://ada:\*\*\*@.* cannot be used: ") as error:
        open_ledger(url, tmp_path)
    assert "secret" not in str(error.value)


def test_the_runs_folder_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert runs_folder_of("runs/study/base") == tmp_path / "runs"
    assert runs_folder_of(tmp_path / "else" / "one") == tmp_path / "else"
    (tmp_path / PLACE).touch()
    assert runs_folder_of("runs/study/base") == tmp_path / "runs"
    assert runs_folder_of("else/deep/one") == tmp_path
