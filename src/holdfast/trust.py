"""Whether code that came in a pack may run: the pickles and components of a folder that `holdfast unpack` made."""

from __future__ import annotations

import json
from pathlib import Path

from holdfast.errors import BadInput

PACK = "pack.json"  # what marks an unpacked folder; it is never in a pack


def refuse_untrusted(file: Path) -> None:
    """Raises BadInput where a pickle or a component file lies in an unpacked folder that is not trusted."""
    for folder in file.absolute().parents:
        mark = folder / PACK
        if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")).get("trusted") is not True:
            raise BadInput(
                f"{file} is code (a pickle or a component) in an unpacked folder that is not trusted, and is not run;"
                " if you know who made the pack: holdfast unpack FILE --trust"
            )
