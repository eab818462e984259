"""How a command ends when something is wrong, or when it is stopped."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tiny import ARRAYS, CONV, array_folder, recipe
from typer.testing import CliRunner

from holdfast import __version__
from holdfast.cli.main import app
from holdfast.cli.main import run as main

runner = CliRunner()
COMMANDS = (
    "new",
    "train",
    "submit",
    "show",
    "importance",
    "list",
    "schema",
    "doctor",
    "demo",
    "submissions",
    "ledger",
)


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
    assert "auto, inline, processes or ray" in made.stderr


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell's background jobs, and what they start, ignore Ctrl-C; here it counts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c(run: Path, over: threading.Event) -> None:
    """Interrupt this process as soon as a run has ended its first epoch."""
    events = run / "events.jsonl"
    while not over.wait(0.05):
        if events.is_file() and '"epoch"' in events.read_text():
            os.kill(os.getpid(), signal.SIGINT)
            return


@pytest.mark.parametrize("engine", ["inline", "processes"])
@pytest.mark.usefixtures("interruptible")
def test_interrupted_training_says_how_to_go_on(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = recipe(
        ARRAYS,
        array_folder(tmp_path / "data"),
        {"conv": {**CONV, "fit": {"epochs": 100_000, "precision": "32"}}},
    )
    file, run = tmp_path / "recipe.yaml", tmp_path / "run"
    file.write_text(yaml.safe_dump(values))
    arguments = ["holdfast", "train", str(file), "-o", str(run), "--engine", engine, "--jobs", "2"]
    monkeypatch.setattr(sys, "argv", arguments)
    over = threading.Event()
    thread = threading.Thread(target=press_ctrl_c, args=(run, over))
    thread.start()
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        over.set()
        thread.join()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "stopped; the same command again continues\n"
    assert multiprocessing.active_children() == []
