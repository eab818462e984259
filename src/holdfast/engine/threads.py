"""How many processor threads a job uses; the same number gives the same bits everywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

TORCH = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")  # what torch asks when it loads
VARIABLES = (*TORCH, "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def thread_variables(threads: int, names: Sequence[str] = VARIABLES) -> Iterator[None]:
    """The environment that tells libraries which load, here or in a process that begins, how many threads to start."""
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(names, str(threads)))
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name)
            if name in before:
                os.environ[name] = before[name]


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Run what is inside with so many threads in BLAS, OpenMP and torch, which may load there: it takes seconds."""
    import scipy.linalg  # loads its own BLAS, which the limit must find
    import sklearn.utils
    from threadpoolctl import threadpool_limits

    del scipy, sklearn
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    if torch:
        torch.set_num_threads(threads)
    try:
        with threadpool_limits(limits=threads), thread_variables(threads, TORCH):
            yield
    finally:
        if torch:
            torch.set_num_threads(before)
