"""What a pack says of itself: the name, size and sha256 of every file, and which of them are code."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from holdfast.errors import BadInput
from holdfast.trust import PACK

FORMAT = 1
MANIFEST, README, PINS, WHEELS = "manifest.json", "README.md", "pins.txt", "wheels"
# What is read, never run. Anything else in a pack is code, whatever its manifest says.
DATA_ENDINGS = (
    ".json", ".yaml", ".csv", ".csv.gz", ".parquet", ".npy", ".safetensors", ".skops", ".txt", ".md",
)  # fmt: skip
LONGEST = 255  # letters of a part of a name, on most file systems


@dataclass(frozen=True)
class Manifest:
    """The first file of a pack; `data`: the hashes of the run's data, which are not packed."""

    name: str
    holdfast: str
    source: str  # sha256 of the package's source
    python: str
    wheel: str
    extras: list[str]
    data: dict[str, Any]
    files: dict[str, dict[str, Any]] = field(default_factory=dict)  # name → sha256, bytes
    format: int = FORMAT

    def text(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @property
    def code(self) -> list[str]:
        return [name for name in self.files if is_code(name)]


def read_manifest(raw: bytes, where: str) -> Manifest:
    """Raises BadInput where it is no manifest of this format."""
    try:
        held = json.loads(raw)
        made = Manifest(**held)
        assert made.format == FORMAT
        assert isinstance(made.files, dict)
        assert all(
            isinstance(one["sha256"], str) and type(one["bytes"]) is int for one in made.files.values()
        )
    except (ValueError, TypeError, KeyError, AssertionError, RecursionError) as error:
        raise BadInput(f"{where}: {MANIFEST} is none of format {FORMAT}: {error or 'other values'}") from None
    return made


def is_code(name: str) -> bool:
    """Whether a file of a pack may run something: pickles, components. Wheels are for pip, and only lie there.

    >>> is_code("members/a/fold-0/model.joblib"), is_code("oof.npy"), is_code("wheels/a.whl"), is_code("a.whl")
    (True, False, False, True)
    """
    if name.endswith((".whl", ".tar.gz")):
        return PurePosixPath(name).parts[:-1] != (WHEELS,)
    return not name.lower().endswith(DATA_ENDINGS)


def fault_of_name(name: str) -> str | None:
    """Why a name cannot be unpacked, in a few words; None where it stays in the folder and is plain."""
    parts = name.split("/")
    if not name or name.startswith("/") or "\\" in name or ":" in name:
        return "it is no relative path"
    if ".." in parts:
        return "it leads out of the folder"
    if any(part in ("", ".") for part in parts):
        return "a part of it is empty"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return "it holds control characters"
    if any(part.startswith(".") for part in parts):
        return "it is hidden"
    if any(len(part.encode("utf-8", "surrogatepass")) > LONGEST for part in parts):
        return "a part of it is too long"
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "it is no text"
    return f"{PACK} is written by unpack alone" if parts[-1].lower() == PACK else None
