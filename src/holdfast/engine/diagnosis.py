"""`doctor`'s judgement: facts in, findings out. Each says what was seen and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from holdfast.engine.machine import Facts

GIB = 2**30
MEMORY_ENOUGH = (
    4 * GIB
)  # MiniRocket's features of 7,400 windows in float32 take 0.3 GB a copy, torch 0.5 GB a process
DISK_LEAST, DISK_ENOUGH = GIB // 2, 5 * GIB  # a run folder takes megabytes; unpacked inputs and packages more
OLDEST_PYTHON = (3, 11)
FIRST_PAIR = 15  # torch 2.N goes with torchvision 0.(N + 15), by torchvision's own table of versions


@dataclass(frozen=True)
class Finding:
    """`what`: what was looked at; `seen`: what was found; `advice`: what to do, empty where all is well."""

    what: str
    level: Literal["ok", "warn", "error"]
    seen: str
    advice: str = ""


def diagnose(facts: Facts) -> list[Finding]:
    """Every finding, the torch pair first."""
    return [check(facts) for check in CHECKS]


def torch_pair(facts: Facts) -> Finding:
    what = "torch and torchvision"
    if facts.torch is None or facts.torch_error:
        seen = facts.torch_error or "torch is not installed"
        return Finding(what, "error", seen, "install again: pip install -c constraints.txt -e .")
    if facts.torchvision is None:
        return Finding(what, "ok", f"torch {facts.torch}; torchvision is not installed, only images need it")
    seen = f"torch {facts.torch}, torchvision {facts.torchvision}"
    wanted = partner(facts.torch)
    install = (
        f'pip install "torchvision=={wanted}.*"'
        if wanted
        else "install the pair together: pip install torch torchvision"
    )
    if wanted and not facts.torchvision.startswith(f"{wanted}."):
        return Finding(
            what, "error", f"{seen} do not match", f"this torch needs torchvision {wanted}: {install}"
        )
    if facts.torchvision_error:
        advice = f"both must come from the same index: pip uninstall torchvision, then {install}"
        return Finding(what, "error", f"{seen}; import fails: {facts.torchvision_error}", advice)
    if not facts.torchvision_ops:
        seen += "; its own operators do not load beside this build of torch, and pictures need none of them"
    return Finding(what, "ok", seen)


def partner(torch: str) -> str | None:
    """The torchvision that goes with a torch; None where the rule says nothing.

    >>> partner("2.13.0+cpu"), partner("1.13.1")
    ('0.28', None)
    """
    found = re.match(r"2\.(\d+)\.", torch)
    return f"0.{int(found[1]) + FIRST_PAIR}" if found else None


def python(facts: Facts) -> Finding:
    seen = ".".join(map(str, facts.python))
    if facts.python[:2] < OLDEST_PYTHON:
        return Finding("Python", "error", seen, "Holdfast needs 3.11 or newer: make demo PYTHON=python3.11")
    return Finding("Python", "ok", seen)


def fabric(facts: Facts) -> Finding:
    if facts.fabric is None:
        return Finding(
            "lightning-fabric", "error", "not installed", "install again: pip install -c constraints.txt -e ."
        )
    return Finding("lightning-fabric", "ok", facts.fabric)


def gpu(facts: Facts) -> Finding:
    if facts.gpus:
        return Finding(
            "GPU",
            "ok",
            f"{', '.join(facts.gpus)}; CUDA {facts.cuda_build}, driver {facts.driver or 'unknown'}",
        )
    if facts.driver is None:
        return Finding("GPU", "ok", "none; networks train on the processor")
    if facts.cuda_build is None:
        advice = "install a CUDA build of torch to use it: pip uninstall torch, then pip install torch"
        return Finding(
            "GPU", "warn", f"driver {facts.driver}, but this torch is built for processors only", advice
        )
    advice = (
        f"update the driver to one that serves CUDA {facts.cuda_build}, or install a torch for an older CUDA"
    )
    return Finding(
        "GPU", "warn", f"driver {facts.driver}, but torch (CUDA {facts.cuda_build}) finds no GPU", advice
    )


def bf16(facts: Facts) -> Finding:
    if facts.bf16:
        return Finding("bf16", "ok", "in hardware; networks use it unless fit.precision is 32")
    return Finding("bf16", "ok", "not in hardware; networks train in float32")


def processor(facts: Facts) -> Finding:
    if facts.cores < 2:
        return Finding(
            "cores",
            "warn",
            "1",
            "training works, one job at a time; give the machine or container more cores",
        )
    return Finding(
        "cores", "ok", f"{facts.cores}; --engine processes --jobs {facts.cores} trains folds side by side"
    )


def memory(facts: Facts) -> Finding:
    seen = f"{facts.memory / GIB:.1f} GiB free"
    if facts.memory < MEMORY_ENOUGH:
        advice = "close other programs, keep --jobs at 1, and prefer window_statistics to the rocket models"
        return Finding("memory", "warn", seen, advice)
    return Finding("memory", "ok", seen)


def disk(facts: Facts) -> Finding:
    seen = f"{facts.disk / GIB:.1f} GiB free here"
    if facts.disk < DISK_LEAST:
        return Finding("disk", "error", seen, "free some space, or write runs elsewhere with -o")
    if facts.disk < DISK_ENOUGH:
        return Finding("disk", "warn", seen, "large inputs are unpacked once to disk; free some space")
    return Finding("disk", "ok", seen)


def libgomp(facts: Facts) -> Finding:
    if facts.system != "linux":
        return Finding("libgomp1", "ok", "needed on Linux only")
    if not facts.libgomp:
        return Finding(
            "libgomp1", "error", "missing; lightgbm cannot load without it", "apt install libgomp1"
        )
    return Finding("libgomp1", "ok", "there")


def venv(facts: Facts) -> Finding:
    if not facts.venv:
        return Finding(
            "venv", "warn", "this Python has no venv module; `make` needs it", "apt install python3-venv"
        )
    return Finding("venv", "ok", "there")


def make(facts: Facts) -> Finding:
    if not facts.make:
        return Finding("make", "warn", "missing; `make demo` and `make test` need it", "apt install make")
    return Finding("make", "ok", "there")


def step(facts: Facts) -> Finding:
    if facts.step_error:
        advice = "mend the findings above first; if none is left, report this one with the output of `holdfast doctor`"
        return Finding("training step", "error", facts.step_error, advice)
    return Finding(
        "training step", "ok", f"a tiny conv_residual trains and predicts ({facts.step_seconds:.1f} s)"
    )


CHECKS: tuple[Callable[[Facts], Finding], ...] = (
    torch_pair, python, fabric, gpu, bf16, processor, memory, disk, libgomp, venv, make, step,
)  # fmt: skip
