"""A file sent to a competition of Kaggle by its own command-line program."""

from __future__ import annotations

import shutil
import subprocess
from enum import Enum
from pathlib import Path

from holdfast.errors import BadInput

PROGRAM = "kaggle"
DONE, FAILED = "Successfully submitted", "Could not"  # what it says; it ends with 0 in both cases
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
    """Submit a file; how that ended, and what the program said last."""
    command = [program(), "competitions", "submit", "-c", competition, "-f", str(file), "-m", message]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    lines = [line.strip() for line in f"{done.stderr}\n{done.stdout}".splitlines() if line.strip()]
    said = lines[-1] if lines else "nothing"
    if done.returncode != 0 or FAILED in done.stdout:
        return Sent.NO, next((line for line in lines if FAILED in line), said)
    told = next((line for line in lines if DONE in line), None)
    return (Sent.UNKNOWN, said) if told is None else (Sent.YES, told)
