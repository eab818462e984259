"""How alembic runs the revisions beside this file: on the connection, and in the transaction, of who opens a ledger."""

from __future__ import annotations

from alembic import context

from holdfast.store.ledger.tables import metadata


def migrate() -> None:
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name that alembic loads it by; whoever else imports it only reads
    migrate()
