"""How fast the board's list of runs is: many clients on loopback, a ledger of simulated runs.

    python benchmarks/board.py
    python benchmarks/board.py --runs 1000 --clients 10 --seconds 5

Run folders are simulated (their scores are drawn, nothing is trained) in a temporary folder. A real `holdfast board` is
started over them as a process of its own; each client asks for its next page as soon as it has one. Three loads: all ask
for the list as it opens; each turns pages by other orders and metrics; each makes a search that nobody made before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from table import table

HEADER = [
    "load",
    "answers",
    "a second",
    "median, ms",
    "95 %, ms",
    "slowest, ms",
    "server's processor, ms each",
    "errors",
]
METRICS = {"log_loss": False, "accuracy": True}
WAIT = 600  # seconds for the ledger to be made


def simulate(runs: Path, count: int, seed: int = 0) -> None:
    """So many finished runs: the files that the ledger reads, with drawn scores."""
    draw = random.Random(seed)
    for i in range(count):
        metric = draw.choice(list(METRICS))
        folder = runs / f"study-{i // 100:03}" / f"simulated-{i:05}"
        folder.mkdir(parents=True)

        def score(low: float, high: float) -> dict[str, object]:
            value = draw.uniform(low, high)
            return {
                "value": value,
                "low": value - 0.02,
                "high": value + 0.02,
                "how": "bootstrap over groups",
                "units": 20,
            }

        members = {
            name: {one: score(0.2, 0.9) for one in METRICS} | {"per_fold": [[0.5] * 5]}
            for name in ("conv", "trees", "ensemble")
        }
        files = {
            "environment.json": {"data": {"samples": 5000, "hash": "simulated"}, "recipe_folder": "../.."},
            "folds.json": {"k": 5, "repeats": 1},
            "scores.json": {
                "metric": metric, "greater_is_better": METRICS[metric], "members": members, "notes": ["simulated"],
                "floor": {one: score(0.0, 0.1) for one in METRICS}, "facts": {},
            },
            "recipe.yaml": {"name": f"simulated-{i:05}", "data": {"kind": "windows"}, "metric": metric, "members": {}},
        }  # fmt: skip
        for name, held in files.items():  # the recipe last, as in a run; JSON is YAML
            (folder / name).write_text(json.dumps(held))


def first(seed: int) -> Iterator[str]:
    """The list as it opens."""
    while True:
        yield "/"


def turned(seed: int) -> Iterator[str]:
    """The first ten pages of the list, by any order and metric."""
    draw = random.Random(seed)
    while True:
        metric, sort = draw.choice(["", *METRICS]), draw.choice(["value", "path", "finished", "members"])
        yield f"/?metric={metric}&sort={sort}&order={draw.choice(['up', 'down'])}&page={draw.randrange(1, 11)}"


def searched(seed: int) -> Iterator[str]:
    """A search that nobody made before, every time."""
    draw = random.Random(seed)
    while True:
        yield f"/?q={draw.randrange(100, 1000)}&x={draw.random()}"


LOADS = {"first page": first, "other pages": turned, "searches": searched}


async def client(
    port: int, addresses: Iterator[str], until: float, times: list[float], errors: list[str]
) -> None:
    """One browser: asks, waits for the whole answer, asks again on the same connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(f"GET {next(addresses)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        times.append(time.perf_counter() - began)
        if not head.startswith("http/1.1 200") or b"simulated-" not in body:
            errors.append(head.split("\r\n")[0])
    writer.close()


async def load(port: int, kind: str, clients: int, seconds: float) -> tuple[list[float], list[str]]:
    """Seconds of each answer, and what was no list of runs."""
    times: list[float] = []
    errors: list[str] = []
    until = time.perf_counter() + seconds
    work = (client(port, LOADS[kind](seed), until, times, errors) for seed in range(clients))
    for ended in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(ended, BaseException):
            errors.append(repr(ended))
    return times, errors


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


async def answers(port: int) -> None:
    """Wait until the board shows its list."""
    for _ in range(WAIT * 10):
        times, errors = [], []
        try:
            await client(port, first(0), time.perf_counter() + 0.001, times, errors)
            return
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.1)
    raise TimeoutError("the board did not answer")


async def measure(server: psutil.Process, port: int, clients: int, seconds: float) -> bool:
    """Print a row for each load; says whether there was no error."""
    await answers(port)
    await load(port, "first page", 4, min(2.0, seconds))  # what is loaded with the first requests
    rows, wrong = [], []
    for kind in LOADS:
        before = sum(server.cpu_times()[:2])
        times, errors = await load(port, kind, clients, seconds)
        # of the board's process, whoever else is at work
        each = (sum(server.cpu_times()[:2]) - before) / len(times)
        told = (statistics.median(times), statistics.quantiles(times, n=20)[-1], max(times), each)
        milliseconds = [f"{1000 * one:.1f}" for one in told]
        rows.append([kind, f"{len(times)}", f"{len(times) / seconds:.0f}", *milliseconds, f"{len(errors)}"])
        wrong += sorted(set(errors))[:3]
    print(table(HEADER, rows))
    print("\n".join(wrong), end="\n" if wrong else "")
    return not wrong


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="holdfast-board-") as folder:
        runs, port = Path(folder) / "runs", free_port()
        began = time.perf_counter()
        simulate(runs, asked.runs)
        made = time.perf_counter()
        command = [sys.executable, "-m", "holdfast", "board", str(runs), "--port", str(port)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            asyncio.run(answers(port))
            print(
                f"{asked.runs:,} simulated runs, written in {made - began:.0f} s;"
                f" the board answered {time.perf_counter() - made:.0f} s after its start;"
                f" {asked.clients} clients, {asked.seconds:g} s a load\n"
            )
            fine = asyncio.run(measure(psutil.Process(server.pid), port, asked.clients, asked.seconds))
        finally:
            server.terminate()
            server.wait()
    sys.exit(not fine)


if __name__ == "__main__":
    main()
