"""How many folds train at a time where nobody says."""

from __future__ import annotations

import math

from holdfast.engine.job import Work
from holdfast.engine.threads import cores
from holdfast.fit.heads import Head
from holdfast.fit.memory import free_memory
from holdfast.fit.operations import operations_of_a_layer
from holdfast.fit.resolved import MemberSpec
from holdfast.models.base import Network

SHORT = 1e8  # numbers that go through networks: below, processes take longer to start than they save
MOST = 4  # folds at a time: their batches share the processor's caches
EACH = 2 * 2**30  # bytes of a process beside its copy of the data
WIDE = 1e8  # operations in a call of a layer; from so many on threads share a layer well
BUSY = 0.85  # of the cores: what threads reach with such layers


def side_by_side(work: Work) -> int:
    """One fold for each core where networks train on the processor for a while, at most 4 and as memory allows; else 1.

    More threads make a small network's step only a little faster: two folds at a time, a core each, end sooner
    than one after the other on both. With wide layers they do not where cores would stand idle in the last round.
    """
    numbers = _through_networks(work)
    if numbers < SHORT or spread_over_devices(work) or not _on_processor():
        return 1
    room = free_memory() // (EACH + 2 * work.train.nbytes)
    at_a_time = max(1, min(cores(), MOST, work.folds.k * work.folds.repeats, room))
    jobs = len(work.jobs())
    busy = jobs / (at_a_time * math.ceil(jobs / at_a_time))
    return 1 if busy < BUSY and all(_wide(spec, work) for spec in work.members.values()) else at_a_time


def spread_over_devices(work: Work) -> list[str]:
    """The members whose network several devices train."""
    fits = {name: spec.fit for name, spec in work.members.items()}
    return [name for name, fit in fits.items() if fit is not None and (fit.devices or 1) > 1]


def _on_processor() -> bool:
    """Whether networks train on the processor. It imports torch, which a look at the data does without."""
    from holdfast.fit.ranks import make_fabric

    return bool(make_fabric("32").device.type == "cpu")


def _wide(spec: MemberSpec, work: Work) -> bool:
    """Whether threads share a network's layers well, judged by samples as they are before `prepare`.

    Nobody knows where a network takes only samples as `prepare` makes them, or looks at values: then it is not.
    """
    model, settings = spec.model, spec.fit
    if not isinstance(model, Network) or settings is None:
        return False
    shape, head = work.train.seen_by(model).shape, Head(spec.head, work.target)
    try:
        operations = operations_of_a_layer(lambda: head.build(model, shape), (settings.batch_size, *shape))
    except Exception:  # whatever a network of other people's raises there
        return False
    return operations >= WIDE


def _through_networks(work: Work) -> float:
    """Samples by epochs by numbers a sample, over all networks and folds."""
    epochs = sum(
        spec.fit.epochs * spec.fits
        for spec in work.members.values()
        if isinstance(spec.model, Network) and spec.fit
    )
    parts = work.folds.repeats * (work.folds.k - 1)  # each fold trains on all but its own share
    return float(epochs) * parts * len(work.train) * math.prod(work.train.shape)
