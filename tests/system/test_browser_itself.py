"""The browser tests can fail: planted faults are found, and a clean page has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import PHONE, empty_charts, grave_faults, scrolls_sideways, watch

pytestmark = pytest.mark.system

CLEAN = "<html lang=en><title>t</title><main><h1>clean</h1><p>text</p></main></html>"
FAULTY = """<html><title>t</title><main><h1>faulty</h1><img src="missing.png"><div style="width: 2000px">wide</div>
<div data-chart="empty"></div><script>console.error("planted")</script></main></html>"""


def shown(page: Any, tmp_path: Any, text: str) -> Any:
    (tmp_path / "page.html").write_text(text)
    seen = watch(page)
    page.goto((tmp_path / "page.html").as_uri())
    return seen


def test_a_clean_page_has_no_fault(new_page: Callable[..., Any], axe: str, tmp_path: Any) -> None:
    page = new_page(width=PHONE)
    seen = shown(page, tmp_path, CLEAN)
    assert seen.errors == []
    assert len(seen.requests) == 1
    assert grave_faults(page, axe) == []
    assert not scrolls_sideways(page)
    assert empty_charts(page) == []


def test_planted_faults_are_found(new_page: Callable[..., Any], axe: str, tmp_path: Any) -> None:
    page = new_page(width=PHONE)
    seen = shown(page, tmp_path, FAULTY)
    assert "planted" in seen.errors
    assert [url.rsplit("/")[-1] for url in seen.requests] == ["page.html", "missing.png"]
    assert any(fault.startswith("image-alt") for fault in grave_faults(page, axe))
    assert scrolls_sideways(page)
    assert empty_charts(page) == ["empty"]
