"""A member with everything that it takes from its recipe stated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from holdfast.augment.base import Augmentation
from holdfast.balance.base import Balance
from holdfast.errors import BadInput
from holdfast.features.base import Features
from holdfast.fit.precision import chosen_precision
from holdfast.losses.base import Loss
from holdfast.models.base import Model, Network
from holdfast.prepare.base import Preparation
from holdfast.prepare.pipeline import check_steps
from holdfast.recipe.registry import known, parse
from holdfast.recipe.schema import Fit, Recipe
from holdfast.recipe.target import TargetSpec

DEFAULT_LOSS = {"classes": "cross_entropy", "real": "mse"}
DEFAULT_FEATURES = {"windows": "window_statistics"}


@dataclass(frozen=True)
class MemberSpec:
    """One member of a recipe, resolved."""

    name: str
    model: Model
    features: Features | None
    loss: Loss | None
    prepare: tuple[Preparation, ...]
    balance: tuple[Balance, ...]
    augment: tuple[Augmentation, ...]
    fit: Fit | None

    def plain(self) -> dict[str, Any]:
        """Everything that decides what the member computes, as plain values."""
        return {
            "name": self.name,
            "model": self.model.entry(),
            "features": None if self.features is None else self.features.entry(),
            "loss": None if self.loss is None else self.loss.entry(),
            "prepare": [step.entry() for step in self.prepare],
            "balance": [step.entry() for step in self.balance],
            "augment": [step.entry() for step in self.augment],
            "fit": None if self.fit is None else self.fit.model_dump(mode="json"),
        }


def resolve(recipe: Recipe, name: str, kind: str, target: TargetSpec) -> MemberSpec:
    """Member `name` of a recipe for data of a kind. Raises BadInput where its parts do not fit together."""
    member = recipe.members[name]
    model, where = member.model, f"members.{name}"
    assert isinstance(model, Model)
    if target.kind not in model.targets:
        raise BadInput(
            f"{where}.model: {model.name} predicts {' or '.join(sorted(model.targets))}, the target is {target.kind}"
        )
    features = member.features
    if isinstance(model, Network) or kind in model.takes:
        if features is not None:
            raise BadInput(f"{where}.features: {model.name} takes {kind} as they are; leave features out")
    elif features is None:
        if kind not in DEFAULT_FEATURES:
            raise BadInput(
                f"{where}.model: {model.name} takes {' or '.join(sorted(model.takes))}, the data are {kind}"
            )
        features = parse("features", DEFAULT_FEATURES[kind])
    if isinstance(model, Network) and kind not in model.takes:
        raise BadInput(
            f"{where}.model: {model.name} takes {' or '.join(sorted(model.takes))}, the data are {kind}"
        )
    prepare = member.prepare if member.prepare is not None else recipe.prepare
    if prepare is None:
        prepare = tuple(parse("prepare", step) for step in known("data")[kind].default_prepare)  # type: ignore[attr-defined]
    network = isinstance(model, Network)
    loss = member.loss or (parse("loss", DEFAULT_LOSS[target.kind]) if network else None)
    if loss is not None and not network:
        raise BadInput(f"{where}.loss: {model.name} is no network and has its own loss; leave loss out")
    if isinstance(loss, Loss) and loss.targets != target.kind:
        raise BadInput(f"{where}.loss: {loss.name} is for {loss.targets}, the target is {target.kind}")
    balance = member.balance if member.balance is not None else recipe.balance
    if balance and target.kind == "real":
        raise BadInput(f"{where}.balance: {balance[0].name} balances classes, the target is real")
    for remedy in balance:
        remedy.check(target)  # type: ignore[attr-defined]
    check_steps(prepare, kind)  # type: ignore[arg-type]
    augment = member.augment if member.augment is not None else recipe.augment
    for change in augment if network else ():
        if kind not in change.takes:  # type: ignore[attr-defined]
            takes = " or ".join(sorted(change.takes))  # type: ignore[attr-defined]
            raise BadInput(f"{where}.augment: {change.name} takes {takes}, the data are {kind}")
    fit = recipe.fit.merged(member.fit) if network else None
    if fit is not None:
        fit = fit.model_copy(update={"precision": chosen_precision(fit.precision)})
    parts: dict[str, Any] = {
        "features": features,
        "loss": loss,
        "prepare": tuple(prepare),
        "balance": tuple(balance),
        "augment": tuple(augment) if network else (),
    }
    return MemberSpec(name=name, model=model, fit=fit, **parts)


def unreached(recipe: Recipe, members: list[MemberSpec]) -> list[str]:
    """What to say of augmentation that does not reach estimators, which have no epochs."""
    names = [
        member.name
        for member in members
        if not isinstance(member.model, Network)
        and (recipe.augment if (own := recipe.members[member.name].augment) is None else own)
    ]
    return [f"augment acts on networks only; it does not reach {', '.join(names)}"] if names else []
