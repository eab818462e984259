"""The benchmark of start-up: its simulated folder is one that `new` understands, and it judges medians."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from holdfast.plan.new import new

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def startup(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import startup

    return startup


def test_the_simulated_folder_is_read_as_windows_of_people(startup: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "windows"
    folder.mkdir()
    startup.simulate(folder, {"train": 120, "test": 40})
    text, _ = new(folder, output=tmp_path / "recipe.yaml")
    data = yaml.safe_load(text)["data"]
    assert (data["kind"], data["id"], data["time"]) == ("windows", "id", "time")
    assert (data["group"], data["target"], data["sample"]) == ("subject", "label", "sample_submission.csv")
    look = [sys.executable, str(startup.SCRIPTS / "pandas_look.py"), str(folder)]
    said = subprocess.run(look, capture_output=True, text=True, check=True).stdout
    assert "train_features.csv.gz" in said


def test_a_command_is_timed_with_its_processor_seconds(startup: ModuleType) -> None:
    made = startup.spent(["-c", "sum(range(10**6))"], dict(os.environ))
    assert made.wall > 0
    assert made.cpu > 0
    with pytest.raises(SystemExit, match="ended with 3"):
        startup.spent(["-c", "raise SystemExit(3)"], dict(os.environ))


def test_targets_are_judged_by_medians(startup: ModuleType) -> None:
    def took(first: float, both: float) -> dict[str, object]:
        return {
            "import holdfast": startup.Spent(first, 0.1),
            "new + check, empty cache": startup.Spent(both, 12),
        }

    said = startup.report([took(0.1, 9), took(0.2, 9.5), took(9, 30)])
    assert "import holdfast: 0.20 s, at most 0.3: reached" in said
    assert "new + check, empty cache: 9.50 s, at most 10: reached" in said
    assert "new + check, empty cache: 11.00 s, at most 10: missed" in startup.report([took(0.1, 11)])
