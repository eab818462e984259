"""Variants of a recipe: what each change does to it, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny import ARRAYS, recipe

from holdfast.errors import BadInput
from holdfast.recipe.load import load_recipe
from holdfast.recipe.schema import Fit, Recipe
from holdfast.study.ablate_all import everything
from holdfast.study.ablate_changes import Variant, variant, variants

CONV: dict[str, Any] = {
    "model": "conv_residual",
    "loss": {"cross_entropy": {"smoothing": 0.05}},
    "prepare": ["interpolate", "derivative", "integral", "standardize"],
    "augment": ["roll", "rotation"],
    "fit": {"ema": 0.9},
    "predict": {"tta": ["roll"]},
}
LINEAR = {"model": "logistic", "features": "window_statistics"}


@pytest.fixture
def base() -> Recipe:
    return load_recipe(
        recipe(
            ARRAYS, Path("data"), {"conv": CONV, "linear": LINEAR}, augment=["roll", "jitter"],
            balance=["oversample"], predict={"calibrate": ["temperature"]}, ensemble="geometric_mean",
        )
    )  # fmt: skip


def names(steps: Any) -> list[str]:
    return [one.name for one in steps]


def changed(base: Recipe, said: str) -> Recipe:
    return variant(base, "windows", said).recipe


def test_a_technique_is_dropped_wherever_it_stands(base: Recipe) -> None:
    made = changed(base, "drop augment.roll")
    assert (names(made.augment), names(made.members["conv"].augment)) == (["jitter"], ["rotation"])
    assert made.members["linear"] == base.members["linear"]
    assert made.members["conv"].predict == base.members["conv"].predict, "a roll of another kind stays"
    assert names(changed(base, "drop conv.augment.roll").augment) == ["roll", "jitter"]
    assert changed(base, "drop balance").balance == ()
    together = changed(base, "drop prepare.derivative+prepare.integral").members["conv"].prepare
    assert names(together) == ["interpolate", "standardize"]


def test_a_member_that_inherits_gets_a_list_of_its_own(base: Recipe) -> None:
    made = changed(base, "drop linear.augment.roll")
    assert names(made.members["linear"].augment) == ["jitter"]
    assert made.augment == base.augment
    assert names(changed(base, "add linear.prepare.magnitude").members["linear"].prepare) == [
        "interpolate",
        "magnitude",  # before the scaling that ends the default
        "standardize",
    ]


def test_what_has_a_default_goes_back_to_it(base: Recipe) -> None:
    assert changed(base, "drop loss").members["conv"].loss is None
    assert changed(base, "drop fit.ema").fit == base.fit
    assert changed(base, "drop fit.ema").members["conv"].fit == Fit()
    assert changed(base, "drop ensemble").ensemble is None
    assert changed(base, "drop predict.calibrate.temperature").predict.calibrate == ()
    assert list(changed(base, "drop members.linear").members) == ["conv"]


def test_swaps_and_additions_are_a_variant_each(base: Recipe) -> None:
    made = variants(base, "windows", [], ["loss=focal,{focal: {gamma: 1}}"], ["augment.time_warp"])
    assert [one.said for one in made] == [
        "swap loss=focal",
        "swap loss={focal: {gamma: 1}}",
        "add augment.time_warp",
    ]
    losses: list[Any] = [one.recipe.members["conv"].loss for one in made]
    assert [losses[0].name, losses[0].gamma, losses[1].gamma] == ["focal", 2.0, 1.0]
    assert all(one.recipe.members["linear"].loss is None for one in made), "an estimator has none"
    assert names(made[2].recipe.augment) == ["roll", "jitter", "time_warp"]
    assert names(made[2].recipe.members["conv"].augment) == ["roll", "rotation", "time_warp"]
    assert names(changed(base, "swap augment.roll={jitter: {std: 0.5}}").augment) == ["jitter", "jitter"]
    assert changed(base, "swap fit.epochs=7").fit.epochs == 7
    assert changed(base, "swap linear.model=svc").members["linear"].model.name == "svc"
    assert len({one.folder for one in made}) == 3
    assert made[0].folder == "swap-loss-focal"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("drop augment.rol", "no augment is named 'rol' in the recipe; did you mean 'roll'"),
        ("drop augmnt", "'augmnt' can not be changed; did you mean 'augment'"),
        ("drop members.con.loss", "no member is named 'con'; did you mean 'conv'"),
        ("drop conv.model", "a member needs its model"),
        ("drop fit.emu", "fit has no 'emu'; did you mean 'ema'"),
        ("drop select", "no member has a select of its own"),
        ("drop loss.focal", "name loss alone"),
        ("swap loss=fokal", "no loss component is named 'fokal'; did you mean 'focal'"),
        ("swap model=svc", "say whose"),
        ("swap ensemble=geometric_mean", "changes nothing"),
        ("add augment", "expected PATH=VALUE, or PATH.NAME"),
        ("swap folds=group", "'folds' can not be changed"),
        ("drop conv.ensemble", "leave the member out"),
    ],
)
def test_what_cannot_be_is_refused_by_name(base: Recipe, said: str, why: str) -> None:
    with pytest.raises(BadInput) as caught:
        changed(base, said)
    assert str(caught.value).startswith(f"--{said}: ")
    assert why in str(caught.value)


def test_everything_lists_each_technique_once(base: Recipe) -> None:
    said = everything(base, "windows")
    assert said == [
        "augment.roll", "augment.jitter", "augment.rotation", "balance.oversample", "prepare.interpolate",
        "prepare.standardize", "prepare.derivative", "prepare.integral", "features.window_statistics", "tta.roll",
        "calibrate.temperature", "loss", "ensemble", "fit.ema", "members.conv", "members.linear",
    ]  # fmt: skip
    assert all(
        isinstance(variant(base, "windows", f"drop {one}"), Variant)
        for one in said
        if one != "features.window_statistics"
    )


def test_pseudo_labels_are_dropped_added_and_listed() -> None:
    members = {"conv": {**CONV, "pseudo": {"teachers": ["linear"], "top": 0.5}}, "linear": LINEAR}
    base = load_recipe(recipe(ARRAYS, Path("data"), members))
    assert "pseudo" in everything(base, "windows")
    for said in ("drop pseudo", "drop conv.pseudo"):
        assert changed(base, said).members["conv"].pseudo is None
    plain = changed(base, "drop pseudo")
    assert "pseudo" not in everything(plain, "windows")
    (one,) = variants(plain, "windows", [], [], ["conv.pseudo={top: 0.2, rounds: 2}"])
    pseudo = one.recipe.members["conv"].pseudo
    assert pseudo is not None
    assert (pseudo.top, pseudo.rounds, pseudo.teachers) == (0.2, 2, ())
    with pytest.raises(BadInput, match="no member is named 'linear'"):
        changed(base, "drop members.linear")
    with pytest.raises(BadInput, match=r"say whose, as conv\.pseudo"):
        changed(plain, "add pseudo={}")
