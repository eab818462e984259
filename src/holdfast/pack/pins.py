"""The versions that a run needs, as constraints for pip: names and versions only, no addresses."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from holdfast.pack.wheel import requirements

EXTRA_OF_KIND = {"images": "images", "frames": "radar"}
BOOSTERS = ("xgboost", "catboost")


def extras_of(recipe: dict[str, Any]) -> list[str]:
    """The extras of this package that a run's models take; `share` reads their data-only files."""
    extras = {"share"}
    if (extra := EXTRA_OF_KIND.get((recipe.get("data") or {}).get("kind", ""))) is not None:
        extras.add(extra)
    if any(f"'{name}'" in str(recipe["members"]) for name in BOOSTERS):
        extras.add("boosters")
    return sorted(extras)


def needed(extras: list[str]) -> dict[str, Distribution]:
    """What is installed of the package's requirements and theirs, by name."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(line, extra) for line in requirements() for extra in ("", *extras)]
    while waiting:
        line, extra = waiting.pop()
        one = Requirement(line)
        if one.marker is not None and not one.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(one.name)
        if name == "holdfast":  # an extra of extras
            waiting += [(own, more) for own in requirements() for more in one.extras - {extra}]
            continue
        try:
            found[name] = distribution(one.name)
        except PackageNotFoundError:
            continue  # of another system, or an extra that is not installed
        for more in ("", *one.extras):
            if (name, more) not in seen:
                seen.add((name, more))
                waiting += [(own, more) for own in found[name].requires or []]
    return dict(sorted(found.items()))


def pins(held: dict[str, Distribution]) -> str:
    """Lines for `pip install -c`; a build's own mark (`+cpu`) is left out, as it names no version of an index."""
    lines = [f"{one.metadata['Name']}=={one.version.partition('+')[0]}" for one in held.values()]
    return "\n".join(["# the versions that the run was packed with", *lines]) + "\n"


def installed_bytes(held: dict[str, Distribution]) -> int:
    """What these packages take where they are installed."""
    return sum(file.size or 0 for one in held.values() for file in one.files or [])
