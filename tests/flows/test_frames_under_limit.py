"""A whole run on frames whose forecasts take more memory than the process may have; held in memory it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

MEBI = 1 << 20
CAP = 220 * MEBI  # beyond what Python and its libraries take
N, SHAPE = (
    1600,
    (6, 64, 64),
)  # of a sample 2 inputs, 4 to predict: 100 MiB of forecasts, held several times by a blend

# Members learn nothing, so that the time goes to what is written, blended and scored.
SCRIPT = """
import resource, sys
from pathlib import Path
import numpy as np
from holdfast.data import flow
from holdfast.train import train

flow.radar.has_pysteps = lambda: False  # optical flow takes minutes
module, folder, cap = sys.modules["holdfast.train"], Path(sys.argv[1]), int(sys.argv[2])

def recipe(name):
    data = {"kind": "frames", "train": f"{name}.npy", "unit": "0.01 mm/h", "leads": 4, "folder": str(folder)}
    return {"data": data, "metric": "mae", "folds": {"kind": "stratified", "k": 2}, "threads": 1, "track": [],
            "members": {"stay": {"model": "persistence"}, "again": {"model": "persistence"}}, "ensemble": "weighted_mean"}

train(recipe("few"), folder / "few", accept=None)  # libraries that are loaded when they are first used are there
if sys.argv[3] == "in-memory":
    by_rows = module.over_repeats
    def whole(chain, members, truth, fold):
        return by_rows(chain, {name: np.asarray(one) for name, one in members.items()}, np.asarray(truth), fold)
    module.over_repeats = whole
held = int(next(line for line in open("/proc/self/status") if line.startswith("VmData")).split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (held + cap,) * 2)
train(recipe("many"), folder / "many", accept=None)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="limits and /proc are Linux's")
@pytest.mark.parametrize("how", ["by-rows", "in-memory"])
def test_a_run_stays_under_its_limit_only_by_rows(how: str, tmp_path: Path) -> None:
    for name, n in (("few", 40), ("many", N)):
        rain = np.lib.format.open_memmap(
            tmp_path / f"{name}.npy", mode="w+", dtype=np.uint16, shape=(n, *SHAPE)
        )
        rain[:, :, 8:24, 8:24] = 100 + np.arange(n)[:, None, None, None] % 90
        rain.flush()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(CAP), how],
        env={**os.environ, "HOLDFAST_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if how == "by-rows":
        assert done.returncode == 0, done.stderr[-3000:]
        oof = np.load(tmp_path / "many" / "oof-ensemble.npy", mmap_mode="r")
        assert oof.shape == (N, 4, 64, 64)
        assert oof[7, 0, 8, 8] == pytest.approx(1.07)
    else:
        assert done.returncode != 0
        assert "MemoryError" in done.stderr or "allocate memory" in done.stderr, done.stderr[-3000:]
