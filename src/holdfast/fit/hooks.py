"""What happens around the loop's steps: schedules, watching the inner split, checkpoints, progress."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from holdfast.fit.backbone import set_frozen
from holdfast.recipe.schema import Fit
from holdfast.store.atomic import write_text, write_whole

Report = Callable[[dict[str, Any]], None]


@dataclass
class LoopState:
    """What the loop knows; hooks read it, and may set `stop`."""

    net: torch.nn.Module
    optimizer: torch.optim.Optimizer
    epochs: int
    steps: int  # an epoch
    epoch: int = 0
    train_loss: float = float("nan")
    watch_loss: float | None = None
    stop: bool = False
    curve: list[dict[str, float]] = field(default_factory=list)


class Hook:
    """Six moments. What must survive a kill goes into `state_dict`, which the checkpoint saves."""

    def before_fit(self, state: LoopState) -> None: ...
    def before_batch(self, state: LoopState) -> None: ...
    def after_step(self, state: LoopState) -> None: ...
    def after_epoch(self, state: LoopState) -> None: ...
    def after_validation(self, state: LoopState) -> None: ...
    def after_fit(self, state: LoopState) -> None: ...

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, saved: dict[str, Any]) -> None: ...


class Schedule(Hook):
    """The learning rate, by torch's own schedulers."""

    def __init__(self, settings: Fit):
        self.settings = settings
        self.scheduler: Any = None

    def before_fit(self, state: LoopState) -> None:
        from torch.optim import lr_scheduler

        total = state.epochs * state.steps
        if self.settings.schedule == "cosine":
            self.scheduler = lr_scheduler.CosineAnnealingLR(state.optimizer, T_max=total)
        elif self.settings.schedule == "one_cycle":
            rates = [group["lr"] for group in state.optimizer.param_groups]
            self.scheduler = lr_scheduler.OneCycleLR(state.optimizer, rates, total_steps=total)
        elif self.settings.schedule == "plateau":
            self.scheduler = lr_scheduler.ReduceLROnPlateau(state.optimizer, factor=0.5, patience=3)

    def after_step(self, state: LoopState) -> None:
        if self.scheduler is not None and self.settings.schedule != "plateau":
            self.scheduler.step()

    def after_validation(self, state: LoopState) -> None:
        if self.settings.schedule == "plateau":
            self.scheduler.step(state.watch_loss)

    def state_dict(self) -> dict[str, Any]:
        return {} if self.scheduler is None else self.scheduler.state_dict()

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        if self.scheduler is not None:
            self.scheduler.load_state_dict(saved)


class Freeze(Hook):
    """Keeps a backbone as it is for the first epochs, while its last layer learns."""

    def __init__(self, epochs: int):
        self.epochs = epochs
        self.frozen: bool | None = None

    def before_batch(self, state: LoopState) -> None:
        frozen = state.epoch < self.epochs
        if frozen != self.frozen:
            set_frozen(state.net, frozen)
            self.frozen = frozen


class Ema(Hook):
    """A moving average of the weights, which takes their place at the end (Polyak and Juditsky 1992)."""

    def __init__(self, decay: float):
        self.decay = decay
        self.average: Any = None

    def before_fit(self, state: LoopState) -> None:
        from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

        self.average = AveragedModel(
            _inside(state.net), multi_avg_fn=get_ema_multi_avg_fn(self.decay), use_buffers=True
        )

    def after_step(self, state: LoopState) -> None:
        self.average.update_parameters(_inside(state.net))

    def after_fit(self, state: LoopState) -> None:
        state.net.load_state_dict(self.average.module.state_dict())

    def state_dict(self) -> dict[str, Any]:
        return dict(self.average.state_dict())

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.average.load_state_dict(saved)


def _inside(net: Any) -> torch.nn.Module:
    """The network that Fabric has wrapped; its parameters then have the names that a state is loaded by."""
    from lightning_fabric import is_wrapped

    return net.module if is_wrapped(net) else net


def asked_hooks(settings: Fit) -> list[Hook]:
    """The hooks that only some recipes ask for."""
    hooks: list[Hook] = []
    if settings.freeze:
        hooks.append(Freeze(settings.epochs if settings.freeze == "all" else settings.freeze))
    if settings.ema is not None:
        hooks.append(Ema(settings.ema))
    return hooks


class Watch(Hook):
    """Early stopping and best weights, by the loss on the inner split; the scored fold is never seen here."""

    def __init__(self, patience: int | None):
        self.patience = patience
        self.best = float("inf")
        self.best_epoch = -1
        self.weights: dict[str, torch.Tensor] = {}

    def after_validation(self, state: LoopState) -> None:
        assert state.watch_loss is not None
        if state.watch_loss < self.best:
            self.best, self.best_epoch = state.watch_loss, state.epoch
            self.weights = {name: value.detach().clone() for name, value in state.net.state_dict().items()}
        elif self.patience is not None and state.epoch - self.best_epoch >= self.patience:
            state.stop = True

    def after_fit(self, state: LoopState) -> None:
        if self.weights:
            state.net.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "best_epoch": self.best_epoch, "weights": self.weights}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.best, self.best_epoch, self.weights = saved["best"], saved["best_epoch"], saved["weights"]


class Curve(Hook):
    """`curve.csv`: losses and learning rate of each epoch, and its line in the progress."""

    def __init__(self, file: Path | None, report: Report):
        self.file, self.report, self.started = file, report, time.monotonic()

    def after_epoch(self, state: LoopState) -> None:
        row = {
            "epoch": state.epoch,
            "train_loss": state.train_loss,
            "watch_loss": float("nan") if state.watch_loss is None else state.watch_loss,
            "lr": state.optimizer.param_groups[0]["lr"],
            "seconds": time.monotonic() - self.started,
        }
        state.curve.append(row)
        if self.file is not None:
            lines = [
                ",".join(row),
                *(",".join(f"{value:.6g}" for value in each.values()) for each in state.curve),
            ]
            write_text(self.file, "\n".join(lines) + "\n")
        self.report({"event": "epoch", "epochs": state.epochs, **row})
        self.started = time.monotonic()


SMALL = 2**20  # bytes of a network that is saved after every epoch
SAVED_A_SECOND = 2 * 2**20  # bytes of a larger one for each second of training since


def save_is_due(size: int, seconds: float) -> bool:
    """Whether a network of `size` bytes is saved, `seconds` of training after the last time.

    >>> save_is_due(100_000, 0.1), save_is_due(40 * 2**20, 10), save_is_due(40 * 2**20, 20)
    (True, False, True)
    """
    return size <= SMALL or size <= seconds * SAVED_A_SECOND


class Checkpoint(Hook):
    """Saves everything after an epoch; a run that died continues from there with the same numbers.

    The first epoch is saved, since pretraining may lie behind it; then a large network less often than every epoch
    where epochs are short. Stands last, so that it saves what the other hooks hold after the epoch. One that does
    not write, of several ranks, reads alone.
    """

    def __init__(self, file: Path, mark: str, hooks: list[Hook], writes: bool = True):
        self.file, self.mark, self.hooks, self.writes = file, mark, hooks, writes
        self.trained = float("inf")  # seconds since it has saved

    def saved(self) -> dict[str, Any] | None:
        """What an equal fit left; None where there is none."""
        if not self.file.is_file():
            return None
        saved: dict[str, Any] = torch.load(self.file, weights_only=True, map_location="cpu")
        return saved if saved["mark"] == self.mark else None

    def before_fit(self, state: LoopState) -> None:
        saved = self.saved()
        if saved is None:
            return
        state.net.load_state_dict(saved["net"])
        state.optimizer.load_state_dict(saved["optimizer"])
        for hook, held in zip(self.hooks, saved["hooks"], strict=True):
            hook.load_state_dict(held)
        state.epoch, state.stop, state.curve = saved["epoch"], saved["stop"], saved["curve"]

    def after_epoch(self, state: LoopState) -> None:
        ends = state.stop or state.epoch + 1 == state.epochs  # after_fit would take it away at once
        size = sum(one.nbytes for one in state.net.state_dict().values())
        self.trained += state.curve[-1]["seconds"]
        if ends or not self.writes or not save_is_due(size, self.trained):
            return
        held = {
            "mark": self.mark,
            "epoch": state.epoch + 1,
            "stop": state.stop,
            "curve": state.curve,
            "net": state.net.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "hooks": [hook.state_dict() for hook in self.hooks],
        }
        buffer = io.BytesIO()
        torch.save(held, buffer)
        write_whole(self.file, lambda file: file.write(buffer.getbuffer()))
        self.trained = 0.0

    def after_fit(self, state: LoopState) -> None:
        if self.writes:
            self.file.unlink(missing_ok=True)
