"""The wheels of all that a pack needs, for a machine without a network."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from holdfast.errors import BadInput, JobFailed
from holdfast.pack.manifest import PINS

TAIL = 5  # lines of pip's last words


@contextmanager
def wheels(wheel: tuple[str, bytes], extras: list[str], pins: str) -> Iterator[list[Path]]:
    """The files that pip downloads for the package with its extras, in these versions; gone afterwards.

    pip asks the index that it is set to ask. Raises JobFailed with its last words where it fails.
    """
    with TemporaryDirectory() as folder:
        there, name = Path(folder), wheel[0]
        (there / name).write_bytes(wheel[1])
        (there / PINS).write_text(pins, encoding="utf-8")
        (made := there / "wheels").mkdir()
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--prefer-binary",
        ]
        command += ["-c", str(there / PINS), "-d", str(made), f"{there / name}[{','.join(extras)}]"]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            raise BadInput(f"--offline: pip cannot be called: {error}") from None
        if done.returncode:
            said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-TAIL:])
            raise JobFailed(f"--offline: pip download failed:\n{said}")
        yield sorted(file for file in made.iterdir() if file.name != name)
