"""Energy that the machine's processors take, where Linux lets this user read its RAPL counters.

A counter is that of a whole package: what other programs, or jobs beside this one, take meanwhile is counted too.
"""

from __future__ import annotations

from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
PACKAGE = "intel-rapl:?"  # a package of the processor; its parts, intel-rapl:0:0, are in it already
WHOLE_PLATFORM = "psys"  # of some laptops: holds the packages once more
MICRO = 1e-6


class Meter:
    """Joules since it was made. `root`: the folder of the counters."""

    def __init__(self, root: Path | None = None):
        self.packages = _packages(POWERCAP if root is None else root)
        self.begun = _read(self.packages)

    def joules(self) -> float | None:
        """All packages together; None where there is no counter, or it may not be read (often root's alone)."""
        now = _read(self.packages)
        if self.begun is None or now is None or not now:
            return None
        # a counter that came to its end began again at 0
        return MICRO * sum(
            after - before + (_of(package, "max_energy_range_uj") if after < before else 0)
            for package, before, after in zip(self.packages, self.begun, now, strict=True)
        )


def _packages(root: Path) -> list[Path]:
    try:
        found = sorted(root.glob(PACKAGE))
        return [one for one in found if (one / "name").read_text().strip() != WHOLE_PLATFORM]
    except OSError:
        return []


def _read(packages: list[Path]) -> list[int] | None:
    try:
        return [_of(package, "energy_uj") for package in packages]
    except (OSError, ValueError):
        return None


def _of(package: Path, field: str) -> int:
    return int((package / field).read_text())
