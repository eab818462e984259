"""The training loop: batch, step, watch, stop. Lightning Fabric handles devices and precision beneath it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch

from holdfast.errors import JobFailed
from holdfast.fit.backbone import layer_groups
from holdfast.fit.feed import Feed
from holdfast.fit.heads import HeadLoss
from holdfast.fit.hooks import Hook, LoopState
from holdfast.fit.memory import keep_freed_memory
from holdfast.fit.ranks import make_fabric, synchronised, whole
from holdfast.keys import seed_of
from holdfast.recipe.schema import Fit


def make_optimizer(settings: Fit, net: torch.nn.Module) -> torch.optim.Optimizer:
    """The settings' optimizer; a backbone's layers each with their own rate where these decay."""
    classes = {"adamw": torch.optim.AdamW, "nadam": torch.optim.NAdam, "sgd": torch.optim.SGD}
    extra: dict[str, Any] = {"momentum": 0.9, "nesterov": True} if settings.optimizer == "sgd" else {}
    if settings.optimizer == "adamw":
        extra["fused"] = True
    groups: Any = net.parameters() if settings.layer_decay is None else layer_groups(net, settings)
    return classes[settings.optimizer](groups, lr=settings.lr, weight_decay=settings.weight_decay, **extra)


def train_network(
    net: torch.nn.Module, feed: Feed, loss: HeadLoss, settings: Fit, hooks: list[Hook], seed: int,
    watch: Callable[[torch.nn.Module], float] | None = None, fabric: Any = None,
) -> LoopState:  # fmt: skip
    """Train `net` on the batches of `feed`; `watch` gives the loss on the inner split. `fabric`: of several devices.

    Every random number is keyed by (seed, epoch, item), so a run that resumes at an epoch repeats it.
    """
    keep_freed_memory()
    fabric = fabric or make_fabric(settings.precision)
    net = synchronised(net, fabric)
    optimizer = make_optimizer(settings, net)
    net, optimizer = fabric.setup(net, optimizer)
    batches = feed.steps()
    state = LoopState(net, optimizer, settings.epochs, -(-batches // settings.accumulate))
    for hook in hooks:
        hook.before_fit(state)
    while state.epoch < settings.epochs and not state.stop:
        rank = [fabric.global_rank] if fabric.global_rank else []
        torch.manual_seed(seed_of(seed, "epoch", state.epoch, *rank))  # dropout draws from here
        state.train_loss = _epoch(fabric, state, feed, loss, settings, hooks, batches)
        if watch is not None:
            # one rank looks, so that all stop together
            state.watch_loss = fabric.broadcast(watch(net) if fabric.is_global_zero else None)
            for hook in hooks:
                hook.after_validation(state)
        for hook in hooks:
            hook.after_epoch(state)
        state.epoch += 1
    for hook in hooks:
        hook.after_fit(state)
    return state


def _epoch(
    fabric: Any, state: LoopState, feed: Feed, loss: HeadLoss, settings: Fit, hooks: list[Hook], batches: int
) -> float:
    """One pass; returns the mean loss of a sample."""
    state.net.train()
    total, seen = torch.zeros((), dtype=torch.float64), 0
    share = side_share(settings, state.epoch)
    for number, batch in enumerate(feed.batches(state.epoch, fabric.global_rank, fabric.world_size)):
        for hook in hooks:
            hook.before_batch(state)
        inputs, targets, weights = fabric.to_device((batch.inputs, batch.targets, batch.weights))
        outputs = state.net(smaller(inputs, share))
        value = loss.value(*whole(fabric, batch.n, outputs, targets, weights))
        # DDP takes the mean over ranks, the loss is a sum over their samples
        fabric.backward(value / (together(number, batches, settings.accumulate) / fabric.world_size))
        total += value.detach().double().cpu() * batch.n
        seen += batch.n
        if (number + 1) % settings.accumulate and number + 1 < batches:
            continue
        if settings.clip is not None:
            clip(state.net, settings.clip)
        state.optimizer.step()
        state.optimizer.zero_grad()
        with warnings.catch_warnings():
            # a scheduler that stands at its end on the last step warns
            warnings.simplefilter("ignore", UserWarning)
            for hook in hooks:
                hook.after_step(state)
    mean = float(total) / max(seen, 1)
    if mean != mean:
        raise JobFailed(f"the loss became NaN in epoch {state.epoch}: lower fit.lr, or look at the inputs")
    return mean


def clip(net: torch.nn.Module, largest: float) -> None:
    """Scale the gradient where its norm is larger, as torch's clip_grad_norm_ does; others are left untouched.

    A product by 1 changes nothing and takes its time on a processor; a GPU does not wait for the norm.
    """
    parameters = [one for one in net.parameters() if one.grad is not None]
    norm = torch.nn.utils.get_total_norm([one.grad for one in parameters if one.grad is not None])
    if norm.is_cuda or not norm <= largest:
        torch.nn.utils.clip_grads_with_norm_(parameters, largest, norm)


def together(number: int, batches: int, accumulate: int) -> int:
    """Batches in the step that batch `number` belongs to; the last step of an epoch may have fewer.

    >>> [together(i, 5, 2) for i in range(5)]
    [2, 2, 2, 2, 1]
    """
    first = number - number % accumulate
    return min(accumulate, batches - first)


def side_share(settings: Fit, epoch: int) -> float:
    """The share of the pictures' side that an epoch sees.

    >>> [side_share(Fit(epochs=4, progressive=(0.5, 1.0)), epoch) for epoch in range(4)]
    [0.5, 0.5, 1.0, 1.0]
    """
    if not settings.progressive:
        return 1.0
    return settings.progressive[epoch * len(settings.progressive) // settings.epochs]


def smaller(inputs: torch.Tensor, share: float) -> torch.Tensor:
    """Pictures `(b, h, w, c)` at a share of their side."""
    if share == 1:
        return inputs
    sides = [max(1, round(side * share)) for side in inputs.shape[1:3]]
    small = torch.nn.functional.interpolate(
        inputs.permute(0, 3, 1, 2), size=sides, mode="bilinear", antialias=True
    )
    return small.permute(0, 2, 3, 1)
