"""Starting from another run's networks: which run may be taken, and how its weights get into a new network.

A fold's network starts from one that has not seen the samples that the fold scores, nor others of their groups.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.fit.heads import Head
from holdfast.folds.table import Folds
from holdfast.models.base import Network
from holdfast.models.weights import load_into
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.strict import nearest
from holdfast.recipe.target import TargetSpec
from holdfast.store.hashes import hash_file, hash_value
from holdfast.store.run import Run

if TYPE_CHECKING:
    from torch import nn

    from holdfast.fit.resolved import MemberSpec

WEIGHTS = "weights.safetensors"
ENOUGH = 64  # samples from which a pipeline learns the shape that it gives

Ancestry = list[tuple[Run, str]]


@dataclass(frozen=True)
class Start:
    """Files of weights by (repeat, fold), and a hash of what they hold."""

    files: dict[tuple[int, int], Path]
    hash: str


def with_starts(
    members: dict[str, MemberSpec], train: Dataset, folds: Folds, target: TargetSpec
) -> tuple[dict[str, MemberSpec], list[str]]:
    """The members with the weights that their `fit.init_from` names, and what to say of these.

    Raises BadInput where there are none, they do not fit, or they have seen a sample that is held out here.
    """
    made, notes = dict(members), []
    for name, member in members.items():
        if member.fit is None or member.fit.init_from is None:
            continue
        where = f"members.{name}.fit.init_from"
        line = ancestry(member.fit.init_from, where)
        made[name] = replace(member, start=start_of(line, train, folds, where))
        said = [f"starts from the networks of {member.fit.init_from}", *_unchecked(line, train)]
        said += _fitting(made[name], train, target, where)
        notes += [f"{name}: {one}" for one in said]
    return made, notes


def start_of(line: Ancestry, train: Dataset, folds: Folds, where: str) -> Start:
    """The weights of a run's network for every fold, checked by `refuse_seen` through all runs before it.

    Fold k of repeat r starts from the same fold there; where there are fewer, they are taken again in turn.
    """
    used = scored_samples(train, folds)
    for run, _ in line:
        there = run.oof
        used["repeat"] %= there["repeat"].max() + 1
        used["fold"] %= there["fold"].max() + 1
        refuse_seen(used, there, where, str(run.path))
    run, member = line[0]
    repeats, k = (int(run.oof[column].max()) + 1 for column in ("repeat", "fold"))
    files = {
        (r, fold): run.fold_folder(member, r % repeats, fold % k) / WEIGHTS
        for r in range(folds.repeats)
        for fold in range(folds.k)
    }
    return Start(files, hash_value([hash_file(file) for file in files.values()]))


def source_of(named: str, where: str) -> tuple[Run, str]:
    """The finished run and its network that RUN or RUN:MEMBER names. Raises BadInput."""
    path, asked = named, ""
    if not Path(named).is_dir() and ":" in named:
        path, _, asked = named.rpartition(":")
    try:
        run = Run(path)
        there = [name for name in run.scores["members"] if (run.fold_folder(name, 0, 0) / WEIGHTS).is_file()]
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None
    if asked and asked not in there:
        raise BadInput(f"{where}: {path} has no network {asked!r}; {nearest(asked, there)}")
    if not there:
        raise BadInput(f"{where}: {path} holds no network, so there are no weights to start from")
    if not asked and len(there) > 1:
        raise BadInput(
            f"{where}: {path} holds {len(there)} networks ({', '.join(there)}); name one, as {path}:{there[0]}"
        )
    return run, asked or there[0]


def ancestry(named: str, where: str) -> Ancestry:
    """The run that is named and its network, those that it started from itself, and so on."""
    line = [source_of(named, where)]
    while (before := _setting(*line[-1], "init_from")) is not None:
        line.append(source_of(before, f"{where}: {line[-1][0].path} started from {before}"))
    return line


def _setting(run: Run, member: str, field: str) -> Any:
    """A member's own field of `fit`, or the recipe's."""
    own = (run.recipe["members"][member].get("fit") or {}).get(field)
    return run.recipe["fit"].get(field) if own is None else own


def scored_samples(train: Dataset, folds: Folds) -> pd.DataFrame:
    """id, group, and the repeat and fold that score the sample; `scored` keeps the fold."""
    repeats, groups = folds.repeats, train.groups
    return pd.DataFrame(
        {
            "id": np.tile(train.ids, repeats),
            "group": None if groups is None else np.tile(groups, repeats),
            "repeat": np.repeat(np.arange(repeats), len(train)),
            "fold": folds.fold.ravel(),
            "scored": folds.fold.ravel(),
        }
    )


def refuse_seen(used: pd.DataFrame, there: pd.DataFrame, where: str, run: str) -> None:
    """Raises BadInput where a network has seen a sample, or a group, that is held out from it here.

    `used`: id, group, and the repeat and fold of the network that the sample's own fold (`scored`) starts from.
    `there`: id, group, repeat and fold of the samples of that run: the network of a fold has seen all others.
    """
    for unit, column in (("sample", "id"), ("group", "group")):
        both = _units(used, column, "scored").merge(
            _units(there, column), on=[column, "repeat"], suffixes=("", "_there")
        )
        seen = both[both["fold"] != both["fold_there"]]
        if len(seen):
            first = seen.iloc[0]
            raise BadInput(
                f"{where}: {unit} {first[column]} is held out in fold {first['scored']} here, but the network of {run}"
                f" that this fold would start from was trained with it ({seen[column].nunique()} such {unit}s); take"
                f" the folds of that run, folds: {{kind: file, path: {run}/folds.csv}}, or a run on other samples"
            )


def _units(table: pd.DataFrame, column: str, *more: str) -> pd.DataFrame:
    """The folds in which each sample or group lies; empty where groups are not known."""
    known = table[[column, "repeat", "fold", *more]].dropna(subset=[column]).drop_duplicates()
    return known.astype({column: str})


def _unchecked(line: Ancestry, train: Dataset) -> list[str]:
    """What cannot be checked of the runs, and what they saw without labels."""
    said = []
    for run, member in line:
        there = run.oof
        if train.groups is not None and there["group"].isna().all() and not there["id"].isin(train.ids).all():
            said.append(
                f"{run.path} knows no groups: whether it saw others of a group held out here is unknown"
            )
        if (_setting(run, member, "pretrain") or {}).get("transductive"):
            said.append(f"{run.path} saw the pictures of its held-out parts and its test set, without labels")
    return said


def _fitting(member: MemberSpec, train: Dataset, target: TargetSpec, where: str) -> list[str]:
    """What of the weights the member's network does not take. Raises BadInput where they are another network's."""
    import torch

    assert isinstance(member.model, Network)
    assert member.start is not None
    some = train.take(np.arange(min(len(train), ENOUGH)))
    pipeline = Pipeline(member.prepare, train.kind, train.names).fit(some)
    shape = pipeline.transform(train.read(slice(0, 1))).shape[1:]
    with torch.random.fork_rng(devices=[]):
        net = Head(member.head, target).build(member.model, shape)
    return start_from(net, next(iter(member.start.files.values())), where)


def start_from(net: nn.Module, file: Path, where: str) -> list[str]:
    """Load another run's weights into a new network, or into each attribute's; returns what to say of it.

    Outputs of another number start new. Raises BadInput where the file is of another network.
    """
    from safetensors import safe_open

    nets: list[Any] = list(getattr(net, "nets", ()))
    with safe_open(file, "pt") as held:
        separate = all(name.startswith("nets.") for name in held.keys())  # noqa: SIM118, it is no dict
    if not separate:
        said = [note for one in nets or [net] for note in _load(one, file, where)]
        return list(dict.fromkeys(said))
    if not nets:
        raise BadInput(
            f"{where}: {file.parents[1]} holds a network for each attribute (head: separate), here is one for all;"
            " take head: separate, or another run"
        )
    heads = [f"nets.{i}.{name}" for i, one in enumerate(nets) for name in last_layers(one)]
    return load_into(net, file, heads, where=where)


def _load(net: Any, file: Path, where: str) -> list[str]:
    if hasattr(net, "backbone"):
        from holdfast.models.timm_backbone import load_backbone

        return load_backbone(net.backbone, file, where)
    return load_into(net, file, last_layers(net), where=where)


def last_layers(net: Any) -> list[str]:
    """Names of the modules that give a network's outputs: a backbone's classifiers, or the last that has weights."""
    body = getattr(net, "backbone", None)
    if body is None:
        return [[name for name, module in net.named_modules() if list(module.parameters(recurse=False))][-1]]
    last = body.get_classifier()
    layers = last if isinstance(last, tuple) else (last,)
    return [name for name, module in net.named_modules() if any(module is layer for layer in layers)]
