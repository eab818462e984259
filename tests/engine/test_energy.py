"""Joules from counters of the form that Linux gives them, and None where there are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny

from holdfast.engine import energy
from holdfast.engine.energy import Meter
from holdfast.train import train


def counter(root: Path, name: str, value: int, what: str = "package-0", top: int = 1_000_000) -> Path:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    for field, text in (("name", what), ("energy_uj", value), ("max_energy_range_uj", top)):
        (folder / field).write_text(f"{text}\n")
    return folder


def test_packages_are_added_and_their_parts_are_not(tmp_path: Path) -> None:
    counter(tmp_path, "intel-rapl:0", 100)
    counter(tmp_path, "intel-rapl:1", 100, "package-1")
    counter(tmp_path, "intel-rapl:0:0", 100, "core")
    counter(tmp_path, "intel-rapl:2", 100, "psys")
    meter = Meter(tmp_path)
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        (tmp_path / name / "energy_uj").write_text("600100")
    (tmp_path / "intel-rapl:2" / "energy_uj").write_text("900000")
    assert meter.joules() == pytest.approx(1.2)


def test_a_counter_that_began_again_is_added_up(tmp_path: Path) -> None:
    folder = counter(tmp_path, "intel-rapl:0", 900_000)
    meter = Meter(tmp_path)
    (folder / "energy_uj").write_text("100000")
    assert meter.joules() == pytest.approx(0.2)


def test_no_counter_is_no_number(tmp_path: Path) -> None:
    assert Meter(tmp_path).joules() is None
    assert Meter(tmp_path / "nowhere").joules() is None
    folder = counter(tmp_path, "intel-rapl:0", 5)
    meter = Meter(tmp_path)
    (folder / "energy_uj").unlink()
    assert meter.joules() is None


def test_a_run_keeps_the_joules_of_each_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter(tmp_path / "powercap", "intel-rapl:0", 7)
    monkeypatch.setattr(energy, "POWERCAP", tmp_path / "powercap")
    recipe = tiny.recipe(tiny.TABLE, tiny.table_folder(tmp_path / "data"))
    run = train(recipe, tmp_path / "run", jobs=1)
    states = [json.loads(file.read_text()) for file in run.path.glob("members/*/*/state.json")]
    assert [state["joules"] for state in states] == [0.0] * 3
