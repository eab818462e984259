"""`holdfast --help` is quick because the commands import nothing heavy before they are called."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "torch",
    "sklearn",
    "pandas",
    "numpy",
    "scipy",
    "aeon",
    "lightgbm",
    "pydantic",
    "yaml",
    "rich",
    "sqlalchemy",
)


def test_the_command_line_imports_nothing_heavy() -> None:
    code = f"import sys, holdfast.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


def test_a_look_at_the_data_does_without_torch() -> None:
    code = "import sys, holdfast.train, holdfast.check.all; print('torch' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "False"
