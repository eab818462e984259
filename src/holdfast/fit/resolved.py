"""A member with everything that it takes from its recipe stated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast import radar
from holdfast.augment.base import Augmentation
from holdfast.balance.base import Balance
from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.features.base import Features
from holdfast.fit.heads import check_head
from holdfast.fit.precision import chosen_precision
from holdfast.fit.pseudo import check_pseudo
from holdfast.fit.transfer import Start
from holdfast.losses.base import Loss
from holdfast.models.base import Estimator, Model, Network
from holdfast.predict.test_time import AtTestTime
from holdfast.prepare.base import Preparation
from holdfast.prepare.pipeline import Pipeline, check_steps
from holdfast.recipe.labels import FOLDS, Labels
from holdfast.recipe.pseudo import Pseudo
from holdfast.recipe.registry import Component, known, parse
from holdfast.recipe.schema import Fit, Recipe
from holdfast.recipe.strict import nearest
from holdfast.recipe.target import TargetSpec
from holdfast.select.base import Selection
from holdfast.store.hashes import hash_file

DEFAULT_LOSS = {"classes": "cross_entropy", "real": "mse", "grid": "mae", "sigmoid": "binary_cross_entropy"}
DEFAULT_FEATURES = {"windows": "window_statistics", "images": "hog"}


@dataclass(frozen=True)
class MemberSpec:
    """One member of a recipe, resolved."""

    name: str
    model: Model
    features: tuple[Features, ...]
    select: Selection | None
    head: str
    loss: Loss | None
    prepare: tuple[Preparation, ...]
    balance: tuple[Balance, ...]
    augment: tuple[Augmentation, ...]
    fit: Fit | None
    at_test_time: AtTestTime
    files: dict[str, str]  # hashes of those that components read
    start: Start | None = None  # the weights that fit.init_from names
    seeds: int = 1
    pseudo: Pseudo | None = None
    labels: Labels | None = None
    judge: MemberSpec | None = None  # of labels, where it is not the member itself

    @property
    def fits(self) -> int:
        """How often one fold is trained: once, but for seeds, rounds of pseudo-labels, and judging labels."""
        judging = FOLDS if self.labels is not None and self.judge is None else 0
        return self.seeds * (judging + (1 if self.pseudo is None else self.pseudo.fits))

    @property
    def transductive(self) -> bool:
        """Whether pretraining sees pictures of the held-out part and the test set."""
        return self.fit is not None and self.fit.pretrain is not None and self.fit.pretrain.transductive

    def plain(self) -> dict[str, Any]:
        """Everything that decides what the member computes, as plain values."""
        return {
            "name": self.name,
            "model": self.model.entry(),
            "features": [maker.entry() for maker in self.features],
            "select": None if self.select is None else self.select.entry(),
            "head": self.head,
            "loss": None if self.loss is None else self.loss.entry(),
            "prepare": [step.entry() for step in self.prepare],
            "balance": [step.entry() for step in self.balance],
            "augment": [step.entry() for step in self.augment],
            "fit": None if self.fit is None else self.fit.model_dump(mode="json"),
            "tta": [view.entry() for view in self.at_test_time.tta],
            "average": self.at_test_time.average,
            "pool": list(self.at_test_time.pool),
            "files": self.files,
            "start": None if self.start is None else self.start.hash,
            **({} if self.seeds == 1 else {"seeds": self.seeds}),
            **({} if self.pseudo is None else {"pseudo": self.pseudo.model_dump(mode="json")}),
            **({} if self.labels is None else {"labels": self.labels.model_dump(mode="json")}),
            **({} if self.judge is None else {"judge": self.judge.plain()}),
        }


def resolve(recipe: Recipe, name: str, train: Dataset, target: TargetSpec) -> MemberSpec:
    """Member `name` of a recipe for such data. Raises BadInput where its parts do not fit together."""
    member, where, kind = recipe.members[name], f"members.{name}", train.kind
    model = member.model
    assert isinstance(model, Model)
    network = isinstance(model, Network)
    if model.uses_flow and train.flow is None:
        raise BadInput(f"{where}.model: {model.name} needs optical flow, by pysteps; {radar.INSTALL}")
    train = train.seen_by(model)
    if target.kind not in model.targets:
        raise BadInput(
            f"{where}.model: {model.name} predicts {_either(model.targets)}, the target is {target.kind}"
        )
    model.check(target, train, f"{where}.model.{model.name}")
    check_head(member.head, target, network, where)
    parts: dict[str, Any] = {
        "head": member.head,
        "features": _features(model, member.features, train, where),
        "select": _select(model, member.select, where),
        "loss": _loss(model, member.loss, member.head, target, where),
        "prepare": recipe.prepare if member.prepare is None else member.prepare,
        "balance": recipe.balance if member.balance is None else member.balance,
        "augment": (recipe.augment if member.augment is None else member.augment) if network else (),
        "tta": recipe.predict.tta if member.predict.tta is None else member.predict.tta,
    }
    if parts["prepare"] is None:
        steps = known("data")[kind].default_prepare  # type: ignore[attr-defined]
        parts["prepare"] = tuple(parse("prepare", step) for step in steps)
    check_steps(parts["prepare"], kind)
    Pipeline(parts["prepare"], kind, train.names)  # raises where a channel that it names is not there
    sees_table = not network and (kind == "table" or bool(parts["features"]))
    _check_balance(parts["balance"], model, train, target, sees_table, where)
    for key in ("augment", "tta"):
        for change in parts[key]:
            if kind not in change.takes:
                raise BadInput(
                    f"{where}.{key}: {change.name} takes {_either(change.takes)}, the data are {kind}"
                )
        parts[key] = tuple(change.for_channels(train.names) for change in parts[key])
    at_test_time = AtTestTime(parts.pop("tta"), recipe.predict.average, recipe.predict.pool)
    mixers = [change.name for change in parts["augment"] if change.mixes_targets]
    if mixers and target.kind == "classes" and not parts["loss"].takes_shares:
        raise BadInput(
            f"{where}.loss: {parts['loss'].name} takes one class a sample, but {mixers[0]} mixes them;"
            " take cross_entropy, or leave the mixing out"
        )
    fit = recipe.fit.merged(member.fit) if network else None
    if fit is not None:
        assert isinstance(model, Network)
        _check_fit(fit, model, kind, where)
        _check_pretrain(fit, model, parts["augment"], where)
        fit = fit.model_copy(update={"precision": chosen_precision(fit.precision)})
    if member.pseudo is not None:
        check_pseudo(member.pseudo, model, parts["loss"], target, where)
    if recipe.labels is not None:
        parts["labels"], parts["judge"] = recipe.labels, _judge(recipe, name, train, target)
    files = _hashes([model, *parts["features"], *parts["prepare"]])
    parts["pseudo"], parts["seeds"] = member.pseudo, member.seeds
    return MemberSpec(name=name, model=model, fit=fit, at_test_time=at_test_time, files=files, **parts)


def _judge(recipe: Recipe, name: str, train: Dataset, target: TargetSpec) -> MemberSpec | None:
    """The member that judges labels in place of this one. Raises BadInput where labels cannot be judged, or weighed."""
    asked, model = recipe.labels, recipe.members[name].model
    assert asked is not None
    if target.kind != "classes":
        raise BadInput(f"labels: labels are judged as classes, the target is {target.kind}; leave it out")
    if asked.weight is not None and isinstance(model, Estimator) and not model.weighted():
        raise BadInput(
            f"labels.weight: members.{name}: {model.name} cannot weigh samples; take drop: suspected"
        )
    if asked.by is None or asked.by == name:
        return None
    if asked.by not in recipe.members:
        raise BadInput(f"labels.by: no member is named {asked.by!r}; {nearest(asked.by, recipe.members)}")
    return resolve(recipe.model_copy(update={"labels": None}), asked.by, train, target)


def _hashes(components: list[Component]) -> dict[str, str]:
    """A hash of each file that components read: other content makes another job."""
    paths = [getattr(one, one.reads_file) for one in components if one.reads_file]
    return {path: hash_file(Path(path)) for path in paths if path is not None}


def _check_balance(
    remedies: tuple[Balance, ...],
    model: Model,
    train: Dataset,
    target: TargetSpec,
    sees_table: bool,
    where: str,
) -> None:
    """Raises BadInput for what does not suit the target, or cannot act on what the model sees."""
    if remedies and target.kind != "classes":
        raise BadInput(f"{where}.balance: {remedies[0].name} balances classes, the target is {target.kind}")
    for remedy in remedies:
        remedy.check(target)
        if remedy.needs_groups and train.groups is None:
            raise BadInput(
                f"{where}.balance: {remedy.name} draws by group, and the data have none; name the column under data.group"
            )
        if remedy.needs_groups and remedy is not remedies[0]:
            raise BadInput(f"{where}.balance: {remedy.name} must stand first, before {remedies[0].name}")
        if remedy.of_tables and not sees_table:
            raise BadInput(
                f"{where}.balance: {remedy.name} makes rows of tables, which {model.name} does not see;"
                " take oversample"
            )
        weighs = type(remedy).weights is not Balance.weights
        if weighs and isinstance(model, Estimator) and not model.weighted():
            raise BadInput(
                f"{where}.balance: {remedy.name} weighs samples, which {model.name} cannot; take balanced_sampler"
            )


def _check_fit(fit: Fit, model: Network, kind: str, where: str) -> None:
    """Raises BadInput for settings that only pictures or backbones know."""
    if fit.progressive and kind != "images":
        raise BadInput(f"{where}.fit.progressive: makes pictures smaller, the data are {kind}; leave it out")
    _check_devices(fit, where)
    for field in ("freeze", "layer_decay"):
        if getattr(fit, field) and not model.has_backbone:
            raise BadInput(f"{where}.fit.{field}: {model.name} has no backbone of layers; leave {field} out")


def _check_devices(fit: Fit, where: str) -> None:
    """Raises BadInput for more GPUs than there are, and for what one device alone can do."""
    wanted = fit.devices or 1
    if wanted == 1:
        return
    import torch

    there = torch.cuda.device_count()
    if 0 < there < wanted:
        raise BadInput(f"{where}.fit.devices: got {wanted}, but the GPUs of this machine are {there}")
    if fit.pretrain is not None:
        raise BadInput(
            f"{where}.fit.pretrain: pretraining runs on one device; leave devices out, or pretrain"
        )


def _check_pretrain(fit: Fit, model: Network, augments: tuple[Augmentation, ...], where: str) -> None:
    """Raises BadInput where there is nothing to pretrain, or no two views of a picture to learn from."""
    if fit.pretrain is None:
        return
    if not model.has_backbone:
        raise BadInput(f"{where}.fit.pretrain: {model.name} has no backbone to pretrain; leave pretrain out")
    if all(change.mixes_targets for change in augments):
        raise BadInput(
            f"{where}.fit.pretrain: two views of a picture are made by augment, and none of it changes single"
            " pictures; add some, as crop, flip and colour"
        )


def _either(names: frozenset[str]) -> str:
    return " or ".join(sorted(names))


def _features(
    model: Model, given: tuple[Component, ...] | None, train: Dataset, where: str
) -> tuple[Component, ...]:
    """What makes the inputs that the model takes: nothing, what the member says, or the kind's default."""
    kind = train.kind
    if kind in model.takes:
        if given:
            raise BadInput(f"{where}.features: {model.name} takes {kind} as they are; leave features out")
        return ()
    if isinstance(model, Network) or (not given and kind not in DEFAULT_FEATURES):
        raise BadInput(f"{where}.model: {model.name} takes {_either(model.takes)}, the data are {kind}")
    makers = given or (parse("features", DEFAULT_FEATURES[kind]),)
    for maker in makers:
        assert isinstance(maker, Features)
        if kind not in maker.takes:
            raise BadInput(
                f"{where}.features: {maker.name} takes {_either(maker.takes)}, the data are {kind}"
            )
        maker.check(train, f"{where}.features.{maker.name}")
    return makers


def _select(model: Model, given: Component | None, where: str) -> Component | None:
    if given is not None and "table" not in model.takes:
        raise BadInput(f"{where}.select: {model.name} takes no table, so there are no columns to choose from")
    return given


def _loss(
    model: Model, given: Component | None, head: str, target: TargetSpec, where: str
) -> Component | None:
    """A network's loss: what the member says, or the default of the head and the target."""
    if not isinstance(model, Network):
        if given is not None:
            raise BadInput(f"{where}.loss: {model.name} is no network and has its own loss; leave loss out")
        return None
    loss = given or parse("loss", DEFAULT_LOSS.get(head, DEFAULT_LOSS[target.kind]))
    assert isinstance(loss, Loss)
    if target.kind not in loss.targets:
        raise BadInput(
            f"{where}.loss: {loss.name} is for {_either(loss.targets)}, the target is {target.kind}"
        )
    loss.check(target, head, f"{where}.loss")
    return loss


def saw_unlabelled(members: list[MemberSpec]) -> list[str]:
    """What to say of members whose training goes beyond the training part."""
    taught = [(member.name, member.pseudo.said) for member in members if member.pseudo is not None]
    said = [
        f"{name}: saw {pool}, without labels, to learn from pseudo-labels of them" for name, pool in taught
    ]
    return said + [
        f"{member.name}: pretraining saw the test pictures and those of the held-out part, without labels (transductive)"
        for member in members
        if member.transductive
    ]


def unreached(recipe: Recipe, members: list[MemberSpec]) -> list[str]:
    """What to say of augmentation that does not reach estimators, which have no epochs."""
    names = [
        member.name
        for member in members
        if not isinstance(member.model, Network)
        and (recipe.augment if (own := recipe.members[member.name].augment) is None else own)
    ]
    return [f"augment acts on networks only; it does not reach {', '.join(names)}"] if names else []
