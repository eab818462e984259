"""One network trained by several devices: Fabric starts a process for each, its rank, and DDP averages their gradients.

Every rank makes the same feed, and takes its share of each batch. The loss is that of the whole batch, whatever
it is: ranks tell each other their outputs, and each one's gradient flows through its own.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lightning_fabric
import torch
from torch.nn.modules.batchnorm import SyncBatchNorm, _BatchNorm

from holdfast.errors import BadInput, JobFailed
from holdfast.fit.orphan import end_with_parent
from holdfast.fit.shares import shares
from holdfast.recipe.registry import load_user_components, user_components
from holdfast.recipe.schema import Fit

Report = Callable[[dict[str, Any]], None]

GRACE = 2.0  # seconds that a rank which fails lives on: where it fails since another one died, that one is seen first
LAST_WORDS = 10.0  # seconds for events that still are on their way
# how processes start: on Linux from a server that has imported all once, for the next network too
START: Any = "forkserver" if sys.platform == "linux" else "spawn"
# Fabric reads them
OURS = ("MASTER_ADDR", "MASTER_PORT", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "WORLD_SIZE")
FIT, MADE = "fit.pickle", "made.pickle"

logging.getLogger(lightning_fabric.__name__).setLevel(logging.WARNING)  # it tells of processes that start


def make_fabric(precision: str, devices: int = 1, freezes: bool = False) -> Any:
    """One device (a GPU where there is one), or several with DDP; float32 or bf16 autocast.

    `freezes`: some parameters get no gradient for a while.
    """
    from lightning_fabric.plugins.environments import LightningEnvironment
    from lightning_fabric.strategies import DDPStrategy

    arithmetic: Any = "bf16-mixed" if precision == "bf16" else "32-true"
    if devices == 1:
        return lightning_fabric.Fabric(accelerator="auto", devices=1, precision=arithmetic)
    return lightning_fabric.Fabric(
        accelerator="cuda" if torch.cuda.is_available() else "cpu",
        devices=devices,
        precision=arithmetic,
        strategy=DDPStrategy(start_method=START, find_unused_parameters=freezes),
        plugins=[LightningEnvironment()],  # else a scheduler's, such as Slurm's, would count the processes
    )


def whole(fabric: Any, n: int, *mine: torch.Tensor | None) -> tuple[Any, ...]:
    """What all ranks hold of a batch of `n`, for each of `mine`, this rank's `(share, …)`; None where that is None."""
    if fabric.world_size == 1:
        return mine
    each = shares(n, fabric.world_size)
    return tuple(None if one is None else _joined(each, fabric.global_rank, one) for one in mine)


def _joined(each: list[int], rank: int, mine: torch.Tensor) -> torch.Tensor:
    """`(b, …)` in the batch's order."""
    own = mine[: each[rank]]
    padded = own.new_zeros(max(each), *own.shape[1:])
    padded[: len(own)] = own.detach()
    held = [torch.empty_like(padded) for _ in each]
    torch.distributed.all_gather(held, padded)
    parts = [one[:share] for one, share in zip(held, each, strict=True)]
    parts[rank] = own  # an empty one too: DDP waits for every rank's gradient
    return torch.cat(parts)


def synchronised(net: torch.nn.Module, fabric: Any) -> torch.nn.Module:
    """The network, its batch norm over all ranks where they are GPUs; processors have no such layer."""
    if fabric.world_size == 1 or fabric.device.type != "cuda":
        return net
    made: torch.nn.Module = SyncBatchNorm.convert_sync_batchnorm(net)
    return made


def facts_of(net: torch.nn.Module, fabric: Any) -> dict[str, Any]:
    """What a run's records say of the devices: nothing, where there is one."""
    if fabric.world_size == 1:
        return {}
    own = any(isinstance(one, _BatchNorm) and not isinstance(one, SyncBatchNorm) for one in net.modules())
    return {"devices": {"number": fabric.world_size, "kind": fabric.device.type, "own_batch_norm": own}}


def in_ranks(name: str, settings: Fit, fit: Callable[..., Any], report: Report) -> Any:
    """`fit(report=…, fabric=…)` in each rank; what rank 0 made, whose events alone are reported.

    Ranks share this process's threads. Raises what a rank raises, and JobFailed where one dies; both end the others.
    """
    from torch.multiprocessing.spawn import ProcessException

    devices = settings.devices or 1
    fabric = make_fabric(settings.precision, devices, bool(settings.freeze))
    threads = max(1, torch.get_num_threads() // devices)
    multiprocessing.set_forkserver_preload(["holdfast.fit.network"])
    receiver, sender = multiprocessing.Pipe(duplex=False)
    hearing = _Hearing(receiver, report)
    hearing.start()
    with TemporaryDirectory(prefix="holdfast-") as path, _no_others() as environment:
        folder = Path(path)
        (folder / FIT).write_bytes(pickle.dumps(fit))
        try:
            fabric.launch(_take_part, folder, user_components(), threads, environment, sender)
        except ProcessException as error:
            if hearing.error is None:
                raise _why(error, folder, f"{name}: rank {error.error_index} of {devices}") from None
        finally:
            with suppress(OSError):  # it hears no more
                sender.send(None)
            hearing.join(LAST_WORDS)
            sender.close()
        if hearing.error is not None:
            raise hearing.error
        return pickle.loads((folder / MADE).read_bytes())


class _Hearing(threading.Thread):
    """Passes events on, until None comes; where that fails it hears no more, so that rank 0 fails at its next word."""

    def __init__(self, pipe: Connection, report: Report):
        super().__init__(daemon=True)
        self.pipe, self.report = pipe, report
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while (event := self.pipe.recv()) is not None:
                self.report(event)
        except BaseException as error:
            self.error = error
        finally:
            self.pipe.close()


@contextmanager
def _no_others() -> Iterator[dict[str, str]]:
    """Fabric chooses address and port anew, and no rank outlives what is inside, as after Ctrl-C.

    Gives the environment that ranks take over, who may come from a server that was started in another.
    """
    before, children = dict(os.environ), set(multiprocessing.active_children())
    for variable in OURS:
        os.environ.pop(variable, None)
    try:
        yield dict(os.environ)
    finally:
        for child in set(multiprocessing.active_children()) - children:
            child.kill()
            child.join()
        for variable in OURS:
            os.environ.pop(variable, None)
            if variable in before:
                os.environ[variable] = before[variable]


def _why(error: Any, folder: Path, rank: str) -> Exception:
    """What to raise where a rank has failed."""
    if (expected := folder / f"{error.error_index}.error").is_file():
        raised: Exception = pickle.loads(expected.read_bytes())
        return raised
    if getattr(error, "signal_name", None) == "SIGKILL":
        return JobFailed(f"{rank} was killed, most likely for too little memory")
    return JobFailed(f"{rank} failed: {str(error).strip()}")


def _take_part(
    fabric: Any,
    folder: Path,
    components: list[Path],
    threads: int,
    environment: dict[str, str],
    pipe: Connection,
) -> None:
    """What a rank does."""
    from threadpoolctl import threadpool_limits

    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.update(environment)
    torch.set_num_threads(threads)
    try:
        load_user_components(components)
        fit = pickle.loads((folder / FIT).read_bytes())
        with threadpool_limits(limits=threads):
            made = fit(report=pipe.send if fabric.is_global_zero else _unheard, fabric=fabric)
        if fabric.is_global_zero:
            (folder / MADE).write_bytes(pickle.dumps(made))
    except (BadInput, JobFailed) as error:
        (folder / f"{fabric.global_rank}.error").write_bytes(pickle.dumps(error))
        raise
    except Exception:
        time.sleep(GRACE)
        raise


def _unheard(event: dict[str, Any]) -> None: ...
