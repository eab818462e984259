"""The ledger's tables. Times are texts in UTC, as 2026-11-21T19:12:00.000+00:00, which sort as they follow each other."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text

REVISION = "0001"  # the last one of migrations/versions

metadata = MetaData()


def _of_run(primary_key: bool = True) -> Column[str]:
    """The run that a row belongs to, and goes with."""
    of = ForeignKey("runs.id", ondelete="CASCADE")
    return Column("run", Text, of, nullable=False, primary_key=primary_key, index=not primary_key or None)


# a runs folder somewhere: what it tells is replaced by what it tells anew, and by nothing else
places = Table(
    "places", metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("path", Text, nullable=False),
)  # fmt: skip

runs = Table(
    "runs", metadata,
    Column("id", Text, primary_key=True),
    Column("place", Text, ForeignKey("places.id", ondelete="CASCADE"), nullable=False),
    Column("path", Text, nullable=False),  # relative to the runs folder
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),  # finished, in work, begun, broken
    Column("why", Text, nullable=False),  # it is broken
    Column("mark", Text, nullable=False),  # refit, blend, ablation, trial, habits; empty of an ordinary run
    Column("kind", Text),  # of data
    Column("metric", Text),
    Column("greater_is_better", Boolean),
    Column("value", Float),  # of the ensemble, out of fold
    Column("low", Float),
    Column("high", Float),
    Column("units", Integer),  # that the interval is drawn over
    Column("best_member", Text),
    Column("best_value", Float),
    Column("members", Integer),
    Column("samples", Integer),
    Column("groups", Integer),
    Column("folds", Integer),
    Column("repeats", Integer),
    Column("errors", Integer),  # findings of checks
    Column("warnings", Integer),
    Column("began", Text),
    Column("finished", Text),
    Column("recipe", Text),  # hash of recipe.yaml
    Column("seen", Text, nullable=False),  # when the folder's files were changed, as it was read
)  # fmt: skip

# What a page of runs may be sorted by; an index each. It goes on with path and id, so that pages do not overlap, and with
# what runs may be chosen by, so that those that are not wanted are passed over without a look at their rows.
SORTS = (
    "name", "path", "state", "mark", "kind", "metric", "value", "low", "high", "best_member", "members", "samples",
    "groups", "folds", "errors", "warnings", "began", "finished",
)  # fmt: skip
CHOSEN_BY = ("path", "id", "name", "kind", "metric")
for _name in SORTS:
    Index(f"runs_by_{_name}", *(runs.c[column] for column in dict.fromkeys((_name, *CHOSEN_BY))))
Index("runs_of_place", runs.c.place, runs.c.path, unique=True)

scores = Table(
    "scores", metadata,
    _of_run(),
    Column("role", Text, primary_key=True),  # member, ensemble, floor, sample
    Column("member", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
    Column("how", Text, nullable=False),
    Column("units", Integer),
)  # fmt: skip

findings = Table(
    "findings", metadata,
    _of_run(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("accepted", Boolean, nullable=False),
)  # fmt: skip

# a run against the first of `holdfast compare`, in whose folder the file lies
comparisons = Table(
    "comparisons", metadata,
    _of_run(),
    Column("file", Text, primary_key=True),
    Column("other", Text, primary_key=True),  # relative to the runs folder
    Column("made", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("greater_is_better", Boolean, nullable=False),
    Column("first_value", Float),
    Column("value", Float),
    Column("difference", Float),
    Column("low", Float),
    Column("high", Float),
    Column("p", Float),
    Column("adjusted", Float),
    Column("helps", Float),
    Column("equivalent", Float),
    Column("hurts", Float),
    Column("rope", Float),
    Column("verdict", Text, nullable=False),
)  # fmt: skip

submissions = Table(
    "submissions", metadata,
    Column("id", Text, primary_key=True),
    _of_run(primary_key=False),
    Column("who", Text, nullable=False),
    Column("made", Text, nullable=False, index=True),
    Column("file", Text, nullable=False),
    Column("hash", Text, nullable=False, index=True),
    Column("note", Text, nullable=False),
    Column("state", Text, nullable=False),  # added, sending, sent, withdrawn
    Column("competition", Text),
    Column("public", Float),
    Column("private", Float),
    Column("scored", Text),
)  # fmt: skip

# one row: how many submissions a day has, and when it begins
contest = Table(
    "contest", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("per_day", Integer, nullable=False),
    Column("team", Boolean, nullable=False),  # all people together; else each has so many
    Column("clock", Text, nullable=False),
    Column("since", Text, nullable=False),
)  # fmt: skip
