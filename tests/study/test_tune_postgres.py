"""Two processes on one study in PostgreSQL: a server of the tests' own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tuning import Gate

from holdfast.errors import BadInput
from holdfast.study.tune_storage import ASK, PostgresLocks, open_storage

pytestmark = pytest.mark.system


def test_one_of_two_is_killed_and_the_others_end_the_study(postgres: str, tmp_path: Path) -> None:
    Gate(tmp_path).kill_one_of_two_and_add_a_third(tmp_path / "study", postgres)


def test_a_worker_lives_as_long_as_its_connection(postgres: str) -> None:
    url = postgres.replace("postgresql://", "postgresql+psycopg://")
    locks, others = PostgresLocks(url, "study"), PostgresLocks(url, "study")
    with locks.at_work() as worker:
        assert others.alive(worker)
        with (
            others.engine.connect() as connection
        ):  # as where a machine falls silent, and its server finds out
            (lost,) = connection.exec_driver_sql(
                "select pid from pg_locks where locktype = 'advisory' and granted"
            )
            connection.exec_driver_sql(f"select pg_terminate_backend({lost[0]}, 10000)")
        assert not others.alive(worker)
    with locks.at_work() as worker:
        assert others.alive(worker)


def test_the_server_asks_after_its_clients(postgres: str) -> None:
    with PostgresLocks(
        postgres.replace("postgresql://", "postgresql+psycopg://"), "study"
    ).engine.connect() as one:
        for name, seconds in ASK.items():
            assert one.exec_driver_sql(f"show tcp_keepalives_{name}").scalar() == str(seconds)


@pytest.mark.parametrize("wrong", ["postgres@127.0.0.1:1/none", "{}/none", "{}:5432:5432"])
def test_a_server_that_does_not_answer_is_one_message(wrong: str, postgres: str) -> None:
    where = "postgresql://" + wrong.format(postgres.split("://")[1].rsplit("/", 1)[0])
    with pytest.raises(BadInput, match=r"PostgreSQL does not answer as the URL says: .+"):
        open_storage(where, "study")
