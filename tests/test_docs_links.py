"""Every link of the docs leads somewhere: the file is there, and the heading that its anchor names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("recipes/**/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"docs/[\w/-]+\.md(?:#[\w-]+)?")  # in what the package prints


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them: lower case, hyphens for spaces, no punctuation."""
    found: dict[str, int] = {}
    for heading in re.findall(r"^#+ (.+)$", _without_code(page.read_text(encoding="utf-8")), re.M):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")
        found[name] = found.get(name, -1) + 1
    return {f"{name}-{i}" if i else name for name, times in found.items() for i in range(times + 1)}


def broken(text: str, page: Path) -> list[str]:
    """The links of a page's text that lead nowhere; addresses of the web are left alone."""
    wrong = []
    for link in LINK.findall(_without_code(text)):
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, anchor = link.partition("#")
        there = (page.parent / file) if file else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            wrong.append(link)
    return wrong


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page.read_text(encoding="utf-8"), page) == []


def test_planted_broken_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Here, and `there`\n## Twice\n## Twice\n")
    fine = (
        "[a](page.md#here-and-there) [b](#twice-1) [c](https://example.org/gone)\n```\n[d](in-code.md)\n```\n"
    )
    assert broken(fine, page) == []
    assert broken("[a](page.md#hear) [b](gone.md) [c](#twice-2)", page) == [
        "page.md#hear",
        "gone.md",
        "#twice-2",
    ]


def test_pages_that_the_package_names_are_there() -> None:
    named = {
        link: file.name
        for file in sorted((ROOT / "src").rglob("*.py"))
        for link in NAMED.findall(file.read_text(encoding="utf-8"))
    }
    assert "docs/checks.md" in named
    for link, said_by in named.items():
        path, _, anchor = link.partition("#")
        assert (ROOT / path).is_file(), f"{said_by}: {link}"
        assert not anchor or anchor in anchors(ROOT / path), f"{said_by}: {link}"
