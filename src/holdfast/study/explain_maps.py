"""Where in pictures the mistakes of a run come from: maps by the model of the fold that held each picture out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.fit.heads import Head
from holdfast.fit.member import Fitted, load_fitted
from holdfast.predict.explain import grad_cam, occlusion
from holdfast.recipe.target import Attribute, TargetSpec
from holdfast.store.run import ENSEMBLE, Run

Report = Callable[[dict[str, Any]], None]
PATCHES = 6  # covered patches along a picture's shorter side; they overlap by half
STRONGEST = 0.7  # share of red where a map is highest
RED = np.array([255, 0, 0])


@dataclass(frozen=True)
class Maps:
    """Pictures `(n, h, w, 3)` uint8, and maps of what speaks for what was said of them.

    `cam` lies over `seen` `(n, h', w', 3)`, the pictures as the network's pipeline cuts them. `without`: why
    a map is missing.
    """

    pictures: np.ndarray
    occlusion: np.ndarray | None = None  # (n, h, w)
    cam: np.ndarray | None = None  # (n, h', w')
    seen: np.ndarray | None = None
    without: str = ""

    def arrays(self) -> dict[str, np.ndarray]:
        """The maps alone, to keep."""
        named = {"occlusion": self.occlusion, "grad_cam": self.cam}
        return {name: values for name, values in named.items() if values is not None}


def maps_of(
    run: Run, member: str, target: TargetSpec, train: Dataset, mistakes: pd.DataFrame, report: Report
) -> Maps:
    """Maps of mistaken pictures, `train` and `mistakes` row by row, for the class or the attribute's value said."""
    pictures = train.read()
    if member == ENSEMBLE:
        return Maps(pictures, without="an ensemble has no maps; name a member")
    if run.recipe["members"][member].get("seeds", 1) > 1:
        return Maps(pictures, without="models of several seeds have no maps of their own")
    covered, cams, seen, without = [], [], [], ""
    fitted: dict[int, Any] = {}
    for i, picture in enumerate(pictures):
        row = mistakes.iloc[i]
        fold = int(row["fold"])
        if fold not in fitted:
            fitted[fold] = load_fitted(run.fold_folder(member, 0, fold))
        one = _attribute(target, row)
        classes = said_classes(target, one, row["said"])
        covered.append(_covered(fitted[fold], picture, classes, train.names))
        try:
            cams.append(_cam(fitted[fold], picture, one, classes, row))
            seen.append(fitted[fold].pipeline.before(picture[None])[0])
        except BadInput as error:
            without = f"no Grad-CAM: {error}"
        report({"event": "explain", "job": f"{member} {row['id']}", "done": i + 1, "jobs": len(pictures)})
    if without:
        return Maps(pictures, np.stack(covered), without=without)
    return Maps(pictures, np.stack(covered), np.stack(cams), np.stack(seen))


def _attribute(target: TargetSpec, row: Any) -> Attribute | None:
    """The attribute that is mistaken the most; None for plain classes."""
    return next((one for one in target.attributes if one.name == row["mistaken"]), None)


def said_classes(target: TargetSpec, one: Attribute | None, said: str) -> np.ndarray:
    """The class said, or all with the same value of an attribute."""
    code = target.names.index(said)
    if one is None:
        return np.array([code])
    return np.flatnonzero(np.array(one.of_class) == one.of_class[code])


def _covered(fitted: Fitted, picture: np.ndarray, classes: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    def predict(X: np.ndarray) -> np.ndarray:
        each = np.arange(len(X)).astype(str)
        alone = Dataset("images", each, X, names, groups=each)  # what a group shares is not asked for
        return fitted.predict(alone)

    patch = max(min(picture.shape[:2]) // PATCHES, 1)
    return occlusion(predict, picture, classes.tolist(), patch, max(patch // 2, 1))


def _cam(
    fitted: Any, picture: np.ndarray, one: Attribute | None, classes: np.ndarray, row: Any
) -> np.ndarray:
    """Raises BadInput where the model is no network with a map of features."""
    if not getattr(getattr(fitted, "model", None), "has_backbone", False):
        raise BadInput("it needs a network with a backbone")
    net, outputs = explained_outputs(fitted.head, fitted.net, one, classes, row)
    return grad_cam(net, fitted.pipeline.transform(picture[None])[0], outputs)


def explained_outputs(
    head: Head, net: Any, one: Attribute | None, classes: np.ndarray, row: Any
) -> tuple[Any, list[int]]:
    """The network, and those of its outputs, that stand for what was said."""
    if head.attributes == (None,):
        return net, classes.tolist()
    assert one is not None
    place = [each.name for each in head.attributes if each is not None].index(one.name)
    value = one.values.index(row[f"{one.name}_said"])
    if head.kind == "separate":
        return net.nets[place], [value]
    return net, [sum(head.widths[:place]) + value]


def panels(maps: Maps, i: int) -> list[np.ndarray]:
    """A picture, and the same with each of its maps in red; all of the picture's size."""
    picture = maps.pictures[i]
    made = [picture]
    if maps.occlusion is not None:
        made.append(tinted(picture, maps.occlusion[i]))
    if maps.cam is not None and maps.seen is not None:
        made.append(tinted(_sized(maps.seen[i], picture.shape), _sized(maps.cam[i], picture.shape)))
    return made


def tinted(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A picture, the redder the higher its map; where that is not above 0, as it was.

    >>> tinted(np.full((1, 2, 3), 100, dtype=np.uint8), np.array([[-1.0, 2.0]])).tolist()
    [[[100, 100, 100], [208, 30, 30]]]
    """
    above = np.clip(heat, 0, None)
    share = STRONGEST * above[..., None] / (above.max() or 1)
    return np.asarray((picture * (1 - share) + RED * share).round(), dtype=np.uint8)


def _sized(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A picture, or a map, at another's size."""
    from holdfast.vision import pillow

    if image.shape[:2] == shape[:2]:
        return image
    pixels = image if image.dtype == np.uint8 else image.astype(np.float32)
    return np.asarray(pillow().fromarray(pixels).resize((shape[1], shape[0])))
