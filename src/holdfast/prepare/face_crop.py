"""Faces cut out of pictures."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from holdfast.errors import BadInput
from holdfast.prepare.base import Preparation
from holdfast.prepare.resize import Size, resized
from holdfast.recipe.registry import component
from holdfast.vision import opencv

Box = tuple[int, int, int, int]  # top, left, height, width, in pixels


def largest_face(found: np.ndarray | None) -> np.ndarray | None:
    """Left, top, width and height `(4,)` of the largest of the faces `(faces, 15)` that OpenCV found."""
    if found is None or not len(found):
        return None
    return found[(found[:, 2] * found[:, 3]).argmax(), :4].astype(np.float64)


def box_around(face: np.ndarray | None, margin: float, size: tuple[int, int], shape: tuple[int, ...]) -> Box:
    """The box in a picture of `shape` (height, width) to cut out, with the proportions of `size`.

    It holds the face and a margin on each side of it, is moved into the picture where it would reach out of it,
    and is smaller where the picture is. Without a face: the largest box in the middle.

    >>> box_around(np.array([40.0, 30.0, 20.0, 20.0]), 0.5, (64, 64), (100, 100))
    (20, 30, 40, 40)
    >>> box_around(None, 0.5, (64, 32), (100, 100))
    (0, 25, 100, 50)
    """
    (height, width), most = size, min(shape[0] / size[0], shape[1] / size[1])
    if face is None:
        scale, middle = most, (shape[0] / 2, shape[1] / 2)
    else:
        left, top, w, h = face
        scale = min(max(h * (1 + 2 * margin) / height, w * (1 + 2 * margin) / width), most)
        middle = (top + h / 2, left + w / 2)
    lengths = [max(1, min(round(scale * side), whole)) for side, whole in zip(size, shape)]
    starts = [
        min(max(round(centre - length / 2), 0), whole - length)
        for centre, length, whole in zip(middle, lengths, shape)
    ]
    return starts[0], starts[1], lengths[0], lengths[1]


class FaceCropper:
    """Finds the face of each picture once, however often the picture comes."""

    def __init__(self, spec: FaceCrop, detector: Any):
        self.spec, self.detector = spec, detector
        self.boxes: dict[bytes, Box] = {}  # by the picture's content
        self.without_face = 0

    @property
    def facts_(self) -> dict[str, Any]:
        """How many different pictures it has seen, and in how many of them it found no face."""
        return {"pictures": len(self.boxes), "without_face": self.without_face}

    def transform(self, X: np.ndarray) -> np.ndarray:
        made = np.empty((len(X), *self.spec.size, X.shape[3]), dtype=X.dtype)
        for place, picture in enumerate(X):
            top, left, height, width = self._box(picture)
            part = picture[None, top : top + height, left : left + width]
            made[place] = resized(part, self.spec.size)[0]
        return made

    def _box(self, picture: np.ndarray) -> Box:
        key = blake2b(picture.tobytes(), digest_size=16).digest()
        if key not in self.boxes:
            self.detector.setInputSize((picture.shape[1], picture.shape[0]))
            # OpenCV's models take blue first
            face = largest_face(self.detector.detect(np.ascontiguousarray(picture[:, :, ::-1]))[1])
            self.without_face += face is None
            self.boxes[key] = box_around(face, self.spec.margin, self.spec.size, picture.shape[:2])
        return self.boxes[key]

    def __getstate__(self) -> dict[str, Any]:
        """OpenCV's detector cannot be pickled; the file makes it again."""
        return {**self.__dict__, "detector": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.detector = self.spec.detector()


@component("face_crop")
class FaceCrop(Preparation):
    """Cut out the largest face of each picture, by OpenCV's FaceDetectorYN (YuNet, Wu et al. 2023), and resize it.

    Training and test pictures alike; a picture without a found face gives its middle. Stands first, where the
    picture is as it was read.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"images"})
    before_augment: ClassVar[bool] = True
    keeps_steps: ClassVar[bool] = False
    reads_file: ClassVar[str] = "model"

    model: str = Field(
        description="the detector's .onnx file, such as face_detection_yunet_2023mar.onnx of OpenCV's model zoo",
        examples=["face_detection_yunet_2023mar.onnx"],
    )
    size: Size = Field(description="height and width of the faces, in pixels", examples=[[16, 12]])
    margin: float = Field(
        0.2, ge=0, le=3, description="what is kept on each side, as a share of the face's height or width"
    )
    score_threshold: float = Field(
        0.9, gt=0, lt=1, description="least certainty of a face (OpenCV's default); masked ones may need less"
    )

    def build(self, names: tuple[str, ...]) -> FaceCropper:
        return FaceCropper(self, self.detector())

    def detector(self) -> Any:
        """OpenCV's detector. Raises BadInput where the file is missing, or holds no such model."""
        where, cv2 = "prepare.face_crop.model", opencv()
        if not Path(self.model).is_file():
            raise BadInput(
                f"{where}: {self.model} does not exist. Download face_detection_yunet_2023mar.onnx from OpenCV's model"
                " zoo (github.com/opencv/opencv_zoo) and write its path here"
            )
        try:
            return cv2.FaceDetectorYN.create(self.model, "", (1, 1), self.score_threshold)
        except cv2.error as error:
            raise BadInput(
                f"{where}: OpenCV cannot read {self.model} as a face detector: {str(error).strip()}"
            ) from None
