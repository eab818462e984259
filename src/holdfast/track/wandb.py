"""Weights & Biases: a run for the whole, and one in its group for each fold."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from typing import Any, ClassVar, Literal

from pydantic import Field

from holdfast.recipe.registry import component
from holdfast.store.run import Run
from holdfast.track.base import Fold, Tracker, Writer, flat, member_entry

WAIT = 20  # seconds that a server may take to answer


@component("wandb")
class WandB(Tracker):
    """Weights & Biases: a run of the job type `run` for the whole, one of its member's for each fold, in one group.

    Without a key it is written offline into the run folder's `wandb/`, to be sent by `wandb sync`.
    """

    package: ClassVar[str] = "wandb"
    project: str = Field("holdfast", description="the project; WANDB_PROJECT goes before it")
    entity: str | None = Field(None, description="user or team; null: as `wandb login` has it")
    mode: Literal["online", "offline"] | None = Field(
        None, description="null: WANDB_MODE, else online where a key is known"
    )

    def open(self, run: Run, kept: dict[str, Any]) -> Writer:
        import wandb

        mode = self.mode or os.environ.get("WANDB_MODE") or ("online" if wandb.api.api_key else "offline")
        name = re.sub(r"[^\w.-]", "-", run.path.resolve().name)
        kept.setdefault("group", f"{name}-{uuid.uuid4().hex[:8]}")
        return WandBRuns(self, run, kept["group"], mode)


class WandBRuns(Writer):
    """The runs in hand; ids are made of the group and the fold, so that a resumed fold goes on in its run."""

    def __init__(self, asked: WandB, run: Run, group: str, mode: Any):
        self.asked, self.run, self.group, self.mode = asked, run, group, mode
        self.open: dict[str, Any] = {}
        self.steps: set[tuple[str, str]] = set()  # of curves, by place: W&B is told of each once
        self._run("", "run", flat(run.recipe))

    def curve(self, fold: Fold, part: str, epoch: int, values: dict[str, float]) -> None:
        prefix = f"{part}/" if part else ""
        step = f"{prefix}epoch"
        named = {f"{prefix}{name}": value for name, value in values.items()}
        self._of_fold(fold, step).log({step: epoch, **named})

    def fold_scores(self, fold: Fold, values: dict[str, float]) -> None:
        self._of_fold(fold).summary.update({f"score/{name}": value for name, value in values.items()})
        self.open.pop(fold.place).finish()

    def scores(self, values: dict[str, float]) -> None:
        self.open[""].summary.update({f"score/{name}": value for name, value in values.items()})

    def end(self, finished: bool) -> None:
        for one in list(self.open.values())[::-1]:
            one.finish(exit_code=0 if finished else 1)
        self.open.clear()

    def _of_fold(self, fold: Fold, step: str = "epoch") -> Any:
        made = self._run(fold.place, fold.member, flat(member_entry(self.run, fold)))
        if (fold.place, step) not in self.steps:
            self.steps.add((fold.place, step))
            made.define_metric(f"{step.removesuffix('epoch')}*", step_metric=step)
        return made

    def _run(self, place: str, job_type: str, config: dict[str, Any]) -> Any:
        """The run of a place: in hand, begun before, or new."""
        import wandb

        if place not in self.open:
            own = hashlib.sha256(place.encode()).hexdigest()[:8]
            self.open[place] = wandb.init(
                project=os.environ.get("WANDB_PROJECT", self.asked.project),
                entity=self.asked.entity,
                dir=str(self.run.path),
                mode=self.mode,
                group=self.group,
                job_type=job_type,
                id=f"{self.group}-{own}" if place else self.group,
                name=f"{self.run.path.resolve().name} {place}".strip(),
                config=config,
                resume="allow",
                reinit="create_new",  # folds in hand stand beside the whole
                settings=wandb.Settings(silent=True, console="off", init_timeout=WAIT),
            )
        return self.open[place]
