"""`holdfast new`: look at a folder, find out, write the recipe."""

from __future__ import annotations

from pathlib import Path

from holdfast.errors import BadInput
from holdfast.plan.answers import Answers
from holdfast.plan.guess import Plan, guess
from holdfast.plan.look import ArrayFile, Files, TableFile, look
from holdfast.plan.presets import PRESETS
from holdfast.plan.roles import Roles, find_roles
from holdfast.plan.write import folder_from, recipe_text, refuse_existing, write_recipe
from holdfast.recipe.strict import nearest

NO_ANSWERS = Answers()


def new(
    folder: Path,
    preset: str = "fast",
    output: Path = Path("recipe.yaml"),
    answers: Answers = NO_ANSWERS,
    force: bool = False,
) -> tuple[str, list[str]]:
    """Write a commented recipe for the data of a folder; returns its text and a summary in lines.

    Raises BadInput, with nothing written, where the folder, an answer or `output` cannot be used.
    """
    folder, output = Path(folder), Path(output)
    if preset not in PRESETS:
        raise BadInput(f"--preset {preset}: no preset is named so; {nearest(preset, PRESETS)}")
    refuse_existing(output, force)
    files = look(folder)
    answers.check(files.columns())
    roles = find_roles(files, answers)
    plan = guess(roles, answers, preset)
    text = recipe_text(plan, folder.resolve().name or "run", folder_from(output, folder), preset)
    write_recipe(output, text, force)
    return text, summary(plan, files, roles)


def summary(plan: Plan, files: Files, roles: Roles) -> list[str]:
    """What was found, a line each; the recipe's comments say the same with reasons."""
    lines = [f"{roles.kind}: {plan.facts.lines()[0]}", *plan.facts.lines()[1:]]
    for name in ("target", "group", "time", "order", "unit"):
        found = plan.data.get(name)
        if found is not None and not found.is_open:
            lines.append(f"{name}: {found.value if found.value is not None else 'none'} ({found.mark})")
    if not plan.metric.is_open:
        lines.append(f"metric: {plan.metric.value} ({plan.metric.mark})")
    k = f", k {plan.k_why.value} ({plan.k_why.mark})" if plan.k_why.value is not None else ""
    lines.append(f"folds: {plan.folds['kind']} ({plan.folds_why.mark}){k}")
    lines.append(f"members: {', '.join(choice.name for choice in plan.members.chosen)}")
    lines += plan.members.left_out
    if "attributes" in plan.data:
        lines.append(
            f"attributes: {', '.join(plan.data['attributes'].value)} ({plan.data['attributes'].mark})"
        )
    lines += plan.notes
    used = {file.path for file in roles.named().values()}
    everything: list[TableFile | ArrayFile] = [*files.tables, *files.wide, *files.arrays]
    unused = [file.name for file in everything if file.path not in used]
    if unused:
        lines.append(f"not used: {', '.join(unused)}")
    return lines + [f"to answer before `train`: {text}" for text in plan.questions]
