"""The recipe that `holdfast new --preset fast` writes for a folder, with its network as the only member."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from holdfast.errors import BadInput
from holdfast.models.base import Network
from holdfast.plan.answers import Answers
from holdfast.plan.new import new
from holdfast.recipe.load import load_recipe

TEST = ("test", "test_images", "sample")  # fields of data that a score of the training part does without
METRIC = "macro_f1"


def fast_network(
    folder: Path, out: Path, k: int | None, epochs: int | None, threads: int, model: str | None = None
) -> tuple[str, dict[str, Any]]:
    """The member's name, and the recipe's plain values; relative paths in them start at `out`.

    What is learned after training (calibration, thresholds) is left out. `epochs` and `model` (a name of timm's)
    stand in place of the preset's. Raises BadInput where the preset has no network for the folder.
    """
    new(folder, "fast", out / "recipe.yaml", Answers(metric=METRIC, k=k), force=True)
    recipe = load_recipe(out / "recipe.yaml")
    networks = [name for name, member in recipe.members.items() if isinstance(member.model, Network)]
    if not networks:
        raise BadInput(f"{folder}: the fast preset has no network for these data")
    # as it is written, without the defaults: a member's fit states only what it has of its own
    values = yaml.safe_load((out / "recipe.yaml").read_text(encoding="utf-8"))
    name = networks[0]
    member = values["members"][name]
    if model is not None:
        member["model"] = {"timm": {"name": model}}
    if epochs is not None:
        member["fit"] = {**member.get("fit", {}), "epochs": epochs}
    data = {key: value for key, value in values["data"].items() if key not in TEST}
    predict = {key: value for key, value in values.get("predict", {}).items() if key == "tta"}
    return name, {
        **values, "data": data, "members": {name: member}, "predict": predict, "threads": threads,
    }  # fmt: skip
