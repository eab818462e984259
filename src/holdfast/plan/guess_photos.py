"""What only photos have: the attributes of their label, their size, the fields that say where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.data.files import read_table
from holdfast.plan.answers import Answers, Found
from holdfast.plan.clock import row_numbers
from holdfast.plan.groups import GROUP_WORDS
from holdfast.plan.joint import Joint, find_joint
from holdfast.plan.photos import PhotoParts
from holdfast.plan.roles import NAMELESS, Roles

SHORTER_SIDE = 128  # pixels to which larger photos, and those of several sizes, are brought
STEP = 8  # sides are multiples of it


@dataclass(frozen=True)
class PhotoFacts:
    """`shape`: (height, width) that the reader gives, `resized` or not; `seen`: what the files have.

    `attributes`: names of those that make up the label."""

    shape: tuple[int, int]
    seen: str
    resized: bool = False
    attributes: tuple[str, ...] = ()


def find_attributes(roles: Roles, target: str | None, kind: str | None, answers: Answers) -> Joint | None:
    """The columns that make up the label of photos, where there are any; of those that test photos lack."""
    parts = roles.photos
    if parts is None or parts.path is None or target is None or kind != "classes":
        return None
    side = roles.side
    frame = read_table(side.path, None)  # as written: the reader takes attributes so, too
    answered = {answers.column(option) for option in ("group", "time", "order")}
    apart = {roles.id, parts.path, target, *answered, *(roles.test_columns or ())}
    columns = [
        column
        for column in frame.columns
        if column not in apart
        and not NAMELESS.match(column)
        and not GROUP_WORDS.search(column)
        and not row_numbers(side.frame[column])
    ]
    return None if frame[target].isna().any() else find_joint(frame[columns], frame[target])


def attributes_entry(joint: Joint) -> dict[str, dict[str, Any]]:
    """The recipe's `data.attributes`.

    >>> from holdfast.plan.joint import Part
    >>> attributes_entry(Joint("label", (Part("age", ("<25", ">=25"), cut=(25,), weight=1),), 40, 0))
    {'age': {'cut': [25], 'weight': 1}}
    """
    made: dict[str, dict[str, Any]] = {}
    for part in joint.parts:
        made[part.column] = {"cut": list(part.cut)} if part.cut else {"values": list(part.values)}
        if part.weight is not None:
            made[part.column]["weight"] = part.weight
    return made


def group_of_rows(roles: Roles, group: Found) -> Found:
    """The group; of photos whose rows name folders, the row where no other column is one."""
    parts = roles.photos
    if parts is None or not parts.exploded or group.given or group.value is not None:
        return group
    return Found(parts.path, "each row's folder holds several photos, which stay together")


def look_at_photos(roles: Roles, joint: Joint | None) -> PhotoFacts | None:
    """Sizes of some photos, and the size that all are brought to."""
    parts = roles.photos
    if parts is None:
        return None
    sizes = np.concatenate([parts.photos.sizes(names) for names in _photos_of(roles, parts)])
    attributes = tuple(part.column for part in joint.parts) if joint is not None and not joint.against else ()
    if not len(sizes):
        return PhotoFacts((SHORTER_SIDE, SHORTER_SIDE), "no size that could be read", True, attributes)
    several = bool((sizes != sizes[0]).any())
    middle = np.median(sizes, axis=0)
    low, high = sizes.min(axis=0), sizes.max(axis=0)
    seen = f"{_said(low)} to {_said(high)} pixels" if several else f"{_said(low)} pixels"
    if several or middle.min() > SHORTER_SIDE:
        return PhotoFacts(scaled(middle, SHORTER_SIDE), seen, True, attributes)
    return PhotoFacts((int(middle[0]), int(middle[1])), seen, False, attributes)


def scaled(size: np.ndarray, shorter: int) -> tuple[int, int]:
    """A size (height, width) with its shorter side at most so long, in multiples of 8.

    >>> scaled(np.array([400, 300]), 128)
    (168, 128)
    """
    factor = min(1.0, shorter / float(size.min()))
    height, width = (max(STEP, round(float(side) * factor / STEP) * STEP) for side in size)
    return height, width


def photo_fields(
    data: dict[str, Found], roles: Roles, joint: Joint | None, facts: PhotoFacts
) -> dict[str, Found]:
    """The fields of `data` with those that only photos have, each after the one that it belongs to."""
    parts = roles.photos
    assert parts is not None
    made: dict[str, Found] = {}
    for name, found in data.items():
        made[name] = found
        if name == "train" and parts.path is not None and parts.images.folder:
            made["images"] = Found(parts.images.folder, roles.why["images"])
        if name == "test" and parts.path is not None and parts.test_images and parts.test_images.folder:
            made["test_images"] = Found(parts.test_images.folder, roles.why["test_images"])
        if name == "id" and parts.path is not None:
            made["path"] = Found(parts.path, roles.why["path"])
    if joint is not None and not joint.against:
        made["attributes"] = Found(attributes_entry(joint), joint.said())
    if facts.resized:
        made["size"] = Found(list(facts.shape), f"height and width; the photos have {facts.seen}")
    return made


def notes_on(roles: Roles, joint: Joint | None) -> list[str]:
    """Remarks on what was seen and not used."""
    if joint is None or not joint.against:
        return []
    return [
        f"not used: {joint.said()}; where those are wrong labels, mend them: then attributes can be written"
    ]


def _photos_of(roles: Roles, parts: PhotoParts) -> list[list[str]]:
    """The photos of the training and of the test part, below the data folder; those of the folders that they lie in."""
    return [
        [f"{home.folder}/{name}".strip("/") for name in parts.photos.below(home.folder)]
        for home in (parts.images, parts.test_images)
        if home is not None
    ]


def _said(size: np.ndarray) -> str:
    return f"{int(size[0])} × {int(size[1])}"
