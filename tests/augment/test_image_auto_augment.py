"""Changes whose numbers torchvision draws."""

from __future__ import annotations

import random
import threading
from typing import Any

import numpy as np
import pytest

from holdfast.augment.own_generator import numbers_from
from holdfast.keys import item_keys
from holdfast.recipe.registry import known, parse
from holdfast.vision import torchvision

KEYS = item_keys(9, np.arange(300))
ROWS, COLUMNS = np.mgrid[:24, :20]
RAMP = np.stack([8 * ROWS, 10 * COLUMNS, 100 + 3 * ROWS + 2 * COLUMNS], axis=2).astype(np.uint8)
DRAWN_BY_TORCHVISION = ["rand_augment", "trivial_augment_wide"]
PICTURES = [
    name
    for name, cls in known("augment").items()
    if cls.takes == {"images"} and name != "albumentations"  # type: ignore[attr-defined]
]


def changed(entry: Any, batch: np.ndarray) -> np.ndarray:
    made = parse("augment", entry).for_channels(("red", "green", "blue"))  # type: ignore[attr-defined]
    out = made.apply(batch, np.zeros(len(batch)), KEYS[: len(batch)])[0]
    assert isinstance(out, np.ndarray)
    return out


def states() -> tuple[Any, ...]:
    import torch

    kind, keys, *rest = np.random.get_state()
    return torch.get_rng_state().tolist(), kind, np.asarray(keys).tolist(), rest, random.getstate()


@pytest.mark.parametrize("name", PICTURES)
def test_global_generators_are_neither_touched_nor_asked(name: str) -> None:
    import torch

    batch = np.repeat(RAMP[None], 20, axis=0)
    torch.manual_seed(1)
    first, before = changed(name, batch), states()
    again = changed(name, batch)
    assert states() == before
    torch.manual_seed(2)
    assert np.array_equal(changed(name, batch), first)
    assert np.array_equal(again, first)


@pytest.mark.parametrize("name", DRAWN_BY_TORCHVISION)
def test_keys_spread_over_many_operations(name: str) -> None:
    made = changed(name, np.repeat(RAMP[None], 300, axis=0))
    kinds = {one.tobytes() for one in made}
    assert len(kinds) > 60
    assert RAMP.tobytes() in kinds, "identity is one of them"


def test_equal_to_torchvision_under_the_same_seed() -> None:
    import torch
    from PIL import Image

    torchvision()
    from torchvision.transforms import v2

    made = changed({"rand_augment": {"num_ops": 3, "magnitude": 14}}, np.repeat(RAMP[None], 30, axis=0))
    with torch.random.fork_rng(devices=[]):
        for one, key in zip(made, KEYS):
            torch.default_generator.manual_seed(int(key))
            assert np.array_equal(one, np.asarray(v2.RandAugment(3, 14)(Image.fromarray(RAMP))))


def test_magnitude_0_is_weaker_than_30() -> None:
    batch = np.repeat(RAMP[None], 100, axis=0)
    weak, strong = (
        np.abs(changed({"rand_augment": {"num_ops": 1, "magnitude": m}}, batch).astype(int) - batch).mean()
        for m in (0, 30)
    )
    assert weak < strong


def test_magnitude_beyond_the_scale_is_refused() -> None:
    with pytest.raises(ValueError, match=r"below num_magnitude_bins \(31\), got 31"):
        parse("augment", {"rand_augment": {"magnitude": 31}})


def test_another_thread_draws_from_the_global_generator_all_the_while() -> None:
    import torch

    def draws() -> list[float]:
        return [float(torch.rand(())) for _ in range(5)]

    seen: list[float] = []
    torch.manual_seed(4)
    want = draws()
    torch.manual_seed(4)
    with numbers_from(7):
        first = draws()
        beside = threading.Thread(target=lambda: seen.extend(draws()))
        beside.start()
        beside.join()
    assert seen == want
    with numbers_from(7):
        assert draws() == first != want


def test_every_way_to_draw_takes_the_own_generator() -> None:
    import torch

    before = torch.get_rng_state()
    drawn = []
    for _ in range(2):
        with numbers_from(3):
            drawn.append([
                torch.rand(2), torch.randn(2), torch.randint(0, 9, (2,)), torch.randperm(4), torch.empty(2).uniform_(),
                torch.empty(2).normal_(), torch.normal(torch.zeros(2), 1.0), torch.bernoulli(torch.full((2,), 0.5)),
            ])  # fmt: skip
    assert all(torch.equal(one, other) for one, other in zip(*drawn))
    assert torch.equal(torch.get_rng_state(), before)
