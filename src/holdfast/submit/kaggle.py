"""A file sent to a competition of Kaggle by its own command-line program."""

from __future__ import annotations

import shutil
import subprocess
from enum import Enum
from pathlib import Path

from holdfast.errors import BadInput

PROGRAM = "kaggle"
DONE, FAILED = "Successfully submitted", "Could not"  # what it says; it ends with 0 in both cases
PROGRESS = "%|"  # in the lines of its bar
INSTALL = (
    f"--send {PROGRAM} needs its command-line program, which is not on the PATH; install it, as by"
    " `pip install kaggle`, and give it your token: https://github.com/Kaggle/kaggle-cli"
)


class Sent(Enum):
    """How sending ended."""

    YES = "sent"
    NO = "not sent"
    UNKNOWN = "unknown"


def program() -> str:
    """Where the program lies. Raises BadInput where it is not installed."""
    found = shutil.which(PROGRAM)
    if found is None:
        raise BadInput(INSTALL)
    return found


def send(competition: str, file: Path, message: str) -> tuple[Sent, str]:
    """Submit a file; how that ended, and the line in which the program said it."""
    command = [program(), "competitions", "submit", "-c", competition, "-f", str(file), "-m", message]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    words = f"{done.stderr}\n{done.stdout}".splitlines()
    lines = [line.strip() for line in words if line.strip() and PROGRESS not in line] or ["nothing"]
    told = next((line for line in lines if DONE in line), None)
    if done.returncode == 0 and told is not None:
        return Sent.YES, told
    failed = next((line for line in lines if FAILED in line), None)
    if done.returncode == 0 and failed is None:
        return Sent.UNKNOWN, lines[-1]
    crashed = lines[0].startswith("Traceback")
    return Sent.NO, failed or lines[-1 if crashed else 0]
