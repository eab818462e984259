"""The members for frames. All that is worth tuning stands at the top."""

from __future__ import annotations

from typing import Any

from holdfast.plan.facts import Facts
from holdfast.plan.presets import Choice, Members

EPOCHS = {"fast": 2, "strong": 10}
WIDTH = 16  # filters of the network's first level
FIT: dict[str, Any] = {"batch_size": 16, "lr": 5e-3, "optimizer": "adamw", "schedule": "one_cycle"}
LOSS = "mae"
AUGMENT = ["square_symmetry"]
TTA: dict[str, list[Any]] = {"fast": [], "strong": ["square_symmetry"]}  # eight times the work

FLOW = Choice(
    "flow",
    {"model": "optical_flow"},
    "rain carried on along its motion over the last frames; learns nothing, and keeps the rain sharp",
)


NET = Choice(
    "net",
    {"model": {"flow_unet": {"width": WIDTH}}, "loss": LOSS},
    "a U-Net that sees the flow's forecast and learns by how much that errs",
)


def members_of_frames(facts: Facts, preset: str) -> Members:
    """The members of a preset for frames, the quick one first."""
    predict: dict[str, Any] = {"tta": TTA[preset]} if TTA[preset] else {}
    why = "forecasts of turned and mirrored frames, turned back, are averaged" if TTA[preset] else ""
    remarks = []
    if facts.frames is not None and facts.frames.missing:
        remarks.append(
            f"missing pixels ({facts.frames.missing:.1%}) are no rain as inputs, and left out of losses and scores"
        )
    return Members(
        [FLOW, NET],
        augment=(list(AUGMENT), "frames turned and mirrored, anew in every epoch: rain may move any way"),
        fit={**FIT, "epochs": EPOCHS[preset]},
        predict=predict,
        predict_why=why,
        ensemble=("weighted_mean", "a little of the flow's sharp rain beside the network's, which is smooth"),
        remarks=remarks,
    )  # fmt: skip
