"""Letters of pictures: the font that has them is found, or a note says what to install."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image, ImageDraw

from holdfast.check.base import Seen
from holdfast.check.suspects_list import write_photos
from holdfast.fonts import Fonts, fonts_for, in_matplotlib, letters_of_font, write_line
from holdfast.recipe.schema import Recipe
from holdfast.study.explain_frames import Forecasts, explain_frames
from holdfast.testing.samples import CLASSES, GRID, tiny_data

DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
KOREAN = "한글"


@pytest.fixture
def korean(tmp_path: Path) -> Path:
    """A font of two Korean letters, drawn as triangles."""
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder([".notdef", "one", "two"])
    made.setupCharacterMap({ord(letter): name for letter, name in zip(KOREAN, ("one", "two"))})
    glyphs = {}
    for name, top in ((".notdef", 100), ("one", 700), ("two", 900)):
        pen = TTGlyphPen(None)
        pen.moveTo((100, 0))
        pen.lineTo((900, 0))
        pen.lineTo((500, top))
        pen.closePath()
        glyphs[name] = pen.glyph()
    made.setupGlyf(glyphs)
    made.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 0)))
    made.setupHorizontalHeader(ascent=900, descent=-100)
    made.setupNameTable({"familyName": "Triangles", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    made.save(tmp_path / "triangles.ttf")
    return tmp_path / "triangles.ttf"


def test_ascii_asks_for_no_font() -> None:
    assert fonts_for(["still", "walk-3 %"]) == Fonts()


def test_greek_and_cyrillic_are_in_the_font_that_matplotlib_brings() -> None:
    found = fonts_for(["ξένος", "жизнь"], files=[])
    assert [file.name for file in found.files] == ["DejaVuSans.ttf"]
    assert found.note is None


def test_korean_without_its_font_names_the_package() -> None:
    found = fonts_for([KOREAN, "é"], files=sorted(DEJAVU.glob("DejaVu*.ttf")))
    assert found.missing == "글한"
    assert found.note is not None
    assert "글 한" in found.note
    assert "apt install fonts-nanum" in found.note


def test_korean_font_is_found_and_used_for_its_letters_only(korean: Path) -> None:
    found = fonts_for([KOREAN], files=[*DEJAVU.glob("DejaVu*.ttf"), korean])
    assert found.note is None
    assert found.files[1:] == (korean,)
    assert [text for _, text in found.runs("p1: 한글, ж")] == ["p1: ", "한글", ", ж"]


def test_a_broken_file_is_no_font(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"not a font")
    assert not letters_of_font(tmp_path / "broken.ttf")
    assert fonts_for([KOREAN], files=[tmp_path / "broken.ttf"]).missing == "글한"


def figure_of(text: str, files: list[Path]) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with in_matplotlib([text], files):
        figure = Figure(figsize=(2, 1))
        FigureCanvasAgg(figure)
        figure.suptitle(text)
        file = io.BytesIO()
        figure.savefig(file, format="png")
    return np.asarray(Image.open(file).convert("L"))


def test_matplotlib_draws_letters_not_boxes(korean: Path) -> None:
    one, two = figure_of("한", [korean]), figure_of("글", [korean])
    assert (one != two).any()  # one triangle is higher
    assert (figure_of("한", []) == figure_of("글", [])).all()  # boxes
    assert "Triangles" not in matplotlib.rcParams["font.family"]


def test_pillow_draws_letters_not_boxes(korean: Path) -> None:
    def line(text: str, files: list[Path]) -> np.ndarray:
        image = Image.new("RGB", (60, 20), "white")
        write_line(ImageDraw.Draw(image), (2, 2), text, fonts_for([text], files))
        return np.asarray(image)

    assert (line("a 한", [korean]) != line("a 글", [korean])).any()
    assert (line("a 한", []) == line("a 글", [])).all()


def only(monkeypatch: pytest.MonkeyPatch, files: list[Path]) -> None:
    monkeypatch.setattr("holdfast.fonts._installed", lambda: files)


def test_labels_of_photos_are_drawn_or_the_note_says_why_not(
    korean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = Seen(Recipe.model_construct(folds=None), tiny_data("images", groups=3), CLASSES)
    listed = pd.DataFrame({"id": photos.train.ids, "given": KOREAN, "seems": "walk"})
    only(monkeypatch, [korean])
    assert write_photos(listed, photos, tmp_path / "drawn.png") == []
    only(monkeypatch, [])
    (note,) = write_photos(listed, photos, tmp_path / "boxes.png")
    assert "fonts-nanum" in note
    with Image.open(tmp_path / "drawn.png") as drawn, Image.open(tmp_path / "boxes.png") as boxes:
        assert (np.asarray(drawn) != np.asarray(boxes)).any()


def test_curves_of_rain_name_a_member_or_say_which_font_it_lacks(
    korean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tiny_data("frames", groups=2)
    made = Forecasts(data, GRID, KOREAN, data.read_grids() + np.float32(0.1), np.arange(len(data)) % 3)
    only(monkeypatch, [korean])
    assert explain_frames(made, tmp_path / "drawn", 2, samples=False).notes == []
    only(monkeypatch, [])
    (note,) = explain_frames(made, tmp_path / "boxes", 2, samples=False).notes
    assert "fonts-nanum" in note
