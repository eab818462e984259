"""How often each check finds its planted fault, by strength, and how often any check alarms on clean data. Two tables.

    python benchmarks/detection.py [--seeds 20] [--codes HF102,HF103] [--kinds images] [--write docs/benchmarks.md]

The faults and their clean twins are those of the tests (`tests/check/faults.py`, `twins.py`), planted in as many
simulated data sets as there are seeds. A fault counts as found where the check of its code says so. On clean twins all
checks look; whatever they find counts as an alarm, information left out. No seed of the first table is one of the
second, so that no check is judged on data in which it was seen to be silent.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from section import facts, write_section
from table import table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "check"))

from fault import LEVELS, Fault, asked_of
from faults import FAULTS

from holdfast.check.all import all_checks
from holdfast.check.base import KINDS, run_checks

TITLE = "Planted faults"  # of the section that --write writes
OTHERS = 1000  # added to the seeds of clean twins
CHECKS = {one.code: one for one in all_checks()}


def rates(faults: Sequence[Fault], seeds: int) -> list[list[str]]:
    """A row for each fault: what was varied, and for each strength its value and how often the fault was found."""
    rows = []
    for fault in faults:
        began, cells = time.perf_counter(), dict.fromkeys(LEVELS, "–")
        for level, strength in fault.levels.items():
            hits = sum(fault.finding(CHECKS, strength, seed).status == "found" for seed in range(seeds))
            cells[level] = f"{strength:g}: {hits} of {seeds}"
        rows.append([fault.code, fault.kind, fault.what, *cells.values()])
        print(f"{fault}: {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)
    return rows


def alarms(faults: Sequence[Fault], seeds: int) -> list[list[str]]:
    """A row for each clean twin: how many data sets, and the codes of warnings and errors with their number."""
    rows = []
    for twin, kind in dict.fromkeys((one.twin, one.kind) for one in faults):
        found: Counter[str] = Counter()
        for seed in range(OTHERS, OTHERS + seeds):
            for one in run_checks(twin(kind, seed), list(CHECKS.values()), asked_of(twin)):
                if one.status == "found" and one.severity != "info":
                    found[one.code] += 1
                    print(f"{twin.__name__}, {kind}, seed {seed}: {one.code} {one.said}", file=sys.stderr)
        told = ", ".join(f"{code} {count}" for code, count in sorted(found.items()))
        rows.append([twin.__name__.replace("_", " "), kind, str(seeds), told or "none"])
    return rows


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seeds", type=int, default=5, help="simulated data sets for each fault and strength")
    add("--codes", default=",".join(CHECKS), help="checks, by comma")
    add("--kinds", default=",".join(KINDS), help="kinds of data, by comma")
    add("--write", type=Path, metavar="PAGE", help="a page whose section is written anew")
    said = parser.parse_args()
    for name, known in (("codes", tuple(CHECKS)), ("kinds", KINDS)):
        chosen = getattr(said, name).split(",")
        if strange := sorted(set(chosen) - set(known)):
            parser.error(f"--{name}: {', '.join(strange)}; known: {', '.join(known)}")
        setattr(said, name, chosen)
    return said


def main() -> None:
    said = options()
    faults = sorted(
        (one for one in FAULTS if one.code in said.codes and one.kind in said.kinds),
        key=lambda one: (one.code, KINDS.index(one.kind)),
    )
    made = [
        f"{said.seeds} simulated data sets for each fault and strength: its value, and in how many it was found.",
        table(["check", "kind", "fault", *LEVELS], rates(faults, said.seeds)),
        "Clean twins: what any check warns of, by code, and in how many data sets.",
        table(["clean twin", "kind", "data sets", "warnings and errors"], alarms(faults, said.seeds)),
    ]
    text = "\n\n".join(made)
    print(text)
    if said.write is not None:
        write_section(said.write, TITLE, f"{facts(1, {})}\n\n{text}")


if __name__ == "__main__":
    main()
