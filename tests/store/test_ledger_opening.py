"""Opening: the tables are those of the code, made once however many open at once; passwords stay unsaid."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from ledgers import write_run

from holdfast.errors import BadInput
from holdfast.store.ledger.opening import MIGRATIONS, open_ledger
from holdfast.store.ledger.tables import REVISION, metadata
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


def _open(runs: Path, start: object, told: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    with open_ledger(None, runs) as ledger:
        ledger.refresh()
        told.put((ledger.place["id"], ledger.runs()[1]))  # type: ignore[attr-defined]


def test_several_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    write_run(tmp_path, "one")
    context = multiprocessing.get_context("fork")
    start, told = context.Barrier(4), context.Queue()
    workers = [context.Process(target=_open, args=(tmp_path, start, told)) for _ in range(4)]
    for worker in workers:
        worker.start()
    answers = [told.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert set(answers) == {((tmp_path / PLACE).read_text().strip(), 1)}


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
