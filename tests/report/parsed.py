"""A report as what a browser would build from it, without one."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

LOADING = ("src", "href", "srcset", "poster", "action", "data")


@dataclass
class Parsed(HTMLParser):
    """Tags with their attributes in order, and the text of each element by its tag."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self.open: list[str] = []

    def __hash__(self) -> int:
        return id(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "link", "path", "line", "rect", "circle"):
            self.open.append(tag)
            self.text.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        while tag in self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.text[tag][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def loads(self) -> list[str]:
        """What the page would fetch."""
        values = [attrs[name] or "" for _, attrs in self.tags for name in LOADING if name in attrs]
        return [value for value in values if not value.startswith(("#", "data:image/"))]

    @property
    def body(self) -> str:
        """The words that a reader sees."""
        return " ".join(self.text["main"])


def parse(file: Path) -> Parsed:
    parsed = Parsed()
    parsed.feed(file.read_text(encoding="utf-8"))
    return parsed
