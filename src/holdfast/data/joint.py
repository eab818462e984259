"""Joint classes that attributes make up: composed of them, checked against them, or taken apart into them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from holdfast.data.attributes import AttributeSpec, Rows, code_attribute, has_source
from holdfast.errors import BadInput
from holdfast.recipe.target import Attribute, TargetSpec


@dataclass(frozen=True)
class Joint:
    """The joint classes, their codes `(n,)`, and those to train on where a `train_cut` moves some."""

    spec: TargetSpec
    codes: np.ndarray
    teach: np.ndarray | None = None


def joint_target(
    specs: dict[str, AttributeSpec], rows: Rows, target: str, given: tuple[TargetSpec, np.ndarray] | None
) -> Joint:
    """Joint classes of photos: as written in the target column, checked to say what the attributes say, or composed.

    `given`: the target spec and codes of the target column; None where there is no such column. Where no
    attribute has a column, but all have weights, the attributes are taken from the joint codes. Raises BadInput.
    """
    weights = _weights(specs)
    if (
        given is not None
        and weights
        and not any(has_source(name, spec, rows) for name, spec in specs.items())
    ):
        return _decomposed(specs, rows, given, weights)
    coded = {name: code_attribute(name, spec, rows) for name, spec in specs.items()}
    parts = np.stack([one.codes for one in coded.values()], axis=1)
    values = [one.values for one in coded.values()]
    if given is None:
        spec, codes = _composed(target, values, parts, weights)
    else:
        spec, codes = given
        _refuse_contradiction(list(specs), values, parts, codes, spec, rows)
        if weights:
            _refuse_other_code(parts @ np.array(weights), codes, spec, rows)
    of_class = parts[np.unique(codes, return_index=True)[1]]
    joint = _with_attributes(spec, specs, values, of_class)
    taught = np.stack([one.taught for one in coded.values()], axis=1)
    return Joint(joint, codes, _teach(specs, values, parts, taught, of_class, codes, rows))


def _weights(specs: dict[str, AttributeSpec]) -> list[int]:
    """The weight of each attribute; empty where none has one."""
    weights = [spec.weight for spec in specs.values() if spec.weight is not None]
    if weights and len(weights) != len(specs):
        without = next(name for name, spec in specs.items() if spec.weight is None)
        raise BadInput(f"data.attributes.{without}.weight: the others have one; give it to all or to none")
    return weights


def _composed(
    target: str, values: list[tuple[str, ...]], parts: np.ndarray, weights: list[int]
) -> tuple[TargetSpec, np.ndarray]:
    """Classes for each combination that there is, in the order of their code, else of the attributes' codes."""
    combinations, codes = np.unique(parts, axis=0, return_inverse=True)
    codes = codes.reshape(-1).astype(np.int64)
    if weights:
        joint = combinations @ np.array(weights)
        order = np.argsort(joint, kind="stable")
        if len(np.unique(joint)) < len(joint):
            twice = int(joint[order][np.flatnonzero(np.diff(joint[order]) == 0)[0]])
            raise BadInput(
                f"data.attributes: the weights {weights} give the code {twice} to two combinations"
            )
        names = tuple(str(code) for code in joint[order])
        codes = np.argsort(order)[codes].astype(np.int64)
    else:
        names = tuple("-".join(of[code] for of, code in zip(values, one)) for one in combinations)
    if len(names) < 2:
        raise BadInput(
            f"data.attributes: all photos have the same values ({names[0]}); expected two classes or more"
        )
    return TargetSpec(kind="classes", column=target, names=names), codes


def _decomposed(
    specs: dict[str, AttributeSpec], rows: Rows, given: tuple[TargetSpec, np.ndarray], weights: list[int]
) -> Joint:
    for name, one in specs.items():
        if not one.known:
            raise BadInput(
                f"data.attributes.{name}.values: {rows.path} has no column {name!r}, so it is taken from the joint"
                " code; say its values in the order of their codes"
            )
        if one.train_cut:
            raise BadInput(
                f"data.attributes.{name}.train_cut: {rows.path} has no column {name!r} of numbers to cut"
            )
    values = [one.known for one in specs.values()]
    parts_of: dict[str, tuple[int, ...]] = {}
    for parts in itertools.product(*(range(len(of)) for of in values)):
        code = str(sum(weight * part for weight, part in zip(weights, parts)))
        if code in parts_of:
            raise BadInput(f"data.attributes: the weights {weights} give the code {code} to two combinations")
        parts_of[code] = parts
    spec, codes = given
    for joint, name in enumerate(spec.names):
        if name not in parts_of:
            row = int(np.flatnonzero(codes == joint)[0])
            raise BadInput(
                f"{rows.at(row)}, column {spec.column!r}: {name!r} is no joint code of data.attributes with the"
                f" weights {weights}, whose codes are {', '.join(sorted(parts_of, key=int))}"
            )
    of_class = np.array([parts_of[name] for name in spec.names])
    return Joint(_with_attributes(spec, specs, values, of_class), codes)


def _with_attributes(
    spec: TargetSpec, specs: dict[str, AttributeSpec], values: list[tuple[str, ...]], of_class: np.ndarray
) -> TargetSpec:
    """The target with its attributes; `of_class` `(classes, attributes)` holds their codes."""
    attributes = tuple(
        Attribute(
            name=name,
            values=values[j],
            of_class=tuple(int(code) for code in of_class[:, j]),
            ordered=one.ordered or bool(one.cut),
        )
        for j, (name, one) in enumerate(specs.items())
    )
    return spec.model_copy(update={"attributes": attributes})


def _said(names: list[str], values: list[tuple[str, ...]], parts: np.ndarray) -> str:
    return ", ".join(f"{name}={of[int(code)]}" for name, of, code in zip(names, values, parts))


def _refuse_contradiction(
    names: list[str],
    values: list[tuple[str, ...]],
    parts: np.ndarray,
    codes: np.ndarray,
    spec: TargetSpec,
    rows: Rows,
) -> None:
    """Each class stands for one combination of the attributes, and each combination for one class."""
    combination = np.unique(parts, axis=0, return_inverse=True)[1].reshape(-1)
    for key, other, what in ((combination, codes, "attributes"), (codes, combination, "class")):
        first = np.unique(key, return_index=True)[1]
        wrong = np.flatnonzero(other != other[first[key]])
        if len(wrong) == 0:
            continue
        a, b = int(first[key[wrong[0]]]), int(wrong[0])
        both = [
            f"id {rows.ids[i]}: {_said(names, values, parts[i])}, {spec.column} {spec.names[codes[i]]}"
            for i in (a, b)
        ]
        raise BadInput(
            f"{rows.at(b)}: the same {what}, but another {'class' if what == 'attributes' else 'combination'}:"
            f" {both[0]}; {both[1]} ({len(wrong)} such rows). Mend the rows or data.attributes, or take another"
            " name for data.target to have the classes composed of the attributes"
        )


def _refuse_other_code(joint: np.ndarray, codes: np.ndarray, spec: TargetSpec, rows: Rows) -> None:
    wrong = [row for row, code in enumerate(codes) if spec.names[code] != str(joint[row])]
    if wrong:
        raise BadInput(
            f"{rows.at(wrong[0])}, column {spec.column!r}: found {spec.names[codes[wrong[0]]]!r}, but the weights of"
            f" data.attributes make it {joint[wrong[0]]} ({len(wrong)} such rows); is the order of some values"
            " another, or leave the weights out"
        )


def _teach(
    specs: dict[str, AttributeSpec], values: list[tuple[str, ...]], parts: np.ndarray, taught: np.ndarray,
    of_class: np.ndarray, codes: np.ndarray, rows: Rows,
) -> np.ndarray | None:  # fmt: skip
    """The codes to train on; None where no `train_cut` moves any photo."""
    moved = np.flatnonzero((taught != parts).any(axis=1))
    if len(moved) == 0:
        return None
    classes = {tuple(one): code for code, one in enumerate(of_class.tolist())}
    teach = codes.copy()
    for row in moved:
        code = classes.get(tuple(taught[row].tolist()))
        if code is None:
            name = next(name for name, spec in specs.items() if spec.train_cut)
            raise BadInput(
                f"{rows.at(row)}: data.attributes.{name}.train_cut moves it into the class"
                f" {_said(list(specs), values, taught[row])}, of which there is no photo"
            )
        teach[row] = code
    return teach
