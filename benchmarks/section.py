"""One section of a Markdown page, written anew each time; the others stay as they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("holdfast", "torch", "scikit-learn", "lightgbm", "aeon", "numpy")


def facts(threads: int, others: dict[str, str]) -> str:
    """Date, cores and versions, in one line; `others`: versions that contestants told of themselves."""
    versions = {**others, **{name: version(name) for name in PACKAGES}}
    told = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
    return f"{datetime.now(UTC):%Y-%m-%d}, {threads} cores; {told}."


def write_section(file: Path, title: str, text: str) -> None:
    """Put `text` under `## title`: in place of what stood there, or at the end.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "page.md"
    >>> write_section(file, "Speed", "fast"); write_section(file, "Size", "small")
    >>> write_section(file, "Speed", "faster"); print(file.read_text(), end="")
    # Benchmarks
    <BLANKLINE>
    ## Speed
    <BLANKLINE>
    faster
    <BLANKLINE>
    ## Size
    <BLANKLINE>
    small
    """
    page = file.read_text(encoding="utf-8") if file.is_file() else "# Benchmarks\n"
    head, *sections = re.split(r"(?m)^(?=## )", page)
    mine = f"## {title}\n\n{text.strip()}\n"
    places = [i for i, section in enumerate(sections) if section.splitlines()[0] == f"## {title}"]
    if places:
        sections[places[0]] = mine
    else:
        sections.append(mine)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(part.strip() + "\n" for part in (head, *sections)), encoding="utf-8")
