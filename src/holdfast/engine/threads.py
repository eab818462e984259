"""How many processor threads a job uses; the same number gives the same bits everywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def thread_variables(threads: int) -> Iterator[None]:
    """The environment that tells libraries which load, here or in a process that begins, how many threads to start."""
    with _variables(dict.fromkeys(VARIABLES, str(threads))):
        yield


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Run what is inside with so many threads in BLAS, OpenMP and torch.

    Torch takes seconds to load, and only some members need it: one that loads it inside finds the number in the
    environment, and MKL told to take all of them, as `torch.set_num_threads` does. Afterwards it has all cores.
    """
    import scipy.linalg  # loads its own BLAS, which the limit must find
    import sklearn.utils
    from threadpoolctl import threadpool_limits

    del scipy, sklearn
    torch, before = sys.modules.get("torch"), cores()
    if torch is not None:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
    asked = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "MKL_DYNAMIC": "FALSE"}
    try:
        with threadpool_limits(limits=threads), _variables(asked) if torch is None else nullcontext():
            yield
    finally:
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(before)
