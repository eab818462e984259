"""A process whose parent was killed."""

from __future__ import annotations

import os
from multiprocessing import parent_process
from multiprocessing.connection import wait


def end_with_parent() -> None:
    """Wait for the parent's end, in a thread, and end too: an orphan must not go on writing into the run folder."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
