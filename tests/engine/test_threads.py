"""How many threads a job has, in libraries that are loaded and in torch, which may load inside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from holdfast.engine.threads import VARIABLES, cores, limited

INSIDE = """
import sys
from holdfast.engine.threads import cores, limited
had = []
for _ in range(2):
    with limited(int(sys.argv[1])):
        assert had or "torch" not in sys.modules
        import torch
        product = torch.ones(64, 64) @ torch.ones(64, 64)
        had.append(torch.get_num_threads())
print(had, torch.get_num_threads() == cores())
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


@pytest.mark.parametrize("threads", [1, cores() + 2])
def test_torch_that_loads_inside_has_as_many_threads_as_afterwards(threads: int) -> None:
    assert said(INSIDE, str(threads)) == f"[{threads}, {threads}] True"


def test_the_environment_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    before = {name: os.environ.get(name) for name in VARIABLES}
    with limited(1):
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
    assert {name: os.environ.get(name) for name in VARIABLES} == before


def test_threads_may_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    first, second = limited(1), limited(1)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)


def test_a_run_without_networks_does_without_torch(tmp_path: Path) -> None:
    recipe = tiny.recipe(tiny.TABLE, tiny.table_folder(tmp_path / "data"))
    del recipe["track"]
    assert said(TRAINED, json.dumps(recipe), str(tmp_path / "run")) == "False"
    facts = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert facts["hardware"]["processor"]
    assert facts["hardware"]["gpus"] == []
