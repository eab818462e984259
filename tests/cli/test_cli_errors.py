"""How a command ends when something is wrong, or when it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from tiny import ARRAYS, CONV, array_folder, recipe
from typer.testing import CliRunner

from holdfast import __version__
from holdfast.cli.main import app

runner = CliRunner()
COMMANDS = ("new", "train", "submit", "show", "importance", "list", "schema", "doctor", "demo")


def test_help_names_every_command() -> None:
    text = runner.invoke(app, ["--help"]).stdout
    assert all(f"\n  {command} " in text for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str) -> None:
    assert runner.invoke(app, [command, "--help"]).exit_code == 0


def test_version() -> None:
    assert runner.invoke(app, ["--version"]).stdout == f"holdfast {__version__}\n"


def test_bad_input_is_one_message_without_traceback_and_exit_2(tmp_path: Path) -> None:
    made = runner.invoke(app, ["train", str(tmp_path / "none.yaml"), "-o", str(tmp_path / "run")])
    assert made.exit_code == 2
    assert made.stderr.startswith("error: ")
    assert "none.yaml: no such recipe file" in made.stderr
    assert "Traceback" not in made.stderr
    assert not (tmp_path / "run").exists()


def test_an_unknown_kind_names_the_nearest() -> None:
    made = runner.invoke(app, ["list", "modle"])
    assert made.exit_code == 2
    assert "did you mean 'model'" in made.stderr


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(recipe(ARRAYS, array_folder(tmp_path / "data"))))
    made = runner.invoke(app, ["train", str(file), "-o", str(tmp_path / "run"), "--engine", "cluster"])
    assert made.exit_code == 2
    assert "inline or processes" in made.stderr


@pytest.mark.parametrize("engine", ["inline", "processes"])
def test_interrupted_training_says_how_to_go_on(engine: str, tmp_path: Path) -> None:
    values = recipe(
        ARRAYS,
        array_folder(tmp_path / "data"),
        {"conv": {**CONV, "fit": {"epochs": 100_000, "precision": "32"}}},
    )
    file, run = tmp_path / "recipe.yaml", tmp_path / "run"
    file.write_text(yaml.safe_dump(values))
    code = "from holdfast.cli.main import run; run()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "train", str(file), "-o", str(run), "--engine", engine, "--jobs", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
        # a shell's background jobs, and what they start, ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:  # fmt: skip
        events = run / "events.jsonl"
        while not (events.is_file() and '"epoch"' in events.read_text()):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "stopped; the same command again continues\n"
