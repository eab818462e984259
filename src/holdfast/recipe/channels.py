"""Channels by name, as components that act on some of them ask for them."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.errors import BadInput
from holdfast.recipe.strict import nearest

AXES = ("x", "y", "z")
RGB = ("red", "green", "blue")  # the channels of pictures
Triple = tuple[int, int, int]


def positions(names: Sequence[str], wanted: Sequence[str | int], where: str) -> list[int]:
    """Position of each wanted channel, given by name or by position. Raises BadInput.

    >>> positions(["ax", "ay"], ["ay", 0], "prepare.lag.channels")
    [1, 0]
    """
    found = []
    for one in wanted:
        if isinstance(one, int):
            if not 0 <= one < len(names):
                raise BadInput(f"{where}: channel {one} of {len(names)}; positions count from 0")
            found.append(one)
        elif one in names:
            found.append(list(names).index(one))
        else:
            raise BadInput(f"{where}: no channel is named {one!r}; {nearest(one, names)}")
    return found


def triples(names: Sequence[str], given: Sequence[Sequence[str | int]], where: str) -> list[Triple]:
    """Positions of each 3-axis group: those given, or else every x, y, z that the names show.

    Raises BadInput where a channel is unknown, or nothing is given and the names show no group.

    >>> triples(["acc_x", "acc_y", "acc_z", "heart"], [], "augment.rotation.axes")
    [(0, 1, 2)]
    """
    found = [tuple(positions(names, group, where)) for group in given] or triples_by_name(names)
    if not found:
        raise BadInput(
            f"{where}: no channel names end (or begin) in x, y, z alike; name the groups, as in"
            " [[acc_x, acc_y, acc_z]], or give positions: [[0, 1, 2]]"
        )
    for group, said in zip(found, given):
        if len(set(group)) != len(AXES):
            raise BadInput(f"{where}: expected three different channels a group, got {list(said)}")
    return found  # type: ignore[return-value]


def triples_by_name(names: Sequence[str]) -> list[tuple[int, ...]]:
    """Groups of names that are equal but for an x, y or z at their end or their start.

    >>> triples_by_name(["acc_x", "acc_y", "acc_z", "heart"])
    [(0, 1, 2)]
    """
    stems: dict[tuple[str, str], dict[str, int]] = {}
    for i, name in enumerate(names):
        for axis, stem in ((name[-1:].lower(), ("end", name[:-1])), (name[:1].lower(), ("start", name[1:]))):
            if axis in AXES:
                stems.setdefault(stem, {}).setdefault(axis, i)
    whole = [tuple(held[axis] for axis in AXES) for held in stems.values() if set(held) == set(AXES)]
    return list(dict.fromkeys(whole))
