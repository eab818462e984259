"""What `holdfast train` holds in memory as the set grows: frames, windows and pictures. One table.

    python benchmarks/memory.py [--kinds frames windows images] [--times 1 4] [--mib 64] [--limit 1536]
    python benchmarks/memory.py --gigabytes 20 --limit 3072

All sets are simulated and lie on disk: frames and windows in one `.npy` file, pictures as files. On each a tiny network
is trained over two folds by the command line, checks, out-of-fold scores and blend included, in a process whose own
memory may not pass `--limit` (RLIMIT_DATA, which is `ulimit -d`). The peak is that of anonymous memory (RssAnon in
/proc), looked at every 20 ms; pages of files, which the system can take back at any time, are not of it. What a
set of 64 MiB takes is nearly what libraries and network need. Parts of bounded size (chunks, a fold that fits) are
filled first: flat is a peak that from the last size but one to the last rises by less than a twentieth of the data.

`--gigabytes`: one set of frames of so many GB, of which seven eighths are dry and take no room on disk.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "contestants"))

from samples_on_disk import KINDS, write  # noqa: E402
from table import table  # noqa: E402
from watched import MIB, Ran, run  # noqa: E402

FLAT = 0.05  # MiB of memory for each MiB of data added, from which on it grows with them
HEADER = ["kind", "data, MiB", "peak of own memory, MiB", "over the smallest", "seconds", "limit, MiB"]


def trained(kind: str, mib: float, said: argparse.Namespace) -> Ran:
    """Write a set, train on it, and delete both. Ends the script where the run fails."""
    with tempfile.TemporaryDirectory(dir=said.scratch) as folder:
        place = Path(folder)
        (place / "data").mkdir()
        recipe = write(kind, place / "data", mib, said.threads)
        (place / "data" / "recipe.yaml").write_text(yaml.safe_dump(recipe))
        command = [
            sys.executable,
            "-m",
            "holdfast",
            "train",
            str(place / "data" / "recipe.yaml"),
            "-o",
            str(place / "run"),
        ]
        threads = {
            name: str(said.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        }
        # pyarrow's own allocator reserves 1 GiB, used or not, which the limit would count
        own = {"HOLDFAST_CACHE": str(place / "cache"), "ARROW_DEFAULT_MEMORY_POOL": "system"}
        ran = run(command, said.limit, {**os.environ, **threads, **own})
        if ran.code or not (place / "run" / "scores.json").is_file():
            print(
                f"{kind}, {mib:g} MiB: failed after {ran.seconds:.0f} s at {ran.peak:.0f} MiB:\n{ran.errors}",
                file=sys.stderr,
            )
            if not said.go_on:
                sys.exit(1)
    return ran


def rows_of(kind: str, said: argparse.Namespace) -> tuple[list[list[str]], str]:
    """A line for each size, and whether the peak grew with them."""
    sizes = [said.gigabytes * 1e9 / MIB] if said.gigabytes else [said.mib * times for times in said.times]
    made = []
    for size in sizes:
        made.append(trained(kind, size, said))
        print(
            f"{kind}, {size:.0f} MiB: {made[-1].peak:.0f} MiB, {made[-1].seconds:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    least = made[0].peak
    rows = [
        [
            kind,
            f"{size:.0f}",
            f"{one.peak:.0f}",
            f"{one.peak - least:+.0f}",
            f"{one.seconds:.0f}",
            f"{said.limit}",
        ]
        for size, one in zip(sizes, made)
    ]
    if len(made) < 2:
        return rows, ""
    slope = (made[-1].peak - made[-2].peak) / (sizes[-1] - sizes[-2])
    word = "flat" if slope < FLAT else "grows"
    return rows, (
        f"{kind}: {word}: {made[-1].peak / least:.2f} times the peak for {sizes[-1] / sizes[0]:g} times the data;"
        f" at the end {slope:.2f} MiB for each MiB added"
    )


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), help="which kinds of data")
    add("--mib", type=float, default=64, help="MiB of the smallest set")
    add("--times", nargs="+", type=float, default=[1, 4], help="sizes, in times the smallest")
    add("--limit", type=int, default=1536, help="MiB that a process may have of its own")
    add("--gigabytes", type=float, help="one set of frames of so many GB in place of the table")
    add("--threads", type=int, default=1, help="processor threads of a job")
    add("--go-on", action="store_true", help="do not stop at a run that fails")
    add(
        "--scratch",
        type=Path,
        help="where sets and runs are written, and deleted again; by default the system's place",
    )
    return parser.parse_args()


def main() -> None:
    said = options()
    rows, words = [], []
    for kind in ["frames"] if said.gigabytes else said.kinds:
        made, word = rows_of(kind, said)
        rows += made
        words += [word] if word else []
    print(f"simulated sets; {said.threads} thread(s), one process; two folds, one epoch\n")
    print(table(HEADER, rows))
    print("\n" + "\n".join(words) if words else "")


if __name__ == "__main__":
    main()
