"""How long one waits before anything is trained: import, help, and the first look at the data of a folder.

    python benchmarks/startup.py [FOLDER] [--rounds 5]

Each command is a process of its own, in turn, A B A B …; seconds of wall clock and of processors, medians. `new` and
`check` go first with an empty cache (HOLDFAST_CACHE), where `check` finds what `new` has left there, then again with
all of it. Beside them stands what a person would write instead: importing pandas, scikit-learn and torch, and one look
at every table by pandas (contestants/pandas_look.py), which finds neither copies nor leaks nor shift. Files are in the
system's cache, and modules are compiled to bytecode once, before the rounds, as an installation leaves them. Without
FOLDER, data are simulated: a long table of 5,469 windows of 128 steps and 6 channels of 21 people, and 2,218 to predict.
"""

from __future__ import annotations

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from race import SCRIPTS
from table import table

FINDS = (0, 1)  # exit codes of `check`: 1 where an error was found
MOST = {"import holdfast": 0.3, "holdfast --help": 0.5, "new + check": 10.0}  # seconds
TABLES = {"train": 5469, "test": 2218}  # windows, as of a competition with gaps
STEPS, CHANNELS, PEOPLE, CLASSES = 128, ("acc_x", "acc_y", "acc_z", "gy_x", "gy_y", "gy_z"), 21, 13


@dataclass(frozen=True)
class Spent:
    """Seconds of one process and those that it began: by the clock, and of processors."""

    wall: float
    cpu: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall + other.wall, self.cpu + other.cpu)


def spent(command: Sequence[str], environment: dict[str, str], fine: Sequence[int] = (0,)) -> Spent:
    """What a command takes; ends the script with its words where it fails."""
    began, before = time.perf_counter(), os.times()
    done = subprocess.run(
        [sys.executable, *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wall, after = time.perf_counter() - began, os.times()
    if done.returncode not in fine:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return Spent(
        wall, after.children_user + after.children_system - before.children_user - before.children_system
    )


def simulate(folder: Path, windows: dict[str, int] = TABLES, seed: int = 0) -> None:
    """A long table of waves with lost rows, labels with people, a test table and a sample submission."""
    import pandas as pd

    rng, time_ = np.random.default_rng(seed), np.arange(STEPS) / STEPS
    for part, n in windows.items():
        y, who = rng.integers(0, CLASSES, n), rng.integers(0, PEOPLE, n)
        pace = (1 + y[:, None, None] / 2) * rng.uniform(0.8, 1.2, (n, 1, len(CHANNELS)))
        X = np.sin(2 * np.pi * (pace * time_[:, None] * 4 + rng.random((n, 1, len(CHANNELS)))))
        X = X * rng.normal(size=(n, 1, len(CHANNELS))) + rng.normal(scale=0.2, size=X.shape)
        X += 0.1 * np.random.default_rng(1).normal(size=(PEOPLE, 1, len(CHANNELS)))[who]
        ids = np.array([f"{part[0]}{i:05d}" for i in range(n)])
        frame = pd.DataFrame(X.reshape(-1, len(CHANNELS)).round(4), columns=list(CHANNELS))
        frame.insert(0, "time", np.tile(np.arange(STEPS), n))
        frame.insert(0, "id", ids.repeat(STEPS))
        frame = frame[(rng.random(len(frame)) < 0.993) | (frame["time"] == 0)]
        with gzip.open(folder / f"{part}_features.csv.gz", "wt", compresslevel=4) as file:
            frame.to_csv(file, index=False)
        if part == "train":
            labels = {"id": ids, "subject": who, "label": y}
            pd.DataFrame(labels).to_csv(folder / "train_labels.csv", index=False)
        else:
            shares = {"id": ids} | {str(c): np.zeros(n, dtype=int) for c in range(CLASSES)}
            pd.DataFrame(shares).to_csv(folder / "sample_submission.csv", index=False)


def one_round(folder: Path, environment: dict[str, str]) -> dict[str, Spent]:
    """What each takes in turn; `new` and `check` with an empty cache and a full one."""
    with tempfile.TemporaryDirectory() as there:
        recipe, mine = str(Path(there) / "recipe.yaml"), environment | {"HOLDFAST_CACHE": f"{there}/cache"}
        made = {
            "import holdfast": spent(["-c", "import holdfast"], mine),
            "import pandas, sklearn, torch": spent(["-c", "import pandas, sklearn, torch"], mine),
            "holdfast --help": spent(["-m", "holdfast", "--help"], mine),
            "a look by pandas": spent([str(SCRIPTS / "pandas_look.py"), str(folder)], mine),
        }
        for cache in ("empty", "full"):
            new = spent(["-m", "holdfast", "new", str(folder), "-o", recipe, "--force"], mine)
            check = spent(["-m", "holdfast", "check", recipe], mine, FINDS)
            kept = f"{cache} cache"
            made |= {f"new, {kept}": new, f"check, {kept}": check, f"new + check, {kept}": new + check}
    return made


def report(rounds: Sequence[dict[str, Spent]]) -> str:
    """The table of medians, and a line for each target."""
    names = list(rounds[0])
    rows = [
        [name, *(f"{median(getattr(made[name], what) for made in rounds):.2f}" for what in ("wall", "cpu"))]
        for name in names
    ]
    said = [table(["what", "s", "processor s"], rows), ""]
    for name, most in MOST.items():
        for one in (full for full in names if full.startswith(name)):
            got = median(made[one].wall for made in rounds)
            said.append(f"{one}: {got:.2f} s, at most {most:g}: {'reached' if got <= most else 'missed'}")
    return "\n".join(said)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add: Any = parser.add_argument
    add("folder", type=Path, nargs="?", metavar="FOLDER", help="data of a competition; none: simulated ones")
    add("--rounds", type=int, default=5, help="turns of each")
    return parser.parse_args()


def main() -> None:
    said = options()
    with tempfile.TemporaryDirectory() as there:
        folder = said.folder
        if folder is None:
            folder = Path(there) / "windows"
            folder.mkdir()
            simulate(folder)
        environment = {name: one for name, one in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = f"{there}/bytecode"
        made = []
        for turn in range(said.rounds + 1):  # the first one compiles
            made.append(one_round(folder, environment))
            print(f"round {turn} of {said.rounds}", file=sys.stderr)
    print("simulated windows" if said.folder is None else folder.name, "\n")
    print(report(made[1:]))


if __name__ == "__main__":
    main()
