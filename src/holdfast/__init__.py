"""Holdfast: small, skewed, grouped data to a validated model and a checked submission.

Every score is out-of-fold and comes with its interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from holdfast.estimators import HoldfastClassifier, HoldfastRegressor
    from holdfast.recipe.load import load_recipe
    from holdfast.store.run import Run
    from holdfast.study.ablate import ablate
    from holdfast.study.compare import compare
    from holdfast.train import train

# Imported when first asked for, so that `import holdfast` and `holdfast --help` stay fast.
_HOMES = {
    "HoldfastClassifier": "holdfast.estimators",
    "HoldfastRegressor": "holdfast.estimators",
    "Run": "holdfast.store.run",
    "ablate": "holdfast.study.ablate",
    "compare": "holdfast.study.compare",
    "load_recipe": "holdfast.recipe.load",
    "train": "holdfast.train",
}
__all__ = [
    "HoldfastClassifier",
    "HoldfastRegressor",
    "Run",
    "__version__",
    "ablate",
    "compare",
    "load_recipe",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'holdfast' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
