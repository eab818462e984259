"""How several devices share a batch, and what a run says of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

FEWEST = 2  # samples of a rank: batch norm needs two


def shares(n: int, ranks: int) -> list[int]:
    """How many samples of a batch of `n` each rank takes; two at least, or none.

    >>> shares(9, 2), shares(3, 2), shares(1, 2)
    ([5, 4], [3, 0], [1, 0])
    """
    busy = max(1, min(ranks, n // FEWEST))
    return [n // busy + (rank < n % busy) if rank < busy else 0 for rank in range(ranks)]


def part_of(n: int, rank: int, ranks: int) -> slice:
    """Where a rank's samples stand in a batch of `n`; one without samples sees the first ones, which do not count.

    >>> part_of(9, 1, 2), part_of(3, 1, 2)
    (slice(5, 9, None), slice(0, 2, None))
    """
    each = shares(n, ranks)
    first = sum(each[:rank])
    return slice(first, first + each[rank]) if each[rank] else slice(0, FEWEST)


def devices_note(name: str, folds: Iterable[dict[str, Any]]) -> str | None:
    """What a run says of a member whose batch norm saw a part of each batch."""
    told = [fold["devices"] for fold in folds if fold.get("devices", {}).get("own_batch_norm")]
    if not told:
        return None
    return (
        f"{name}: batch norm saw a share of each batch, as {told[0]['number']} processes trained it;"
        " on one device it sees the whole batch"
    )
