"""What a run was made with."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from holdfast.engine.job import Work
from holdfast.engine.threads import cores
from holdfast.models.base import Network

PACKAGES = (
    "holdfast", "torch", "lightning-fabric", "numpy", "scipy", "scikit-learn", "lightgbm", "aeon", "numba",
    "simdkalman", "imbalanced-learn", "pandas", "pyarrow", "pydantic",
    "xgboost", "xgboost-cpu", "catboost", "torchvision", "timm", "pillow", "opencv-python-headless", "scikit-image",
)  # fmt: skip


@cache
def versions() -> dict[str, str | None]:
    """Installed versions of the packages that decide numbers; None where one is missing."""
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def environment(work: Work, data_hashes: dict[str, str], recipe_folder: str) -> dict[str, Any]:
    """Versions, hardware, seeds, and hashes of data, folds and the user's components.

    `recipe_folder`: where the recipe lies, as seen from the run folder, so that both can move together. GPUs: those
    that networks may use, so none where no member is one.
    """
    import psutil

    return {
        "versions": {"python": platform.python_version(), **versions()},
        "hardware": {
            "machine": platform.machine(),
            "system": platform.system(),
            "processor": processor(),
            "cores": cores(),
            "memory_bytes": psutil.virtual_memory().total,
            "gpus": gpus() if any(isinstance(one.model, Network) for one in work.members.values()) else [],
        },
        "seeds": {"recipe": work.seed, "folds": work.folds.how.get("seed")},
        "data": {"files": data_hashes, "hash": work.data_mark, "samples": len(work.train)},
        "folds": work.folds.hash,
        "components": work.code_mark,
        "recipe_folder": recipe_folder,
    }


def processor() -> str:
    """The processor's name, as Linux gives it, or what Python knows elsewhere."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def gpus() -> list[str]:
    import torch

    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
