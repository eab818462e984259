"""Environments of their own, for contestants whose libraries must not meet Holdfast's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / ".bench-env"
PACKAGES = {"keras": ["tensorflow-cpu"], "aeon": ["aeon", "tensorflow-cpu"]}


def python_of(name: str) -> str:
    """The interpreter of an environment, made or not."""
    return str(FOLDER / name / "bin" / "python")


def make_environment(name: str) -> None:
    """Make it and install its packages, once. Raises subprocess.CalledProcessError where that fails."""
    ready = FOLDER / name / "ready"
    if ready.is_file():
        return
    print(f"installing {' and '.join(PACKAGES[name])} in {FOLDER / name} (once)", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER / name)], check=True)
    subprocess.run([python_of(name), "-m", "pip", "install", "--quiet", *PACKAGES[name]], check=True)
    ready.touch()
