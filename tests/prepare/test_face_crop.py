"""Faces cut out: the boxes by hand, and OpenCV's own detector on a tiny network."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prepare_detector import write_detector

from holdfast.errors import BadInput
from holdfast.prepare.face_crop import FaceCrop, FaceCropper, box_around, largest_face
from holdfast.prepare.pipeline import Pipeline
from holdfast.prepare.resize import resized
from holdfast.recipe.registry import parse
from holdfast.testing import PrepareContract

NAMES = ("red", "green", "blue")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_detector(tmp_path_factory.mktemp("model") / "tiny.onnx"))


def face_crop(model: str, **fields: Any) -> FaceCrop:
    return parse("prepare", {"face_crop": {"model": model, "size": [16, 16], **fields}})  # type: ignore[return-value]


def pictures() -> np.ndarray:
    """Simulated pictures `(3, 64, 64, 3)`: one bright square, two, none; dim noise around."""
    made = np.random.default_rng(0).integers(0, 60, (3, 64, 64, 3), dtype=np.uint8)
    made[0, 16:24, 32:40] = 250
    made[1, 8:16, 8:16] = made[1, 40:48, 48:56] = 230
    return made


class TestFaceCrop(PrepareContract):
    """The contract, where there is a model."""

    @pytest.fixture(autouse=True, scope="class")
    def _with_a_model(self, request: pytest.FixtureRequest, model: str) -> None:
        request.cls.component = face_crop(model, size=(10, 8), score_threshold=0.5)


def test_finds_the_face_in_red_green_blue(model: str) -> None:
    cropper = face_crop(model, margin=0.0).build(NAMES)
    X = pictures()
    made = cropper.transform(X)
    assert made.shape == (3, 16, 16, 3)
    assert made.dtype == np.uint8
    # 8 pixels around the corner of the bright cell
    assert np.array_equal(made[0], resized(X[:1, 12:20, 28:36], (16, 16))[0])
    red = X.copy()
    red[..., 2] = 0  # OpenCV's network looks at blue alone
    cropper.transform(red)
    assert cropper.facts_ == {"pictures": 6, "without_face": 4}


def test_without_a_face_the_middle(model: str) -> None:
    X = pictures()
    made = face_crop(model, size=[32, 16]).build(NAMES).transform(X)
    assert np.array_equal(made[2], resized(X[2:, :, 16:48], (32, 16))[0])


def test_each_picture_counts_once(model: str) -> None:
    pipeline = Pipeline([face_crop(model)], "images", NAMES)
    for _ in range(3):
        pipeline.before(pictures())
    assert pipeline.facts == {"face_crop": {"pictures": 3, "without_face": 1}}
    again = pickle.loads(pickle.dumps(pipeline))
    assert again.facts == pipeline.facts
    assert np.array_equal(again.before(pictures()), pipeline.before(pictures()))


def test_less_certain_faces_are_a_matter_of_the_threshold(model: str) -> None:
    X = pictures()
    X[X > 200] = 150  # certainty 0.59
    found = []
    for threshold in (0.5, 0.7):
        cropper = face_crop(model, score_threshold=threshold).build(NAMES)
        cropper.transform(X)
        found.append(cropper.facts_["without_face"])
    assert found == [1, 3]


def test_largest_face_counts() -> None:
    faces = np.zeros((3, 15), dtype=np.float32)
    faces[:, :4] = [[0, 0, 5, 5], [1, 2, 6, 7], [3, 3, 20, 2]]
    face = largest_face(faces)
    assert face is not None
    assert face.tolist() == [1, 2, 6, 7]
    assert largest_face(None) is None
    assert largest_face(faces[:0]) is None


def test_box_is_moved_into_the_picture() -> None:
    corner = np.array([-4.0, -6.0, 20.0, 20.0])
    assert box_around(corner, 0.5, (64, 64), (100, 100)) == (0, 0, 40, 40)
    end = np.array([90.0, 85.0, 20.0, 20.0])
    assert box_around(end, 0.5, (64, 64), (100, 100)) == (60, 60, 40, 40)


def test_box_has_the_proportions_that_are_asked_for() -> None:
    assert box_around(np.array([40.0, 40.0, 10.0, 20.0]), 0.0, (20, 20), (100, 100)) == (40, 35, 20, 20)
    assert box_around(np.array([40.0, 40.0, 20.0, 10.0]), 0.0, (40, 20), (100, 100)) == (25, 40, 40, 20)
    assert box_around(np.array([0.0, 0.0, 90.0, 90.0]), 1.0, (10, 20), (60, 100)) == (10, 0, 50, 100)


@settings(max_examples=200, deadline=None)
@given(
    st.tuples(*[st.floats(-50, 150)] * 2, *[st.floats(1, 200)] * 2),
    st.floats(0, 3),
    st.tuples(*[st.integers(1, 40)] * 2),
    st.tuples(*[st.integers(1, 120)] * 2),
)
def test_box_lies_in_the_picture(
    face: Any, margin: float, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    top, left, height, width = box_around(np.array(face), margin, size, shape)
    assert height >= 1
    assert width >= 1
    assert 0 <= top <= shape[0] - height
    assert 0 <= left <= shape[1] - width


def test_missing_model_is_said_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"prepare.face_crop.model: .*absent.onnx does not exist. Download face_detection"
    ):
        face_crop(str(tmp_path / "absent.onnx")).build(NAMES)


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x06"])
def test_what_is_no_model_is_said(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"OpenCV cannot read .*model.onnx as a face detector"):
        face_crop(str(file)).build(NAMES)


def test_model_that_went_away_is_said_on_loading(model: str, tmp_path: Path) -> None:
    file = tmp_path / "moved.onnx"
    file.write_bytes(Path(model).read_bytes())
    held = pickle.dumps(FaceCropper(face_crop(str(file)), None))
    file.unlink()
    with pytest.raises(BadInput, match=r"moved.onnx does not exist"):
        pickle.loads(held)
