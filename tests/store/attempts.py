"""Two processes of a team that submit and score at once, and what must then be stored."""

from __future__ import annotations

import json
import multiprocessing
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from ledgers import NOON, all_rows, write_run

from holdfast.store.ledger.contest import OverBudget
from holdfast.store.ledger.opening import open_ledger

Made = tuple[
    list[tuple[str, str]], dict[str, float], int
]  # ids and days, last score of each id, how many scores


def attempt(
    start: Any, where: str | None, runs: Path, names: list[str], attempts: int, days: int, seed: int
) -> Made:
    """Add a submission, or type in a score of one's own, so many times; returns what was accepted."""
    draw, added, scored, scores = random.Random(seed), [], {}, 0
    with open_ledger(where, runs) as ledger:
        start.wait()
        for i in range(attempts):
            if added and i % 2:
                key, value = draw.choice(added)[0], float(seed * attempts + i)
                ledger.score_submission(key, value)
                scored[key], scores = value, scores + 1
                continue
            when = NOON + timedelta(days=draw.randrange(days))
            try:
                run = runs / draw.choice(names)
                row = ledger.add_submission(run, run / "scores.json", "ada", when).row
            except OverBudget:
                continue
            added.append((row["id"], row["made"][:10]))
    return added, scored, scores


def _work(told: Any, *given: Any) -> None:
    told.put(attempt(*given))


def two_at_once(where: str | None, folders: list[Path], attempts: int, days: int, per_day: int) -> None:
    """Each of two processes makes half the attempts, on its runs folder; asserts that exactly the allowed are kept."""
    names = ["first", "second"]
    for runs in dict.fromkeys(folders):
        for name in names:
            write_run(runs, name)
    with open_ledger(where, folders[0]) as ledger:
        ledger.set_limit(per_day, True)
    context = multiprocessing.get_context("fork")
    start, told = context.Barrier(2), context.Queue()
    given = [(start, where, runs, names, attempts // 2, days, seed) for seed, runs in enumerate(folders)]
    workers = [context.Process(target=_work, args=(told, *one)) for one in given]
    for worker in workers:
        worker.start()
    made: list[Made] = [told.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    added = dict(one for mine in made for one in mine[0])
    scored = {key: value for mine in made for key, value in mine[1].items()}
    assert len(added) == sum(len(mine[0]) for mine in made)  # no id twice
    assert Counter(added.values()).most_common() == [(day, per_day) for day in Counter(added.values())]
    assert len(Counter(added.values())) == days
    with open_ledger(where, folders[0]) as ledger:
        held = {row["id"]: row for row in ledger.submissions()}
        assert {key: row["made"][:10] for key, row in held.items()} == added
        assert {key: row["public"] for key, row in held.items() if row["public"] is not None} == scored
        before = all_rows(ledger)
        ledger.rebuild()
        assert all_rows(ledger) == before
    files = [runs / name / "submissions.jsonl" for runs in dict.fromkeys(folders) for name in names]
    lines = [json.loads(line)["event"] for file in files for line in file.read_text().splitlines()]
    assert Counter(lines) == {"submission": len(added), "score": sum(mine[2] for mine in made)}
