"""Every benchmark that needs no competition data, one after another; each writes its section of a page anew.

    python benchmarks/run.py --all [--quick] [--write docs/benchmarks.md]
    python benchmarks/run.py --only whole images

Each section says its date, command, cores and versions, and the rates of this machine (matrices multiplied, memory
copied) measured right before and after it. A script that fails is named at the end, and the exit code is 1; its old
section stays, and the others go on. What needs a GPU is left out, in one line, where none is.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from environments import python_of
from rates import measured
from section import facts, write_section

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Benchmark:
    """A script, what it is called with, and the title of its section."""

    title: str
    command: str
    quick: str  # more options, for few rounds
    packages: tuple[str, ...] = ()  # whose versions are told beside those of every section
    keras: bool = False  # whether Keras, in its own environment, takes part
    gpu: bool = False


BENCHMARKS = {
    "startup": Benchmark("Start-up and the first look", "startup.py", "--rounds 2", ("pandas",)),
    "conv1d": Benchmark("Windows through Holdfast", "conv1d.py", "--rounds 3 --steps 6", keras=True),
    "images": Benchmark("Pictures through Holdfast", "images.py", "--rounds 4", ("timm", "torchvision")),
    "frames": Benchmark("Frames through Holdfast", "frames.py", "--rounds 2", keras=True),
    "whole": Benchmark("Whole runs", "whole.py", "--rounds 1", ("timm", "torchvision")),
    "gpu": Benchmark(
        "Whole runs on a GPU", "whole.py --device cuda", "--rounds 1", ("timm", "torchvision"), gpu=True
    ),
    "batched": Benchmark("All folds in one model", "batched.py", "--rounds 1"),
    "compiled": Benchmark("Networks compiled", "compiled.py", "--rounds 1 --networks conv_residual unet"),
    "rocket": Benchmark("MiniRocket, fitted in each fold", "rocket.py", "--rounds 1"),
    "memory": Benchmark("Memory as data grow", "memory.py --times 16 64", "--kinds frames windows"),
    "growth": Benchmark("How cost grows", "growth.py", "--rounds 1", ("timm",)),
    "board": Benchmark("The board's list of runs", "board.py", "--seconds 5", ("fastapi", "sqlalchemy")),
}


def measure(benchmark: Benchmark, quick: bool, threads: int) -> str:
    """What its section says. Raises CalledProcessError where the script fails; its complaints are on stderr."""
    command = [*benchmark.command.split(), *(benchmark.quick.split() if quick else ())]
    with measured(threads, ["32"], "cuda" if benchmark.gpu else "cpu") as rates:
        rates.look()
        script = [sys.executable, str(HERE / command[0]), *command[1:]]
        said = subprocess.run(script, check=True, stdout=subprocess.PIPE, text=True, cwd=HERE.parent).stdout
        rates.look()
    print(said, flush=True)
    head = [
        facts(threads, versions(benchmark)),
        f"`python benchmarks/{' '.join(command)}`; right before and after it: {', '.join(rates.said())}.",
    ]
    return "\n\n".join([*head, as_markdown(said)])


def versions(benchmark: Benchmark) -> dict[str, str]:
    """Of the packages that only some scripts use, where they are installed."""
    found = {}
    for name in benchmark.packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    if benchmark.keras:
        ask = "from importlib.metadata import version; print(version('tensorflow-cpu'))"
        told = subprocess.run([python_of("keras"), "-c", ask], check=True, stdout=subprocess.PIPE, text=True)
        found["tensorflow-cpu"] = told.stdout.strip()
    return found


def as_markdown(said: str) -> str:
    """Printed lines, each a paragraph of its own; rows of a table stay together.

    >>> print(as_markdown("two lines\\nof text\\n| a |\\n| -: |\\n| 1 |\\nend"))
    two lines
    <BLANKLINE>
    of text
    <BLANKLINE>
    | a |
    | -: |
    | 1 |
    <BLANKLINE>
    end
    """
    out: list[str] = []
    for line in filter(str.strip, said.splitlines()):
        joins = bool(out) and line.startswith("|") and out[-1].startswith("|")
        out += [line] if joins or not out else ["", line]
    return "\n".join(out)


def has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def options() -> argparse.Namespace:
    from holdfast.engine.threads import cores

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="every one")
    which.add_argument(
        "--only", nargs="+", choices=list(BENCHMARKS), metavar="NAME", help=", ".join(BENCHMARKS)
    )
    parser.add_argument("--quick", action="store_true", help="few rounds: rougher figures")
    parser.add_argument("--write", type=Path, default=PAGE, metavar="PAGE", help="the page of the sections")
    said = parser.parse_args()
    said.threads = cores()
    return said


def written(names: Iterable[str], measure: Callable[[Benchmark], str], page: Path) -> list[str]:
    """Measure each and write its section; returns what to say of those that failed."""
    failed = []
    for name in names:
        benchmark, started = BENCHMARKS[name], time.perf_counter()
        try:
            text = measure(benchmark)
        except (subprocess.CalledProcessError, SystemExit) as error:
            failed.append(f"{name} failed: {error}")
            continue
        write_section(page, benchmark.title, text)
        minutes = (time.perf_counter() - started) / 60
        print(f"{name}: {minutes:.1f} minutes; written under {benchmark.title!r}", file=sys.stderr)
    return failed


def main() -> None:
    said = options()
    names = list(BENCHMARKS) if said.all else said.only
    wanting = [name for name in names if BENCHMARKS[name].gpu and not has_gpu()]
    for name in wanting:
        print(f"{name}: no GPU here, so this part is skipped", flush=True)
    names = [name for name in names if name not in wanting]
    failed = written(names, lambda benchmark: measure(benchmark, said.quick, said.threads), said.write)
    for line in failed:
        print(line, file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
