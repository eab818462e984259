"""Remedies for skewed classes, in numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.errors import BadInput
from holdfast.recipe.registry import parse
from holdfast.testing.samples import CLASSES, tiny_inputs

Y = np.array([0] * 20 + [1] * 6 + [2] * 2)
X = tiny_inputs("windows", Y)


def extra(**fields: Any) -> Any:
    return parse("balance", {"oversample": fields}).extra(X, Y, CLASSES, 1)  # type: ignore[attr-defined]


def test_times_and_except() -> None:
    _, labels, rows = extra(times=2, **{"except": ["sit"]})
    assert np.bincount(labels).tolist() == [0, 12, 4]
    assert np.bincount(rows)[20:].tolist() == [2] * 8
    assert np.bincount(extra(classes=["walk"])[1]).tolist() == [0, 0, 2]
    assert extra(**{"except": ["sit", "stand", "walk"]}) is None


@pytest.mark.parametrize(("share", "want"), [(1.0, [0, 14, 18]), (0.5, [0, 4, 8]), (0.2, [0, 0, 2])])
def test_up_to_a_share_of_the_largest(share: float, want: list[int]) -> None:
    assert np.bincount(extra(share=share)[1], minlength=3).tolist() == want


def test_copies_are_rolled_and_noisy_each_in_its_own_way() -> None:
    new, _, rows = extra(times=3, noise=0.0)
    assert np.array_equal(np.sort(new, axis=1), np.sort(X[rows], axis=1)), "a roll only moves"
    noisy, _, rows = extra(times=2, roll=False, noise=0.1)
    change = noisy - X[rows]
    assert change.std() == pytest.approx(0.1 * X.std(axis=(0, 1)).mean(), rel=0.2)
    assert len({one.tobytes() for one in change}) == len(change)


def test_numbers_name_classes_as_texts_do() -> None:
    assert parse("balance", {"oversample": {"classes": [12], "except": [3]}}) == parse(
        "balance", {"oversample": {"classes": ["12"], "except": ["3"]}}
    )


def test_unknown_class_is_refused_before_any_work() -> None:
    for field in ("classes", "except"):
        with pytest.raises(
            BadInput, match=f"balance.oversample.{field}: no class is named 'run'; classes: sit, stand"
        ):
            parse("balance", {"oversample": {field: ["run"]}}).check(CLASSES)  # type: ignore[attr-defined]


def test_class_weights_are_inverse_to_counts() -> None:
    full = parse("balance", "class_weights").weights(Y, CLASSES)  # type: ignore[attr-defined]
    assert np.bincount(Y, full) == pytest.approx([28 / 3] * 3, rel=1e-5)
    mild = parse("balance", {"class_weights": {"power": 0.5}}).weights(Y, CLASSES)  # type: ignore[attr-defined]
    assert mild[-1] / mild[0] == pytest.approx(np.sqrt(10), rel=1e-5)


def test_balanced_sampler_draws_classes_evenly() -> None:
    sampler = parse("balance", "balanced_sampler")
    drawn = np.concatenate([Y[sampler.rows(Y, CLASSES, seed, None)] for seed in range(60)])  # type: ignore[attr-defined]
    assert np.bincount(drawn) / len(drawn) == pytest.approx([1 / 3] * 3, abs=0.04)
