"""A process beside this one, for checks whose libraries take seconds to import: it loads them while this one reads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
LIBRARIES = ("lightgbm", "scipy.stats", "sklearn.covariance", "sklearn.decomposition", "sklearn.tree")


class Here:
    """No other process: what is begun is done here, when its result is asked for."""

    def begin(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
        """What gives the result of `function`."""
        return lambda: function(*args, **kwargs)


class There(Here):
    """A pool of one process, which begins at once. Function, arguments and result must travel."""

    def __init__(self, pool: Any):
        self.pool = pool

    def begin(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
        begun = self.pool.submit(function, *args, **kwargs)

        def result() -> T:
            try:
                return begun.result()
            except Exception:  # it did not travel, or the process is gone; a fault of its own comes again
                return function(*args, **kwargs)

        return result


@contextmanager
def beside(cores: int) -> Iterator[Here]:
    """That process, where there is a core for it and the libraries are not loaded here already."""
    if cores < 2 or "sklearn" in sys.modules:
        yield Here()
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    from holdfast.engine.threads import thread_variables

    before = set(active_children())
    # threads of both processes on the same cores would wait for one another
    with thread_variables(cores // 2), ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(_load)
        try:
            yield There(pool)
        finally:  # without waiting for what nobody asks for any more
            for child in set(active_children()) - before:
                child.terminate()


def _load() -> None:
    from importlib import import_module

    for name in LIBRARIES:
        import_module(name)
