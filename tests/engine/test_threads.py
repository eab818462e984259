"""How many threads a job has, in libraries that are loaded and in torch, which may load inside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from holdfast.engine.threads import VARIABLES, limited

INSIDE = """
import sys
from holdfast.engine.threads import limited
with limited(1):
    assert "torch" not in sys.modules
    import torch
    print(torch.get_num_threads())
"""
TRAINED = """
import json, sys
from holdfast.train import train
recipe = json.loads(sys.argv[1])
train(recipe, sys.argv[2])
print("torch" in sys.modules)
"""


def said(*call: str) -> str:
    own = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    command = [sys.executable, "-c", *call]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=own).stdout.strip()


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one thread is all there are")
def test_torch_that_loads_inside_has_as_many_threads() -> None:
    assert said(INSIDE) == "1"


def test_the_environment_is_as_before() -> None:
    before = {name: os.environ.get(name) for name in VARIABLES}
    with limited(1):
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert {name: os.environ.get(name) for name in VARIABLES} == before


def test_a_run_without_networks_does_without_torch(tmp_path: Path) -> None:
    recipe = tiny.recipe(tiny.TABLE, tiny.table_folder(tmp_path / "data"))
    del recipe["track"]
    assert said(TRAINED, json.dumps(recipe), str(tmp_path / "run")) == "False"
    facts = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert facts["hardware"]["processor"]
    assert facts["hardware"]["gpus"] == []
