"""The recipe as YAML that says in comments what was seen, guessed and given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from holdfast.errors import BadInput
from holdfast.plan.guess import Plan
from holdfast.plan.presets import Members
from holdfast.store.atomic import write_text

WIDEST = 44  # comments start in one column, but no further to the right than this


def recipe_text(plan: Plan, name: str, folder: str, preset: str) -> str:
    """The YAML text; `folder` is where the data lie, seen from the recipe's file."""
    head = [
        f"Written by `holdfast new` ({preset} preset) from what the files hold. Each line says whether it was"
    ]
    head += ["guessed, and why, or given. `holdfast list` shows what else could stand here.", ""]
    blocks = [
        [*(f"# {comment(line)}".rstrip() for line in [*head, *plan.facts.lines()]), f"name: {inline(name)}"],
        _data(plan, folder),
        _aligned([("metric", plan.metric.value, plan.metric.mark), ("folds", plan.folds, _folds_mark(plan))]),
        _budget(plan),
        _prepare(plan),
        _aligned([("augment", *plan.members.augment)]) if plan.members.augment else [],
        _members(plan),
        _predict(plan.members),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def write_recipe(path: Path, text: str, force: bool = False) -> None:
    """Put a recipe in place, whole. Raises BadInput where there is a file already, unless `force`."""
    refuse_existing(path, force)
    write_text(path, text)


def refuse_existing(path: Path, force: bool) -> None:
    if path.is_dir():
        raise BadInput(f"{path}: is a folder; give the name of a file, as in -o {path / 'recipe.yaml'}")
    if path.exists() and not force:
        raise BadInput(f"{path}: exists already; name another file with -o, or overwrite it with --force")


def folder_from(output: Path, folder: Path) -> str:
    """The data folder as seen from the recipe's folder."""
    try:
        return Path(os.path.relpath(folder.resolve(), output.resolve().parent)).as_posix()
    except ValueError:  # another drive
        return folder.resolve().as_posix()


def inline(value: Any) -> str:
    """A value on one line, quoted where YAML would read it otherwise.

    >>> inline("yes"), inline("a: b"), inline({"k": "10"}), inline(None)
    ("'yes'", "'a: b'", "{k: '10'}", 'null')
    """
    text: str = yaml.safe_dump(
        [value], default_flow_style=True, allow_unicode=True, width=float("inf"), sort_keys=False
    )
    return text.strip()[1:-1]


def comment(text: str) -> str:
    """A text that stays within one line of comment, whatever names it holds."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _data(plan: Plan, folder: str) -> list[str]:
    fields: list[tuple[str, Any, str]] = []
    for name, found in plan.data.items():
        fields.append((name, found.value, found.mark))
        if name == "kind":
            fields.append(("folder", folder, "seen from this file"))
    lines = ["data:", *_aligned(fields, indent="  ")]
    if plan.dropped:
        lines.append("  # guessed: no features are")
        lines += [
            f"  #   {comment(', '.join(columns))}: {reason}" for reason, columns in plan.dropped.items()
        ]
        columns = [column for columns in plan.dropped.values() for column in columns]
        lines.append(f"  drop: {inline(columns)}")
    return lines + [f"  # {comment(note)}" for note in plan.notes]


def _folds_mark(plan: Plan) -> str:
    marks = [plan.folds_why.mark]
    if plan.k_why.value is not None:
        marks.append(f"k {plan.k_why.mark}")
    return "; ".join(marks)


def _budget(plan: Plan) -> list[str]:
    why = "given: members that do not fit are shortened or left out"
    return _aligned([("budget", plan.budget, why)]) if plan.budget else []


def _prepare(plan: Plan) -> list[str]:
    remarks = [f"# {comment(remark)}" for remark in plan.members.remarks]
    if plan.members.prepare is not None:
        steps, why = plan.members.prepare
        return [*_aligned([("prepare", steps, why)]), *remarks]
    kind = plan.data["kind"].value
    default = f"# prepare: {inline(list(plan.default_prepare))} is the default for kind {kind}"
    return [*([default] if plan.default_prepare else []), *remarks]


def _members(plan: Plan) -> list[str]:
    lines = []
    if plan.members.fit:
        lines += _aligned(
            [("fit", plan.members.fit, "for networks; a fixed number of epochs watches no scored fold")]
        )
    lines.append("members:")
    for choice in plan.members.chosen:
        lines += [f"  # {comment(choice.why)}", f"  {inline(choice.name)}: {inline(choice.entry)}"]
    return lines + [f"  # {comment(reason)}" for reason in plan.members.left_out]


def _predict(members: Members) -> list[str]:
    fields: list[tuple[str, Any, str]] = []
    if members.predict:
        fields.append(("predict", members.predict, members.predict_why))
    if len(members.chosen) > 1:
        fields.append(("ensemble", *members.ensemble))
    return _aligned(fields)


def _aligned(fields: list[tuple[str, Any, str]], indent: str = "") -> list[str]:
    """`key: value  # comment` lines with their comments in one column; entries of entries a line each."""
    starts = [
        f"{indent}{key}:" if _is_nested(value) else f"{indent}{key}: {inline(value)}"
        for key, value, _ in fields
    ]
    column = min(max((len(start) for start in starts), default=0), WIDEST)
    lines = []
    for start, (_, value, mark) in zip(starts, fields, strict=True):
        lines.append(f"{start:<{column}}  # {comment(mark)}" if mark else start)
        if _is_nested(value):
            lines += [f"{indent}  {inline(name)}: {inline(entry)}" for name, entry in value.items()]
    return lines


def _is_nested(value: Any) -> bool:
    return (
        isinstance(value, dict) and bool(value) and all(isinstance(entry, dict) for entry in value.values())
    )
