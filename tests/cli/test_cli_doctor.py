"""Each fault that `doctor` looks for, planted; and a sound machine, on which it stays silent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.engine import machine
from holdfast.engine.diagnosis import GIB, diagnose
from holdfast.engine.machine import Facts

SOUND = Facts(
    python=(3, 11, 7), system="linux", torch="2.13.0+cpu", torch_error=None, torchvision="0.28.0+cpu",
    torchvision_error=None, torchvision_ops=True,
    fabric="2.6.6", cuda_build=None, gpus=(), driver=None, bf16=False, cores=2, memory=16 * GIB, disk=50 * GIB, libgomp=True,
    venv=True, make=True, step_error=None, step_seconds=0.1,
)  # fmt: skip

FAULTS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("torch and torchvision", "error", "torchvision==0.28.*", {"torchvision": "0.27.1"}),
    (
        "torch and torchvision",
        "error",
        "same index",
        {"torchvision_error": "RuntimeError: operator torchvision::nms does not exist"},
    ),
    ("torch and torchvision", "error", "pip install", {"torch": None}),
    ("torch and torchvision", "error", "pip install", {"torch_error": "OSError: libtorch.so"}),
    ("Python", "error", "3.11 or newer", {"python": (3, 10, 2)}),
    ("lightning-fabric", "error", "pip install", {"fabric": None}),
    ("GPU", "warn", "CUDA build", {"driver": "550.54"}),
    ("GPU", "warn", "update the driver", {"driver": "450.80", "cuda_build": "12.8"}),
    ("cores", "warn", "more cores", {"cores": 1}),
    ("memory", "warn", "--jobs at 1", {"memory": GIB}),
    ("disk", "warn", "free some space", {"disk": 2 * GIB}),
    ("disk", "error", "free some space", {"disk": GIB // 10}),
    ("libgomp1", "error", "apt install libgomp1", {"libgomp": False}),
    ("venv", "warn", "apt install python3-venv", {"venv": False}),
    ("make", "warn", "apt install make", {"make": False}),
    ("training step", "error", "mend the findings", {"step_error": "RuntimeError: no kernel"}),
]


@pytest.mark.parametrize(("what", "level", "advice", "planted"), FAULTS, ids=lambda value: str(value)[:30])
def test_a_planted_fault_is_the_only_finding(
    what: str, level: str, advice: str, planted: dict[str, Any]
) -> None:
    (found,) = [finding for finding in diagnose(replace(SOUND, **planted)) if finding.level != "ok"]
    assert (found.what, found.level) == (what, level)
    assert advice in found.advice


def test_a_sound_machine_has_no_finding() -> None:
    assert all(finding.level == "ok" and not finding.advice for finding in diagnose(SOUND))


def test_torchvision_is_optional() -> None:
    assert diagnose(replace(SOUND, torchvision=None))[0].level == "ok"


def test_a_torchvision_of_another_build_is_no_finding_but_is_said() -> None:
    found = diagnose(replace(SOUND, torchvision_ops=False))[0]
    assert found.level == "ok"
    assert "its own operators do not load" in found.seen


def test_a_mismatched_pair_comes_first() -> None:
    assert (
        diagnose(replace(SOUND, torchvision="0.20.0", make=False, python=(3, 9, 0)))[0].what
        == "torch and torchvision"
    )


@pytest.mark.parametrize(
    ("facts", "code"), [(SOUND, 0), (replace(SOUND, make=False), 0), (replace(SOUND, libgomp=False), 1)]
)
def test_only_an_error_gives_exit_1(facts: Facts, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "gather", lambda: facts)
    made = CliRunner().invoke(app, ["doctor"])
    assert made.exit_code == code
    assert ("apt install" in made.stdout) == (facts is not SOUND)


def test_a_training_step_runs_here() -> None:
    assert machine.training_step()[0] is None
