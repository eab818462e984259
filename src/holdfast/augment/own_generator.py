"""torch's random numbers from a generator of one's own, in code that asks for the global one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any


def numbers_from(key: int) -> AbstractContextManager[Any]:
    """Within it, torch.rand and its kin draw from a generator seeded by `key`, in this thread alone.

    The global generator is never touched, not even for a moment: a network that trains in another thread
    draws its dropout from it.
    """
    import torch

    return _mode()(torch.Generator().manual_seed(key))


@cache
def _mode() -> Any:
    import torch
    from torch.overrides import TorchFunctionMode

    drawing = {torch.rand, torch.randn, torch.randint, torch.randperm, torch.normal, torch.bernoulli}
    drawing |= {torch.Tensor.uniform_, torch.Tensor.normal_, torch.Tensor.random_, torch.Tensor.bernoulli_}

    class OwnGenerator(TorchFunctionMode):
        def __init__(self, generator: torch.Generator):
            super().__init__()
            self.generator = generator

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            given = dict(kwargs or {})
            if func in drawing:
                given.setdefault("generator", self.generator)
            return func(*args, **given)

    return OwnGenerator
