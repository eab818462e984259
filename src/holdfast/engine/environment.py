"""What a run was made with."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from holdfast.engine.job import Work
from holdfast.engine.threads import cores

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

    `recipe_folder`: where the recipe lies, as seen from the run folder, so that both can move together.
    """
    import psutil
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "versions": {"python": platform.python_version(), **versions()},
        "hardware": {
            "machine": platform.machine(),
            "system": platform.system(),
            "processor": torch.cpu.get_capabilities().get("cpu_name", platform.processor())
            if hasattr(torch.cpu, "get_capabilities")
            else platform.processor(),
            "cores": cores(),
            "memory_bytes": psutil.virtual_memory().total,
            "gpus": gpus,
        },
        "seeds": {"recipe": work.seed, "folds": work.folds.how.get("seed")},
        "data": {"files": data_hashes, "hash": work.data_mark, "samples": len(work.train)},
        "folds": work.folds.hash,
        "components": work.code_mark,
        "recipe_folder": recipe_folder,
    }
