"""The recipe: everything that one experiment needs, checked before any work starts."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)

from holdfast.errors import BadInput
from holdfast.recipe.labels import Labels
from holdfast.recipe.pseudo import Pseudo, taught_last
from holdfast.recipe.registry import Component, Named
from holdfast.recipe.strict import Strict

BUDGET = r"^\d+(\.\d+)?[smh]$"  # a time, as 90s, 15m, 1h


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) or value is None else [value]


_OneStep = Annotated[Component, Named("prepare")]
Steps = Annotated[
    tuple[_OneStep, ...], BeforeValidator(_as_list, json_schema_input_type=_OneStep | tuple[_OneStep, ...])
]
_OneBalance = Annotated[Component, Named("balance")]
Balances = Annotated[
    tuple[_OneBalance, ...],
    BeforeValidator(_as_list, json_schema_input_type=_OneBalance | tuple[_OneBalance, ...]),
]
_OneAugment = Annotated[Component, Named("augment")]
Augments = Annotated[
    tuple[_OneAugment, ...],
    BeforeValidator(_as_list, json_schema_input_type=_OneAugment | tuple[_OneAugment, ...]),
]
_OneFeatures = Annotated[Component, Named("features")]
FeatureMakers = Annotated[
    tuple[_OneFeatures, ...],
    BeforeValidator(_as_list, json_schema_input_type=_OneFeatures | tuple[_OneFeatures, ...]),
]
_OneView = Annotated[Component, Named("tta")]
Views = Annotated[
    tuple[_OneView, ...], BeforeValidator(_as_list, json_schema_input_type=_OneView | tuple[_OneView, ...])
]
_OnePostprocess = Annotated[Component, Named("postprocess")]
Postprocesses = Annotated[
    tuple[_OnePostprocess, ...],
    BeforeValidator(_as_list, json_schema_input_type=_OnePostprocess | tuple[_OnePostprocess, ...]),
]
_OneTracker = Annotated[Component, Named("tracker")]
Trackers = Annotated[
    tuple[_OneTracker, ...],
    BeforeValidator(_as_list, json_schema_input_type=_OneTracker | tuple[_OneTracker, ...]),
]

Names = Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...])]


class Pretrain(Strict):
    """SimSiam (Chen and He 2021): a backbone learns, without labels, to see two views of a picture as one."""

    epochs: int = Field(10, ge=1, description="passes over the pictures, before those with labels")
    batch_size: int = Field(64, ge=2, description="pictures a step, each in two views")
    lr: float = Field(
        0.03, gt=0, description="highest learning rate of SGD with momentum 0.9; a cosine takes it to 0"
    )
    transductive: bool = Field(
        False,
        description="pretrain on the pictures of the held-out part and of the test set too; the run then says so",
    )


class Fit(Strict):
    """How a network is trained. Estimators ignore it."""

    epochs: int = Field(
        20, ge=1, description="passes over the training part; the most, where patience is set"
    )
    batch_size: int = Field(64, ge=1, description="samples a step")
    lr: float = Field(1e-3, gt=0, description="learning rate, the highest of the schedule")
    weight_decay: float = Field(0.0, ge=0, description="decoupled for adamw, L2 for the others")
    optimizer: Literal["adamw", "nadam", "sgd"] = Field("adamw", description="torch.optim's, by name")
    schedule: Literal["constant", "cosine", "one_cycle", "plateau"] = Field(
        "cosine", description="of the learning rate; plateau halves it when the inner split stops improving"
    )
    clip: float | None = Field(1.0, gt=0, description="largest norm of the gradient; null for none")
    accumulate: int = Field(1, ge=1, description="batches whose gradients make one step")
    freeze: int | Literal["all"] = Field(
        0, description="first epochs in which only a backbone's last layer learns; all: every epoch"
    )
    layer_decay: float | None = Field(
        None,
        gt=0,
        le=1,
        description="each layer of a backbone learns by this factor slower than the one after it",
    )
    ema: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="decay of a moving average of the weights, which predicts in their place",
    )
    progressive: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(
        (),
        description="share of the pictures' side in each of equally long parts of training, such as [0.5, 0.75, 1]",
    )
    precision: Literal["auto", "32", "bf16"] = Field(
        "auto", description="auto takes bf16 autocast where the processor has it in hardware"
    )
    devices: int | None = Field(
        None,
        ge=1,
        description="GPUs that train one network, each on its share of every batch; processes where there are none;"
        " null: one",
    )
    init_from: str | None = Field(
        None,
        examples=["runs/other", "runs/other:resnet"],
        description="start each fold from the same fold's network of another run, RUN or RUN:MEMBER; a relative path"
        " starts at the folder that holdfast is called in",
    )
    pretrain: Pretrain | None = Field(
        None,
        description="self-supervised training of a backbone, on the fold's training part, before the labels",
    )
    patience: int | None = Field(
        None, ge=1, description="stop after so many epochs without gain on the inner split; null: all epochs"
    )
    best: bool = Field(
        False, description="keep the weights of the best epoch on the inner split (patience implies it)"
    )
    inner: float = Field(
        0.15, gt=0, lt=0.5, description="share of the training part that the inner split watches"
    )

    @model_validator(mode="after")
    def _suits(self) -> Self:
        if self.progressive and self.progressive[-1] != 1:
            raise ValueError(f"progressive: the last share must be 1, got {self.progressive[-1]}")
        if self.ema is not None and (self.patience is not None or self.best):
            raise ValueError("ema: averages to the end of training; leave patience and best out")
        return self

    @model_serializer(mode="wrap")
    def _one_device_unsaid(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Recipes and hashes of jobs from before there were devices stay as they are."""
        said: dict[str, Any] = handler(self)
        return {key: value for key, value in said.items() if key != "devices" or value is not None}

    @property
    def watches(self) -> bool:
        """Whether training looks at an inner split (never at the scored fold)."""
        return self.patience is not None or self.best or self.schedule == "plateau"

    def merged(self, over: Fit | None) -> Fit:
        """These settings, with those that `over` states."""
        if over is None:
            return self
        return self.model_copy(update={name: getattr(over, name) for name in over.model_fields_set})


class Predict(Strict):
    """What is done to predictions. All that learns here learns from out-of-fold rows and is scored cross-fitted."""

    tta: Views = Field((), description="test-time augmentation: predictions of changed copies are averaged")
    average: Literal["probabilities", "logits"] = Field(
        "probabilities", description="how those of the copies are averaged; logits: their geometric mean"
    )
    calibrate: Postprocesses = Field((), description="on each member's probabilities, before the ensemble")
    postprocess: Postprocesses = Field((), description="on the ensemble's probabilities")
    pool: Names = Field(
        (),
        description="attributes that all samples of a group share: the group's samples agree on their shares",
    )


class MemberPredict(Strict):
    """What one member does in place of the recipe's `predict`."""

    tta: Views | None = Field(None, description="in place of the recipe's")
    calibrate: Postprocesses | None = Field(None, description="in place of the recipe's")


class Member(Strict):
    """One model of the ensemble. What it does not state it takes from the recipe."""

    model: Annotated[Component, Named("model")] = Field(description="the model, by name")
    features: FeatureMakers | None = Field(
        None, description="turn windows into a table for models that take tables; several stand side by side"
    )
    select: Annotated[Component, Named("select")] | None = Field(
        None, description="keeps some columns of the table, chosen inside the fold"
    )
    head: Literal["joint", "per_attribute", "separate", "sigmoid"] = Field(
        "joint",
        description="joint: one softmax over all classes; per_attribute: an output for each attribute of the class, in one"
        " model; separate: a model for each attribute; sigmoid: each class against all others",
    )
    loss: Annotated[Component, Named("loss")] | None = Field(None, description="for networks")
    prepare: Steps | None = Field(None, description="in place of the recipe's")
    balance: Balances | None = Field(None, description="in place of the recipe's")
    augment: Augments | None = Field(None, description="in place of the recipe's")
    fit: Fit | None = Field(None, description="over the recipe's")
    seeds: int = Field(
        1,
        ge=1,
        le=100,
        description="models in each fold that differ by their seeds; their predictions are averaged",
    )
    pseudo: Pseudo | None = Field(
        None, description="train on samples without labels too, by what teachers of the same fold say of them"
    )
    left_out: str | None = Field(
        None, description="why the member is skipped; a budget writes its reason here"
    )
    predict: MemberPredict = Field(default_factory=MemberPredict, description="in place of the recipe's")

    @property
    def taught_by(self) -> tuple[str, ...]:
        """The members that label samples for this one."""
        return () if self.pseudo is None else self.pseudo.teachers

    @field_serializer("fit")
    def _only_what_is_stated(self, fit: Fit | None) -> dict[str, Any] | None:
        """Defaults would stand over the recipe's `fit` when the recipe is read again."""
        return None if fit is None else fit.model_dump(mode="json", exclude_unset=True)


class Recipe(Strict):
    """One experiment."""

    name: str = Field("run", description="names the run folder", min_length=1)
    seed: int = Field(0, ge=0, description="of everything random but the folds, which have their own")
    threads: int | None = Field(
        None, ge=1, description="processor threads a job; null: cores divided by jobs"
    )
    budget: str | None = Field(
        None,
        pattern=BUDGET,
        examples=["15m"],
        description="time that training may take, as 90s, 15m, 1h; members that do not fit are shortened or left out",
    )
    components: tuple[str, ...] = Field((), description="Python files with components of your own")
    data: Annotated[Component, Named("data", by_kind=True)] | None = Field(
        None, description="what to learn from"
    )
    metric: Annotated[Component, Named("metric")] = Field(description="the score of the experiment")
    folds: Annotated[Component, Named("folds", by_kind=True)] = Field(description="how the data are split")
    labels: Labels | None = Field(
        None, description="what training does about likely wrong labels of its own part; null: nothing"
    )
    prepare: Steps | None = Field(None, description="null: the default of the kind of data")
    balance: Balances = Field((), description="against skewed classes; acts on the training part only")
    augment: Augments = Field(
        (), description="new in every epoch; acts on the training part of networks only"
    )
    fit: Fit = Field(default_factory=Fit, description="for all networks")
    members: dict[str, Member] = Field(description="the models, by a name of yours", min_length=1)
    predict: Predict = Field(default_factory=Predict, description="test-time augmentation, calibration")
    ensemble: Annotated[Component, Named("ensemble")] | None = Field(
        None,
        description="how members are combined; null: the mean of those not shown to be worse than the best, or a learned"
        " blend where that is shown to help (tested_mean, blend: weighted_mean); of grids the mean",
    )
    track: Trackers | None = Field(
        None,
        description="where curves and scores go as well, as [tensorboard, wandb]; null: tensorboard where it is installed;"
        " []: nowhere. A run may be resumed with others",
    )

    @field_validator("members")
    @classmethod
    def _names_are_folders(cls, members: dict[str, Member]) -> dict[str, Member]:
        for name in members:
            if not re.fullmatch(r"[\w-]+", name) or name == "ensemble":
                raise ValueError(
                    f"a member's name is made of letters, digits, - and _, and is not 'ensemble'; got {name!r}"
                )
        taught_last({name: member.taught_by for name, member in members.items()})
        return members

    @property
    def kept(self) -> list[str]:
        """The members to train, each after its teachers; not those that are left out, nor their students.

        Raises BadInput where members were taken out of a recipe, and a teacher with them.
        """
        there: list[str] = []
        try:
            ordered = taught_last({name: member.taught_by for name, member in self.members.items()})
        except ValueError as error:
            raise BadInput(f"members.{error}") from None
        for name in ordered:
            member = self.members[name]
            if member.left_out is None and all(teacher in there for teacher in member.taught_by):
                there.append(name)
        return there

    def untracked(self) -> Recipe:
        """The same experiment, told to no tracker: a study trains many."""
        return self.model_copy(update={"track": ()})

    def written(self) -> dict[str, Any]:
        """The recipe as plain values, every default stated."""
        return self.model_dump(mode="json", by_alias=True)
