"""Every check, by its code."""

from __future__ import annotations

import importlib
import pkgutil

import holdfast.check
from holdfast.check.base import Check


def all_checks() -> tuple[type[Check], ...]:
    """The classes that the files of this folder list in `CHECKS`, in the order of their codes."""
    found: dict[str, type[Check]] = {}
    for module in pkgutil.iter_modules(holdfast.check.__path__):
        for one in getattr(importlib.import_module(f"holdfast.check.{module.name}"), "CHECKS", ()):
            assert one.code not in found, f"two checks have the code {one.code}"
            found[one.code] = one
    return tuple(found[code] for code in sorted(found))
