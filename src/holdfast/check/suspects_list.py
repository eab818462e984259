"""Every label with what speaks against it, the likeliest wrong first: a table, and the photos of its first rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from holdfast.check.base import Seen
from holdfast.check.labels import probabilities_of
from holdfast.errors import BadInput
from holdfast.fonts import Fonts, fonts_for, write_line
from holdfast.metrics.suspects import attribute_suspects
from holdfast.recipe.strict import nearest

if TYPE_CHECKING:
    import pandas as pd

PHOTOS = 60  # of the picture
ACROSS = 6
SIDE = 160  # pixels of a photo's width
LINE = 12  # pixels of a line of text


def suspects_list(seen: Seen, attributes: Sequence[str] = ()) -> pd.DataFrame:
    """A row for each sample and attribute (of joint classes), those likely wrong first; `attributes`: only these.

    `p_given`: the calibrated out-of-fold probability of the label; `seems`, `p_seems`: what it seems to be, and the
    probability of that; `suspected`: by the rule of HF201. Raises BadInput.
    """
    import pandas as pd

    if seen.target.kind != "classes" or seen.oof is None:
        raise BadInput(
            "suspects: labels are judged by out-of-fold predictions of classes; name a finished run of classes"
        )
    known = [one.name for one in seen.target.attributes]
    for name in attributes:
        if name not in known:
            said = nearest(name, known) if known else "its classes have none"
            raise BadInput(f"--attribute: the target has no attribute {name!r}; {said}")
    train, y = seen.train, seen.truth
    values = {one.name: (one.values, one.codes(y)) for one in seen.target.attributes} or {
        "": (seen.target.names, y)
    }
    rows, parts = np.arange(len(y)), []
    for name, one in attribute_suspects(probabilities_of(seen.oof), y, seen.target, train.groups).items():
        if attributes and name not in attributes:
            continue
        names, given = np.array(values[name][0]), values[name][1]
        parts.append(
            pd.DataFrame(
                {
                    "id": train.ids,
                    "group": "" if train.groups is None else train.groups,
                    "attribute": name or seen.target.column,
                    "given": names[given],
                    "seems": names[one.instead],
                    "p_given": one.confidence,
                    "p_seems": one.noise.p[rows, one.instead],
                    "suspected": one.suspected,
                    "margin": one.margin,
                }
            )
        )
    made = pd.concat(parts).sort_values(["suspected", "margin"], ascending=[False, True], kind="stable")
    return made.drop(columns="margin").reset_index(drop=True)


def write_list(listed: pd.DataFrame, file: Path) -> None:
    """As CSV; a file that is there stays as it is. Raises BadInput."""
    _must_be_new(file)
    listed.to_csv(file, index=False, lineterminator="\n", float_format="%.6g")


def write_photos(listed: pd.DataFrame, seen: Seen, file: Path) -> list[str]:
    """The photos of the first rows, each once, with its id, its label and what that seems to be; returns notes.

    Raises BadInput.
    """
    from holdfast.predict.explain import mosaic
    from holdfast.store.atomic import write_whole
    from holdfast.vision import pillow

    if seen.train.kind != "images":
        raise BadInput(f"--mosaic: it is for photos, these data are {seen.train.kind}")
    _must_be_new(file)
    first = listed.drop_duplicates("id").head(PHOTOS)
    order = np.argsort(seen.train.ids)
    rows = order[np.searchsorted(seen.train.ids, first["id"].to_numpy(), sorter=order)]
    told = first["given"] + ", seems " + first["seems"]
    fonts = fonts_for([*first["id"], *told])
    made = [
        captioned(photo, (str(name), str(said)), fonts)
        for photo, name, said in zip(seen.train.read(rows), first["id"], told)
    ]
    picture = mosaic(made, ACROSS)
    write_whole(file, lambda out: pillow().fromarray(picture).save(out, format="PNG"))
    return [fonts.note] if fonts.note else []


def captioned(photo: np.ndarray, lines: Sequence[str], fonts: Fonts) -> np.ndarray:
    """A photo `(h, w, 3)` at a width of 160 pixels, with lines of text below it."""
    from PIL import ImageDraw

    from holdfast.vision import pillow

    image = pillow().fromarray(photo)
    height = round(SIDE * image.height / image.width)
    whole = pillow().new("RGB", (SIDE, height + LINE * len(lines) + 2), "white")
    whole.paste(image.resize((SIDE, height)))
    draw = ImageDraw.Draw(whole)
    for i, line in enumerate(lines):
        write_line(draw, (2, height + LINE * i), line, fonts)
    return np.asarray(whole)


def _must_be_new(file: Path) -> None:
    if file.exists():
        raise BadInput(f"{file} is there already; name another file, or move it away")
