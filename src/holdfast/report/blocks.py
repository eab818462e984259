"""What a report is made of: sections of blocks, each drawn by the template of its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from holdfast.view.figure import Cell, Figure
from holdfast.view.picture import Picture
from holdfast.view.sample import Drawn

SMALL = 260  # pixels of a picture's width
Tone = Literal["", "good", "warn", "bad"]


@dataclass(frozen=True)
class Text:
    """A paragraph. `tone` colours its edge; `head` is a word in front of it that says the same."""

    form: ClassVar[str] = "text"
    text: str
    tone: Tone = ""
    head: str = ""


@dataclass(frozen=True)
class Headline:
    """The score: the number that everything below is about."""

    form: ClassVar[str] = "headline"
    what: str
    value: str
    interval: str
    how: str


@dataclass(frozen=True)
class Table:
    """A table with its caption; numbers stand right."""

    form: ClassVar[str] = "table"
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Chart:
    """A figure, with its sentence and its table."""

    form: ClassVar[str] = "chart"
    figure: Figure


@dataclass(frozen=True)
class Card:
    """A sample with what is to be said of it."""

    title: str
    lines: Sequence[str]
    drawn: Drawn


@dataclass(frozen=True)
class Gallery:
    """Samples beside one another, wide ones below one another."""

    form: ClassVar[str] = "gallery"
    title: str
    cards: Sequence[Card]

    @property
    def size(self) -> str:
        """By the pictures' own: small, wide, or neither."""
        widths = [card.drawn.picture.size[0] for card in self.cards if card.drawn.picture]
        known = [width for width in widths if width]  # an SVG takes what it gets
        if not known:
            return ""
        return "small" if max(known) <= SMALL else "wide"


@dataclass(frozen=True)
class Motion:
    """A moving picture, shown when asked for, so that nothing moves that a reader cannot stop."""

    form: ClassVar[str] = "motion"
    title: str
    picture: Picture


@dataclass(frozen=True)
class Code:
    """What to type, or a file's text, folded where it is `long`."""

    form: ClassVar[str] = "code"
    label: str
    text: str
    long: bool = False


Block = Text | Headline | Table | Chart | Gallery | Motion | Code


@dataclass
class Section:
    """A question and its answer. `name`: letters and dashes, the anchor."""

    name: str
    title: str
    blocks: list[Block] = field(default_factory=list)
