"""Fonts for the texts of a picture: labels may be Korean, Greek or Thai, and one font seldom has the letters of all.

A letter that no font has is drawn as an empty box. So the installed fonts are searched for those that have it, and
where none does, a note says so, and what to install.
"""

from __future__ import annotations

import logging
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

NAMED = 5  # letters that a note names
# The Debian package with a font for letters whose Unicode name begins with the word; all others by OTHERS.
PACKAGES = {
    "HANGUL": "fonts-nanum",
    "CJK": "fonts-noto-cjk",
    "HIRAGANA": "fonts-noto-cjk",
    "KATAKANA": "fonts-noto-cjk",
}
OTHERS = "fonts-noto-core"
EMOJI = "fonts-symbola"


@dataclass(frozen=True)
class Fonts:
    """Font files in the order in which a letter is looked up; none where any font does."""

    files: tuple[Path, ...] = ()
    missing: str = ""  # letters that no file has

    @property
    def note(self) -> str | None:
        """Which letters will be boxes, and what to install; None where all can be drawn.

        >>> Fonts(missing="가나").note
        'no installed font has the letters 가 나: pictures show boxes in their place; on Debian: apt install fonts-nanum'
        """
        if not self.missing:
            return None
        named = " ".join(self.missing[:NAMED])
        more = f" and {len(self.missing) - NAMED} more" if len(self.missing) > NAMED else ""
        packages = " ".join(sorted({package_of(letter) for letter in self.missing}))
        return (
            f"no installed font has the letters {named}{more}: pictures show boxes in their place;"
            f" on Debian: apt install {packages}"
        )

    def runs(self, text: str) -> list[tuple[Path, str]]:
        """The text cut where the font changes; a letter that no font has goes to the first."""
        made: list[tuple[Path, str]] = []
        for letter in text:
            file = next((one for one in self.files if ord(letter) in letters_of_font(one)), self.files[0])
            if made and made[-1][0] == file:
                made[-1] = file, made[-1][1] + letter
            else:
                made.append((file, letter))
        return made


def package_of(letter: str) -> str:
    """The Debian package whose font has a letter.

    >>> package_of("한"), package_of("字"), package_of("ไ"), package_of("🙂")
    ('fonts-nanum', 'fonts-noto-cjk', 'fonts-noto-core', 'fonts-symbola')
    """
    if unicodedata.category(letter) == "So":
        return EMOJI
    word = unicodedata.name(letter, "").split(" ")[0].split("-")[0]
    return PACKAGES.get(word, OTHERS)


def fonts_for(texts: Iterable[object], files: Sequence[Path] | None = None) -> Fonts:
    """The fewest fonts found that have the letters of all texts; `files`: in place of the installed ones.

    ASCII asks for none: every default has it. Matplotlib's own DejaVu Sans (Latin, Greek, Cyrillic) goes first.
    """
    wanted = {ord(letter) for letter in set("".join(map(str, texts))) if _is_drawn(letter)}
    if not wanted:
        return Fonts()
    own = _own_font()
    candidates = [] if own is None else sorted(_installed() if files is None else files)
    chosen = [] if own is None else [own]
    left = wanted - letters_of_font(own) if own else wanted
    while left and candidates:
        best = max(candidates, key=lambda file: (len(left & letters_of_font(file)), _is_plain(file)))
        if not left & letters_of_font(best):
            break
        chosen.append(best)
        left -= letters_of_font(best)
    return Fonts(tuple(chosen), "".join(map(chr, sorted(left))))


@contextmanager
def in_matplotlib(texts: Iterable[object], files: Sequence[Path] | None = None) -> Iterator[Fonts]:
    """While figures are drawn and saved, matplotlib looks letters up in the fonts for these texts."""
    fonts = fonts_for(texts, files)
    if not fonts.files:
        yield fonts
        return
    import matplotlib
    from matplotlib import font_manager

    families = []
    for file in fonts.files[1:]:
        font_manager.fontManager.addfont(file)
        families.append(font_manager.FontProperties(fname=file).get_name())
    said = logging.getLogger("matplotlib.font_manager")
    level = said.level
    said.setLevel(logging.ERROR)  # a font without a bold face is no news
    try:
        looked_up: Any = {"font.family": [*matplotlib.rcParams["font.family"], *families]}
        with matplotlib.rc_context(looked_up), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # the note says it once
            yield fonts
    finally:
        said.setLevel(level)


def write_line(draw: Any, place: tuple[float, float], text: str, fonts: Fonts, size: int = 10) -> None:
    """A black line of text whose upper left corner is at `place`, on Pillow's `ImageDraw`."""
    if not fonts.files:
        draw.text(place, text, fill=(0, 0, 0))
        return
    from PIL import ImageFont

    x, y = place
    for file, run in fonts.runs(text):
        font = ImageFont.truetype(str(file), size)
        draw.text((x, y + size), run, font=font, fill=(0, 0, 0), anchor="ls")  # all on one baseline
        x += font.getlength(run)


@lru_cache(maxsize=1024)
def letters_of_font(file: Path) -> frozenset[int]:
    """The code points that a font file can draw; none where it cannot be read or holds bitmaps only."""
    from matplotlib.ft2font import FT2Font

    try:
        face = FT2Font(str(file))
        named = face.family_name.replace(" ", "").lower()
        if not face.scalable or "lastresort" in named:  # boxes, one for each script
            return frozenset()
        return frozenset(face.get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


def _is_drawn(letter: str) -> bool:
    """Whether a letter needs more than the default font; not spaces, nor what joins or directs letters."""
    return (
        not letter.isascii()
        and unicodedata.category(letter)[0] not in "ZC"
        and not 0xFE00 <= ord(letter) <= 0xFE0F
    )


def _is_plain(file: Path) -> bool:
    """A regular, upright font without serifs, as far as its file name tells."""
    name = file.stem.lower()
    return not any(
        word in name
        for word in ("bold", "italic", "oblique", "serif", "mono", "myeongjo", "light", "black", "coding")
    )


def _own_font() -> Path | None:
    """DejaVu Sans of matplotlib's; None where matplotlib is not installed, and fonts cannot be read."""
    try:
        import matplotlib
    except ModuleNotFoundError:
        return None
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def _installed() -> list[Path]:
    """Looked for anew, since matplotlib's own list does not know of fonts that came after it."""
    from matplotlib.font_manager import findSystemFonts

    return [Path(file) for file in findSystemFonts()]
