"""Classes of albumentations by name. What needs the package is skipped where it is not installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from holdfast.errors import BadInput
from holdfast.fit.resolved import resolve
from holdfast.keys import item_keys
from holdfast.recipe.registry import parse
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import CLASSES, tiny_data

needs_package = pytest.mark.skipif(
    find_spec("albumentations") is None, reason="albumentations is not installed"
)
COLOURS = ("red", "green", "blue")
BATCH = np.random.default_rng(0).integers(0, 256, size=(12, 20, 16, 3), dtype=np.uint8)
KEYS = item_keys(2, np.arange(12))


def ready(name: str, **fields: Any) -> Any:
    return parse("augment", {"albumentations": {"name": name, "fields": fields}}).for_channels(COLOURS)  # type: ignore[attr-defined]


def changed(name: str, **fields: Any) -> np.ndarray:
    return np.asarray(ready(name, **fields).apply(BATCH, np.zeros(12), KEYS)[0])


def test_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "albumentations", raising=False)
    monkeypatch.setattr("holdfast.augment.albumentations.find_spec", lambda name: None)
    with pytest.raises(BadInput) as caught:
        ready("HorizontalFlip")
    said = str(caught.value)
    assert said.startswith("augment.albumentations: the package albumentations is not installed: pip install")
    assert "\n" not in said


def test_recipe_stops_before_any_work_where_the_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.augment.albumentations.find_spec", lambda name: None)
    plain = {
        "metric": "accuracy", "folds": "stratified", "augment": [{"albumentations": {"name": "HorizontalFlip"}}],
        "members": {"one": {"model": {"timm": {"name": "resnet10t", "pretrained": False}}}},
    }  # fmt: skip
    with pytest.raises(BadInput, match="not installed"):
        resolve(Recipe.model_validate(plain), "one", tiny_data("images"), CLASSES)


@needs_package
def test_flip_is_a_flip_and_p_0_is_nothing() -> None:
    assert np.array_equal(changed("HorizontalFlip", p=1), BATCH[:, :, ::-1])
    assert np.array_equal(changed("HorizontalFlip", p=0), BATCH)


@needs_package
def test_an_item_changes_by_its_key_alone() -> None:
    made = ready("GaussNoise", p=1)
    whole = made.apply(BATCH, np.zeros(12), KEYS)[0]
    some = [7, 2]
    assert np.array_equal(made.apply(BATCH[some], np.zeros(2), KEYS[some])[0], whole[some])


@needs_package
def test_global_generators_are_not_touched() -> None:
    import random

    before = np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[union-attr]
    changed("RandomBrightnessContrast", p=1)
    changed("Affine", rotate=(-20, 20), p=1)
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # type: ignore[union-attr]


@needs_package
def test_wrong_class_wrong_field_and_wrong_size_are_named() -> None:
    with pytest.raises(
        BadInput, match=r"albumentations\.name: no class 'HorizontlFlip'; did you mean 'Horizontal"
    ):
        ready("HorizontlFlip")
    with pytest.raises(BadInput, match="no class 'Compose'"):
        ready("Compose")
    with pytest.raises(BadInput, match=r"albumentations\.fields: .*strength"):
        ready("HorizontalFlip", strength=2)
    with pytest.raises(BadInput, match=r"albumentations\.fields: "):
        ready("HorizontalFlip", p=7)
    with pytest.raises(BadInput, match=r"makes uint8 \(8, 8, 3\)"):
        changed("RandomCrop", height=8, width=8, p=1)
