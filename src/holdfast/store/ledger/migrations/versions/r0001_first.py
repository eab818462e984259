"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    op.create_table(
        "places",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("host", "path")),
    )
    _runs()
    _of_runs()
    op.create_table(
        "submissions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("run", sa.Text, sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("made", sa.Text, nullable=False, index=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False, index=True),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("competition", sa.Text),
        sa.Column("public", sa.Float),
        sa.Column("private", sa.Float),
        sa.Column("scored", sa.Text),
    )
    op.create_table(
        "contest",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("per_day", sa.Integer, nullable=False),
        sa.Column("team", sa.Boolean, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("clock", "since")),
    )


def _runs() -> None:
    of_place = sa.ForeignKey("places.id", ondelete="CASCADE")
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("place", sa.Text, of_place, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("path", "name", "state", "why", "mark")),
        *(sa.Column(name, sa.Text) for name in ("kind", "metric")),
        sa.Column("greater_is_better", sa.Boolean),
        *(sa.Column(name, sa.Float) for name in ("value", "low", "high")),
        sa.Column("units", sa.Integer),
        sa.Column("best_member", sa.Text),
        sa.Column("best_value", sa.Float),
        *(sa.Column(name, sa.Integer) for name in ("members", "samples", "groups", "folds", "repeats")),
        *(sa.Column(name, sa.Integer) for name in ("errors", "warnings")),
        *(sa.Column(name, sa.Text) for name in ("began", "finished", "recipe")),
        sa.Column("seen", sa.Text, nullable=False),
    )
    for name in (
        "name", "path", "state", "mark", "kind", "metric", "value", "low", "high", "best_member", "members", "samples",
        "groups", "folds", "errors", "warnings", "began", "finished",
    ):  # fmt: skip
        op.create_index(
            f"runs_by_{name}", "runs", list(dict.fromkeys((name, "path", "id", "name", "kind", "metric")))
        )
    op.create_index("runs_of_place", "runs", ["place", "path"], unique=True)


def _of_runs() -> None:
    def run() -> sa.Column[str]:
        of_run = sa.ForeignKey("runs.id", ondelete="CASCADE")
        return sa.Column("run", sa.Text, of_run, primary_key=True, nullable=False)

    op.create_table(
        "scores",
        run(),
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("role", "member", "metric")),
        *(sa.Column(name, sa.Float) for name in ("value", "low", "high")),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("units", sa.Integer),
    )
    op.create_table(
        "findings",
        run(),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("code", "name", "severity", "said")),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
    )
    op.create_table(
        "comparisons",
        run(),
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("file", "other")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("made", "member", "metric")),
        sa.Column("greater_is_better", sa.Boolean, nullable=False),
        *(sa.Column(name, sa.Float) for name in ("first_value", "value", "difference", "low", "high")),
        *(sa.Column(name, sa.Float) for name in ("p", "adjusted", "helps", "equivalent", "hurts", "rope")),
        sa.Column("verdict", sa.Text, nullable=False),
    )
