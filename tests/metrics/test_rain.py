"""Scores of forecasts of rain against pysteps, and what they leave out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast import radar
from holdfast.errors import BadInput
from holdfast.metrics.base import Metric
from holdfast.metrics.crps import crps_parts
from holdfast.metrics.pixels import reaches
from holdfast.recipe.registry import parse
from holdfast.testing.samples import CLASSES, GRID, REAL

pysteps = pytest.mark.skipif(not radar.has_pysteps(), reason="pysteps is not installed")


def metric(name: str, **fields: Any) -> Metric:
    return parse("metric", {name: fields})  # type: ignore[return-value]


def showers(n: int = 6, leads: int = 2, side: int = 16, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Simulated rain and a blurred forecast of it, some of the truth missing."""
    rng = np.random.default_rng(seed)
    rain = np.maximum(rng.gamma(0.5, 3.0, size=(n, leads, side, side)) - 0.5, 0).astype(np.float32)
    said = np.maximum(0.6 * rain + rng.normal(0.2, 0.8, rain.shape), 0).astype(np.float32)
    return np.where(rng.random(rain.shape) < 0.1, np.float32(np.nan), rain), said


@pysteps
@pytest.mark.parametrize("threshold", [0.1, 1.0, 5.0])
def test_hits_and_misses_equal_pysteps(threshold: float) -> None:
    verification = radar.pysteps("verification.detcatscores")
    truth, said = showers()
    there = ~np.isnan(truth)
    # theirs counts what is above the threshold, ours what is at it too: none of these amounts is
    want = verification.det_cat_fct(said[there], truth[there], threshold, scores=["CSI", "POD", "FAR"])
    for name in ("csi", "pod", "far"):
        made = metric(name, threshold=threshold).score(truth, said)
        assert made == pytest.approx(want[name.upper()]), name
    error = np.abs(said[there] - truth[there]).mean(dtype=np.float64)
    assert metric("mae_csi", threshold=threshold).score(truth, said) == pytest.approx(error / want["CSI"])


@pysteps
@pytest.mark.parametrize(("threshold", "scale"), [(0.1, 1), (1.0, 5), (5.0, 4)])
def test_fractions_skill_score_equals_pysteps(threshold: float, scale: int) -> None:
    verification = radar.pysteps("verification.spatialscores")
    truth, said = showers()
    held = verification.fss_init(threshold, scale)
    for one, other in zip(truth.reshape(-1, 16, 16), said.reshape(-1, 16, 16)):
        verification.fss_accum(held, np.where(np.isnan(one), np.nan, other), one)
    made = metric("fss", threshold=threshold, scale=scale).score(truth, said)
    assert made == pytest.approx(verification.fss_compute(held), rel=1e-5)


@pysteps
@pytest.mark.parametrize("count", [1, 2, 5])
def test_crps_equals_pysteps_where_no_member_is_the_truth(count: int) -> None:
    verification = radar.pysteps("verification.probscores")
    rng = np.random.default_rng(1)
    truth = rng.gamma(0.5, 3.0, size=(4, 1, 8, 8)).astype(np.float32)
    truth[0, 0, :2] = np.nan
    members = rng.gamma(0.5, 3.0, size=(count, *truth.shape)).astype(np.float32)
    cost, pixels = crps_parts(truth, members).sum(axis=0)
    assert pixels == truth.size - 16
    assert cost / pixels == pytest.approx(
        verification.CRPS(members.astype(float), truth.astype(float)), rel=1e-5
    )


def test_crps_of_one_member_is_the_absolute_error_and_a_dry_one_hides_nothing() -> None:
    truth, said = showers()
    np.testing.assert_allclose(crps_parts(truth, said[None]), metric("mae").parts(truth, said), rtol=1e-6)
    # by the definition, the integral of (F - 1[x ≥ 0])²: half of the members are at 0, so 1/4 from 0 to 0.5
    dry = np.zeros((1, 1, 1, 1), dtype=np.float32)
    assert crps_parts(dry, np.stack([dry, dry + 0.5])).tolist() == [[0.125, 1.0]]


def test_rain_at_the_threshold_counts_in_float32_too() -> None:
    """Codes of 0.01 mm/h: 10 of them are 0.09999999 in float32."""
    rain = np.arange(600, dtype=np.float32) * np.float32(0.01)
    assert rain[10] < np.float32(0.1)
    for threshold, code in ((0.1, 10), (0.5, 50), (1.0, 100), (5.0, 500)):
        assert np.flatnonzero(reaches(rain, threshold))[0] == code
    truth, said = (np.float32(0.01) * np.full((1, 1, 1, 2), value, dtype=np.float32) for value in (10, 9))
    assert metric("csi", threshold=0.1).parts(truth, said).tolist() == [[0, 2, 0]]


def test_scores_by_hand() -> None:
    truth = np.array([[[[0.0, 2.0, 3.0, np.nan]]]], dtype=np.float32)
    said = np.array([[[[1.0, 2.5, 0.0, 9.0]]]], dtype=np.float32)
    one = metric("csi", threshold=1.0)
    assert one.parts(truth, said).tolist() == [[1, 1, 1]]
    assert one.score(truth, said) == pytest.approx(1 / 3)
    assert metric("pod").score(truth, said) == metric("far").score(truth, said) == 0.5
    assert metric("mae").parts(truth, said).tolist() == [[4.5, 3]]
    assert metric("rmse").score(truth, said) == pytest.approx(((1 + 0.25 + 9) / 3) ** 0.5)
    assert metric("mae_csi").score(truth, said) == pytest.approx(1.5 * 3)


def test_no_rain_at_all_is_no_number_and_a_dead_forecast_costs_infinitely_much() -> None:
    dry = np.zeros((2, 1, 3, 3), dtype=np.float32)
    for name in ("csi", "pod", "far", "fss", "mae_csi"):
        assert np.isnan(metric(name).score(dry, dry)), name
    assert metric("mae_csi").score(dry + 1, dry) == np.inf
    assert metric("csi").score(dry + 1, dry) == 0


def test_each_threshold_has_a_key_of_its_own() -> None:
    made = {
        metric("csi").key: "csi_0.1",
        metric("csi", threshold=5).key: "csi_5",
        metric("mae_csi").key: "mae_csi",
        metric("mae_csi", threshold=0.5).key: "mae_csi_0.5",
        metric("mae_csi", pixels=[[1, 2], [3, 4]]).key: "mae_csi_2px",
        metric("fss").key: "fss_1_9",
        metric("fss", threshold=0.1, scale=3).key: "fss_0.1_3",
        metric("mae", pixels="masks/dams.csv").key: "mae_dams",
        metric("csi", threshold=1, pixels="dams.npy").key: "csi_1_dams",
        metric("mae").key: "mae",
        metric("log_loss").key: "log_loss",
    }
    assert all(made_key == want for made_key, want in made.items()), made


def test_pixels_restrict_every_metric(tmp_path: Path) -> None:
    truth, said = showers(side=20)
    places = [[0, 0], [3, 19], [19, 7]]
    mask = np.zeros((20, 20), dtype=np.uint8)
    mask[tuple(np.array(places).T)] = 1
    np.save(tmp_path / "mask.npy", mask.astype(bool))
    np.savetxt(tmp_path / "mask.csv", mask, delimiter=",", fmt="%d")
    y, x = np.nonzero(mask)
    alone = truth[..., y, x][:, :, None], said[..., y, x][:, :, None]
    for name in ("mae", "rmse", "csi", "pod", "far", "mae_csi"):
        want = metric(name).score(*alone)
        for pixels in (places, str(tmp_path / "mask.npy"), str(tmp_path / "mask.csv")):
            one = metric(name, pixels=pixels)
            one.check(GRID)
            assert one.score(truth, said) == pytest.approx(want), (name, pixels)
    # windows reach beyond the pixels that are scored
    one = metric("fss", threshold=0.1, pixels=places)
    changed = said.copy()
    changed[:, :, 1, 1] = 50 - changed[:, :, 1, 1]
    assert one.score(truth, changed) != one.score(truth, said)
    changed = said.copy()
    changed[:, :, 10, 13] = 50
    assert one.score(truth, changed) == one.score(truth, said)


def test_a_changed_mask_is_read_again(tmp_path: Path) -> None:
    import os

    truth, said = showers(side=20)
    file, mask = tmp_path / "mask.npy", np.eye(20)
    one = metric("mae", pixels=str(file))
    np.save(file, mask)
    before = one.score(truth, said)
    np.save(file, mask[::-1])
    os.utime(file, ns=(1, 1))
    assert one.score(truth, said) != before


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        ([[0, 20]], r"\[y, x\] = \[0, 20\] is outside grids of 20 x 20"),
        ([], "an empty list scores nothing"),
        ("none.npy", "none.npy does not exist"),
        ("small.npy", r"has shape \(3, 3\), the grids have \(20, 20\)"),
        ("zero.csv", "is 0 everywhere"),
        ("text.csv", "is no array of numbers"),
    ],
)
def test_pixels_that_cannot_be(
    pixels: Any, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("small.npy", np.ones((3, 3)))
    np.savetxt("zero.csv", np.zeros((20, 20)), delimiter=",")
    Path("text.csv").write_text("y,x\n1,2\n")
    with pytest.raises(BadInput, match=r"metric\.csi\.pixels: .*" + said):
        metric("csi", pixels=pixels).check(GRID)


def test_metrics_refuse_other_targets() -> None:
    for one in (metric("csi"), metric("fss")):
        for target in (CLASSES, REAL):
            with pytest.raises(
                BadInput, match=f"metric: {one.name} scores grid, the target .* is {target.kind}"
            ):
                one.check(target)
    with pytest.raises(BadInput, match="metric: r2 scores real, the target 'rain' is grid"):
        metric("r2").check(GRID)
    with pytest.raises(BadInput, match=r"metric\.mae\.pixels: the target 'value' is real"):
        metric("mae", pixels=[[0, 0]]).check(REAL)
    metric("mae").check(GRID)
    metric("mae").check(REAL)
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        metric("csi", pixels=[[-1, 0]])
