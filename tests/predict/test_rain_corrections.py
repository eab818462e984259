"""What is done to forecasts of rain afterwards: amounts and the edge of the rain."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.ensemble.chain import Chain, cross_fitted
from holdfast.ensemble.mean import Mean
from holdfast.metrics.rain import Csi, MaeCsi
from holdfast.predict.quantile_mapping import QuantileMapping
from holdfast.predict.wet_threshold import WetThreshold
from holdfast.testing.samples import GRID


def blurred(n: int = 40, leads: int = 1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Simulated showers and what a blurring model says of them: too much light rain, too little heavy."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    rain = np.exp(gaussian_filter(rng.normal(size=(n, leads, 24, 24)), (0, 0, 2, 2)) * 12 - 2)
    rain = np.where(rain < 0.3, 0, rain)
    # the showers' places are uncertain: what is said is the mean over places
    said = gaussian_filter(np.roll(rain, 1, axis=3), (0, 0, 2.5, 2.5))
    return said.astype(np.float32), rain.astype(np.float32)


def test_amounts_get_the_measured_distribution() -> None:
    said, truth = blurred()
    step = QuantileMapping()
    made = step.apply(step.fit(said, truth, GRID), said)
    for level in (0.8, 0.9, 0.97, 0.99):
        want = np.quantile(truth, level)
        assert np.quantile(made, level) == pytest.approx(want, rel=0.05)
        assert abs(np.quantile(said, level) - want) > 0.1 * want, "planted: it is off before"
    order = said.ravel().argsort()
    assert (np.diff(made.ravel()[order]) >= -1e-5).all(), "amounts keep their order"
    assert Csi(threshold=5).score(truth, made) > Csi(threshold=5).score(truth, said)


def test_right_amounts_stay() -> None:
    _, truth = blurred()
    step = QuantileMapping()
    learned = step.fit(truth, truth, GRID)
    np.testing.assert_allclose(step.apply(learned, truth), truth, rtol=0.02, atol=1e-6)


def test_half_the_way_is_half_the_way() -> None:
    said, truth = blurred()
    whole, half = QuantileMapping(), QuantileMapping(share=0.5)
    learned = whole.fit(said, truth, GRID)
    there = whole.apply(learned, said)
    np.testing.assert_allclose(half.apply(learned, said), (said + there) / 2, rtol=1e-4, atol=1e-5)


def test_amounts_beyond_all_that_was_seen_go_on_rising() -> None:
    said, truth = blurred()
    step = QuantileMapping()
    learned = step.fit(said, truth, GRID)
    top = np.linspace(said.max(), 3 * said.max(), 5, dtype=np.float32).reshape(1, 1, 1, 5)
    assert (np.diff(step.apply(learned, top).ravel()) > 0).all()


def test_what_was_not_measured_teaches_nothing() -> None:
    said, truth = blurred()
    gaps = np.random.default_rng(1).random(truth.shape) < 0.3
    other = np.where(gaps, np.float32(99), said)
    truth = np.where(gaps, np.float32(np.nan), truth)
    for step in (QuantileMapping(), WetThreshold(), WetThreshold(for_metric="mae_csi")):
        first, second = (step.apply(step.fit(one, truth, GRID), said) for one in (said, other))
        assert np.array_equal(first, second), step.name


@pytest.mark.parametrize("name", ["csi", "mae_csi"])
@pytest.mark.parametrize("factor", [1.0, 0.2])
def test_edge_of_the_rain_is_the_best_of_all_tried(name: str, factor: float) -> None:
    """By trying every amount the slow way: none is better, and the one that was learned is as good."""
    from holdfast.predict.wet_threshold import FACTORS

    said, truth = blurred(n=12)
    said = said * np.float32(factor)
    metric = Csi() if name == "csi" else MaeCsi()
    step = WetThreshold(for_metric=name)  # type: ignore[arg-type]
    learned = step.fit(said, truth, GRID)
    sign = 1 if metric.greater_is_better else -1
    tried = [metric.score(truth, step.apply([amount], said)) for amount in (0.0, *0.1 * FACTORS)]
    assert sign * metric.score(truth, step.apply(learned, said)) == pytest.approx(max(sign * np.array(tried)))
    assert sign * max(sign * np.array(tried)) != pytest.approx(metric.score(truth, said)), "planted: it helps"
    assert (learned[0] > 0.1) == (factor == 1.0), (
        "a blurred forecast is wet too far out, a small one not enough"
    )


def test_a_forecast_that_is_right_stays() -> None:
    _, truth = blurred(n=8)
    for name in ("csi", "mae_csi"):
        step = WetThreshold(for_metric=name)  # type: ignore[arg-type]
        learned = step.fit(truth, truth, GRID)
        assert learned == [0.0]
        assert np.array_equal(step.apply(learned, truth), truth)


def test_wet_is_the_threshold_at_least_and_dry_is_nothing() -> None:
    said = np.array([0.0, 0.03, 0.05, 0.2, np.nan], dtype=np.float32).reshape(1, 1, 1, 5)
    made = WetThreshold().apply([0.05], said).ravel()
    np.testing.assert_array_equal(made, np.float32([0, 0, 0.1, 0.2, np.nan]))


def test_each_lead_time_has_its_own() -> None:
    said, truth = blurred(leads=2)
    said[:, 1] *= 0.2
    for step in (QuantileMapping(), WetThreshold()):
        learned = step.fit(said, truth, GRID)
        assert len(learned) == 2
        alone = step.apply(step.fit(said[:, 1:], truth[:, 1:], GRID), said[:, 1:])
        assert np.array_equal(step.apply(learned, said)[:, 1:], alone)


def test_cross_fitted_rows_never_teach_their_own_correction() -> None:
    said, truth = blurred(n=12)
    fold = np.arange(12) // 4
    chain = Chain({"one": ()}, Mean(), (QuantileMapping(), WetThreshold()), GRID)
    made = cross_fitted(chain, {"one": said}, truth, fold)["ensemble"]
    other = truth.copy()
    other[fold == 0] = 7.0  # another truth of the first fold changes what is said of the others alone
    again = cross_fitted(chain, {"one": said}, other, fold)["ensemble"]
    assert np.array_equal(made[fold == 0], again[fold == 0])
    assert not np.array_equal(made[fold == 1], again[fold == 1])
    assert made.dtype == np.float32
