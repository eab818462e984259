"""Python's collector of garbage, which by default looks again and again through all that libraries make as they load."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 10_000  # new objects until the next look, in place of 700: by what they load, libraries make 700,000


@contextmanager
def seldom() -> Iterator[None]:
    """For a process of our own: fewer looks while it runs, and none as it ends, which with torch takes a second."""
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    try:
        yield
    finally:
        gc.freeze()
