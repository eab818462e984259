"""HOG and embeddings of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from holdfast.errors import BadInput
from holdfast.features.base import Features
from holdfast.recipe.registry import parse
from holdfast.testing.samples import tiny_data
from holdfast.vision import timm


def maker(entry: dict[str, Any] | str) -> Features:
    made = parse("features", entry)
    assert isinstance(made, Features)
    return made


def stripes(axis: int, size: int = 64) -> np.ndarray:
    """One picture with stripes that change along an axis, `(1, size, size, 3)`."""
    wave = np.sin(np.arange(size, dtype=np.float32) * 0.7)
    plane = np.broadcast_to(wave[:, None] if axis == 0 else wave[None, :], (size, size))
    return np.repeat(plane[None, :, :, None], 3, axis=3).astype(np.float32)


def test_hog_counts_edges_in_their_direction() -> None:
    """Gradients down the picture and across it fall into bins a right angle apart."""
    bins = []
    for axis in (0, 1):
        row = maker({"hog": {"orientations": 2}}).transform(stripes(axis))
        assert row.shape == (1, 7 * 7 * 4 * 2)  # blocks of 8 × 8 cells, four cells each
        bins.append(row.reshape(-1, 2).sum(axis=0))
    assert bins[0].argmax() != bins[1].argmax()
    assert all(each.max() > 20 * each.min() for each in bins)


def test_hog_of_a_brighter_picture_is_the_same() -> None:
    X = np.random.default_rng(0).random((2, 32, 24, 3)).astype(np.float32)
    hog = maker("hog")
    np.testing.assert_allclose(hog.transform(3 * X + 5), hog.transform(X), atol=1e-3)


def test_hog_of_pictures_as_they_are() -> None:
    hog = maker({"hog": {"size": None, "pixels_per_cell": [4, 8]}})
    assert hog.transform(np.zeros((2, 16, 24, 3), dtype=np.float32)).shape == (2, 3 * 2 * 4 * 9)
    with pytest.raises(BadInput, match=r"8 × 8 pixels are smaller than a block of 8 × 16"):
        hog.transform(np.zeros((2, 8, 8, 3), dtype=np.float32))


def test_hog_refuses_a_size_below_a_block_before_any_work() -> None:
    with pytest.raises(BadInput, match=r"^members\.a\.features\.hog\.size: pictures of 8 × 64"):
        maker({"hog": {"size": [8, 64]}}).check(tiny_data("images"), "members.a.features.hog")


def test_embedding_is_what_timm_gives_with_those_weights(tmp_path: Path) -> None:
    torch.manual_seed(5)
    there = timm().create_model("test_resnet", num_classes=5)
    torch.save(there.state_dict(), tmp_path / "mine.pth")
    X = np.random.default_rng(0).normal(size=(70, 20, 16, 3)).astype(np.float32)  # more than a batch
    embedding = maker({"embedding": {"name": "test_resnet", "weights": str(tmp_path / "mine.pth")}})
    embedding.check(tiny_data("images"), "features.embedding")
    made = embedding.transform(X)
    with torch.inference_mode():
        x = torch.from_numpy(X).permute(0, 3, 1, 2)
        expected = there.eval().forward_head(there.forward_features(x), pre_logits=True)
    np.testing.assert_allclose(made, expected.numpy(), rtol=1e-3, atol=1e-4)


def test_embedding_reads_a_file_that_was_written_again(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(2, 20, 16, 3)).astype(np.float32)
    embedding = maker({"embedding": {"name": "test_resnet", "weights": str(tmp_path / "mine.pth")}})
    made = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        torch.save(timm().create_model("test_resnet", num_classes=5).state_dict(), tmp_path / "mine.pth")
        made.append(embedding.transform(X))
    assert not np.allclose(*made)


def test_random_embedding_is_the_same_in_any_order_and_draws_nothing_global() -> None:
    X = np.random.default_rng(0).normal(size=(2, 20, 16, 3)).astype(np.float32)
    first = maker({"embedding": {"name": "test_resnet"}})
    made = first.transform(X)
    maker({"embedding": {"name": "test_efficientnet"}}).transform(X)  # takes its place in the cache
    torch.manual_seed(9)
    before = torch.random.get_rng_state()
    assert np.array_equal(first.transform(X), made)
    assert torch.equal(before, torch.random.get_rng_state())


def test_embedding_refuses_before_any_work(tmp_path: Path) -> None:
    where, data = "members.a.features.embedding", tiny_data("images")
    with pytest.raises(BadInput, match=rf"^{where}\.name: timm has no model 'resnet81'"):
        maker({"embedding": {"name": "resnet81"}}).check(data, where)
    with pytest.raises(BadInput, match=rf"^{where}\.weights: .*none\.pth does not exist"):
        maker({"embedding": {"name": "test_resnet", "weights": str(tmp_path / "none.pth")}}).check(
            data, where
        )
    torch.save(timm().create_model("test_efficientnet").state_dict(), tmp_path / "other.pth")
    with pytest.raises(BadInput, match=r"other\.pth does not fit: .*missing"):
        maker({"embedding": {"name": "test_resnet", "weights": str(tmp_path / "other.pth")}}).check(
            data, where
        )
