"""A set of frames ten times larger than the memory that the process may take is read through to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

MEBI = 1 << 20
CAP = 4 * MEBI  # beyond what Python and its libraries take
SHAPE = (460, 5, 96, 96)

# RLIMIT_DATA counts memory of the process's own, not what it sees of files: that the system may take back.
SCRIPT = """
import resource, sys
from pathlib import Path
import numpy as np
from holdfast.recipe.registry import parse

spec = parse("data", {"kind": "frames", "train": "rain.npy", "unit": "0.1 mm/h"})
held = int(next(line for line in open("/proc/self/status") if line.startswith("VmData")).split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (held + int(sys.argv[2]),) * 2)
train = spec.load(Path(sys.argv[1])).train
rows = np.random.default_rng(0).permutation(len(train))
total = 0.0
for start in range(0, len(rows), 8):
    batch = rows[start : start + 8]
    total += train.read(batch).sum(dtype=np.float64) + train.read_grids(batch).sum(dtype=np.float64)
print(f"{total:.1f}")
try:
    train.read()
except MemoryError:
    print("all at once: too much")
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="limits and /proc are Linux's")
def test_a_set_of_ten_times_the_memory_is_read(tmp_path: Path) -> None:
    rain = np.lib.format.open_memmap(tmp_path / "rain.npy", mode="w+", dtype=np.uint16, shape=SHAPE)
    rain[:, :, 0, :8] = (
        np.arange(SHAPE[0])[:, None, None] % 100
    )  # elsewhere it is dry, and the file has holes
    rain.flush()
    assert rain.nbytes >= 10 * CAP  # and twice that as it is read
    total = 0.1 * rain[:, :, 0, :8].sum(dtype=np.float64)
    del rain
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(CAP)],
        env={**os.environ, "HOLDFAST_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    read, said = done.stdout.splitlines()
    assert abs(float(read) - total) < 1e-3 * total
    assert said == "all at once: too much"
