"""A chain on forecasts that are read by rows learns and says what it does on arrays, and never holds all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from holdfast.data import slices
from holdfast.data.by_rows import ByRows, layered
from holdfast.ensemble.base import Ensemble
from holdfast.ensemble.chain import Chain, on_test, over_repeats
from holdfast.recipe.registry import parse
from holdfast.recipe.target import TargetSpec

N, TAIL = 60, (2, 8, 8)
TARGET = TargetSpec(kind="grid", column="rain", shape=TAIL, unit="mm/h", leads=(10.0, 20.0), top=None)
RNG = np.random.default_rng(3)
TRUTH = np.where(RNG.random((N, *TAIL)) < 0.6, 0, RNG.gamma(1, 3, (N, *TAIL))).astype(np.float32)
TRUTH[RNG.random(TRUTH.shape) < 0.05] = np.nan
FOLD = np.stack([np.arange(N) % 3, (np.arange(N) // 2) % 3])
MEMBERS = {
    name: np.maximum(np.nan_to_num(TRUTH)[None] * 0.7 + noise * RNG.normal(size=(2, N, *TAIL)), 0).astype(np.float32)
    for name, noise in (("one", 0.3), ("two", 1.0))
}  # fmt: skip
SLICE = 10  # rows that are read at once here


class Watched:
    """Rows of an array, and how many of them were asked for at once."""

    def __init__(self, array: np.ndarray):
        self.array, self.most, self.read = array, 0, 0

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        self.most, self.read = max(self.most, len(rows)), self.read + len(rows)
        return self.array[rows]

    @property
    def lazy(self) -> ByRows:
        return ByRows(self.array.shape, self)


def chain_with(ensemble: str) -> Chain:
    steps = (
        parse("postprocess", "quantile_mapping"),
        parse("postprocess", {"wet_threshold": {"for_metric": "mae_csi"}}),
    )
    calibrate: dict[str, Any] = {"one": steps[:1], "two": ()}
    made = parse("ensemble", ensemble)
    assert isinstance(made, Ensemble)
    return Chain(calibrate, made, steps, TARGET)  # type: ignore[arg-type]


@pytest.mark.parametrize("ensemble", ["mean", "weighted_mean", "geometric_mean"])
def test_the_same_is_learned_and_said(ensemble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "AT_ONCE", SLICE * TRUTH[0].nbytes)
    chain, truth = chain_with(ensemble), Watched(TRUTH)
    watched = {name: [Watched(one) for one in repeats] for name, repeats in MEMBERS.items()}
    lazy = {name: layered([one.lazy for one in each]) for name, each in watched.items()}
    learned, said = over_repeats(chain, MEMBERS, TRUTH, FOLD)
    also, told = over_repeats(chain, lazy, truth.lazy, FOLD)
    assert set(told) == {"one", "two", "blend", "ensemble"}
    for name, one in said.items():
        parts = [[again[rows] for rows in slices.slices(again)] for again in told[name]]
        assert np.array_equal(one, np.stack([np.concatenate(each) for each in parts])), name
    test = {name: one[0] for name, one in MEMBERS.items()}
    whole = on_test(learned, test)["ensemble"]
    by_rows = on_test(also, {name: Watched(one).lazy for name, one in test.items()})["ensemble"]
    assert np.array_equal(whole, np.concatenate([by_rows[rows] for rows in slices.slices(by_rows)]))
    sources = [truth, *(one for each in watched.values() for one in each)]
    assert max(one.most for one in sources) <= SLICE
    assert all(one.read >= N for one in sources)


def test_a_component_that_knows_no_rows_gets_arrays() -> None:
    class Best(Ensemble):
        name = "best"

        def fit(self, predictions: np.ndarray, truth: np.ndarray, folds: np.ndarray) -> Any:
            assert isinstance(predictions, np.ndarray)
            assert isinstance(truth, np.ndarray)
            return int(np.nanmean(np.abs(predictions - truth), axis=(1, 2, 3, 4)).argmin())

        def predict(self, learned: Any, predictions: np.ndarray) -> np.ndarray:
            return predictions[learned]

    chain = Chain({"one": (), "two": ()}, Best(), (), TARGET)
    lazy = {name: layered([Watched(one).lazy for one in each]) for name, each in MEMBERS.items()}
    _, said = over_repeats(chain, lazy, Watched(TRUTH).lazy, FOLD)
    assert np.array_equal(np.asarray(said["ensemble"]), MEMBERS["one"])
