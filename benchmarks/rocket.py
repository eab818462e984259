"""The member `minirocket` over five folds beside aeon's MiniRocket and scikit-learn's ridge, written by hand.

    python benchmarks/rocket.py [--sizes 2000x150x6 5000x300x6] [--rounds 3] [--threads N]

Each turn is a process of its own, A B A B …; it first runs on a few windows, so that imports and compiling do not
count. Ratios are taken in each round and their median given. By hand is what aeon documents: MiniRocket,
`StandardScaler(with_mean=False)`, `RidgeClassifierCV`, on windows that lie as it wants them. Holdfast's head also
learns calibrated probabilities from inner folds by person. Windows are simulated, each person's in one fold. Peak
memory is the most that a process held in pages that no file backs (RssAnon); "grown" is what the folds added to that
of the libraries (torch is among them on both sides, since aeon imports it).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from statistics import median
from typing import Any

from race import SCRIPTS, ratio
from table import table

CONTESTANTS = {"holdfast": "Holdfast", "hand": "aeon + scikit-learn"}
MOST_TIME, MOST_MEMORY = 1.0, 0.5  # of what is written by hand


def turn(how: str, size: tuple[int, int, int], said: argparse.Namespace) -> dict[str, Any]:
    """One contestant's five folds in a fresh process."""
    settings = {
        "how": how, "samples": size[0], "steps": size[1], "channels": size[2], "threads": said.threads,
        "kernels": said.kernels, "k": said.k,
    }  # fmt: skip
    made = subprocess.run(
        [sys.executable, str(SCRIPTS / "rocket_folds.py"), json.dumps(settings)],
        stdout=subprocess.PIPE,
        text=True,
    )
    if made.returncode:
        sys.exit(f"{CONTESTANTS[how]} ended with {made.returncode}")
    answer: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    return answer


def size_of(text: str) -> tuple[int, int, int]:
    samples, steps, channels = map(int, text.split("x"))
    return samples, steps, channels


def options() -> argparse.Namespace:
    from holdfast.engine.threads import cores

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--sizes", type=size_of, nargs="+", default=[(2000, 150, 6), (5000, 300, 6)],
        metavar="NxSTEPSxCHANNELS", help="sets of simulated windows")  # fmt: skip
    add("--rounds", type=int, default=3, help="turns of each contestant")
    add("--threads", type=int, default=cores(), help="processor threads of each contestant")
    add("--kernels", type=int, default=10_000, help="features that MiniRocket makes, about")
    add("--k", type=int, default=5, help="folds")
    return parser.parse_args()


def main() -> None:
    said = options()
    rows, verdicts = [], []
    for size in said.sizes:
        name = " × ".join(map(str, size))
        answers: dict[str, list[dict[str, Any]]] = {how: [] for how in CONTESTANTS}
        for number in range(said.rounds):
            for how, taken in answers.items():
                taken.append(turn(how, size, said))
                print(f"{name}, {CONTESTANTS[how]}: round {number + 1} of {said.rounds}", file=sys.stderr)
        columns = {
            key: {how: [one[key] for one in taken] for how, taken in answers.items()}
            for key in ("seconds", "cpu", "peak", "grown", "accuracy")
        }
        share = {
            key: ratio(columns[key]["holdfast"], columns[key]["hand"])
            for key in ("seconds", "cpu", "peak", "grown")
        }
        for how, label in CONTESTANTS.items():
            ratios = [f"{share[key]:.2f}" if how == "holdfast" else "1" for key in share]
            rows.append([
                name, label, f"{median(columns['seconds'][how]):.1f}", f"{median(columns['cpu'][how]):.1f}",
                *(f"{median(columns[key][how]) / 2**20:.0f}" for key in ("peak", "grown")),
                f"{median(columns['accuracy'][how]):.4f}", *ratios,
            ])  # fmt: skip
        for key, what, most in (("seconds", "time", MOST_TIME), ("peak", "peak memory", MOST_MEMORY)):
            reached = "reached" if share[key] <= most else "missed"
            verdicts.append(f"{name}: {what} {share[key]:.2f} of by hand, at most {most}: {reached}")
    print(
        f"simulated windows (n × steps × channels); {said.k} folds by person; {said.kernels} kernels;"
        f" {said.threads} threads each; medians of {said.rounds} interleaved rounds\n"
    )
    header = [
        "windows",
        "contestant",
        "s",
        "cpu s",
        "peak MiB",
        "grown MiB",
        "OOF accuracy",
        "s ÷",
        "cpu ÷",
        "peak ÷",
        "grown ÷",
    ]
    print(table(header, rows) + "\n")
    print("\n".join(verdicts))


if __name__ == "__main__":
    main()
