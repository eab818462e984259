"""Every component of the package passes the contract of its kind: a newcomer gets its tests for nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tiny

from holdfast.recipe.registry import FAMILIES, known, parse
from holdfast.testing import CONTRACTS, example_of


def arranged_table(self: Any, folder: Path) -> Any:
    return parse("data", {**tiny.TABLE, "folder": str(tiny.table_folder(folder))})


def arranged_windows(self: Any, folder: Path) -> Any:
    return parse("data", {**tiny.LONG, "folder": str(tiny.long_folder(folder))})


def arranged_images(self: Any, folder: Path) -> Any:
    return parse("data", {**tiny.IMAGES, "folder": str(tiny.image_folder(folder))})


def arranged_frames(self: Any, folder: Path) -> Any:
    return parse("data", {**tiny.FRAMES, "folder": str(tiny.frames_folder(folder))})


ARRANGED = {
    "table": arranged_table,
    "windows": arranged_windows,
    "images": arranged_images,
    "frames": arranged_frames,
}


def test_every_kind_has_a_contract() -> None:
    assert set(CONTRACTS) == set(FAMILIES)


for kind, contract in CONTRACTS.items():
    for name, cls in known(kind).items():
        if not cls.__module__.startswith("holdfast."):  # another test's own
            continue
        title = f"Test_{kind}_{name}"
        body: dict[str, Any] = {"component": example_of(cls)}
        if kind == "data" and name in ARRANGED:
            body["arrange"] = ARRANGED[name]
        globals()[title] = type(title, (contract,), body)
