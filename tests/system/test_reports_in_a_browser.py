"""Reports of three kinds of data (simulated) in Chromium: quiet, alone, drawn, readable, and fit for a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import reported
from browsing import PHONE, empty_charts, grave_faults, scrolls_sideways, watch

from holdfast.report.report import report

pytestmark = pytest.mark.system

RUNS = {"windows": reported.windows_run, "photos": reported.photos_run, "frames": reported.frames_run}
SECTIONS = (
    "What is the score, and can I trust it?", "Where does it fail?", "How did it learn?", "What helped?",
    "Members and blend", "What does it rely on?", "Is it calibrated?", "What was run",
)  # fmt: skip
VIEWS = {
    "light": ("light", 1280),
    "dark": ("dark", 1280),
    "phone": ("light", PHONE),
    "dark phone": ("dark", PHONE),
}
DRAWN = "html[data-drawn]"


@pytest.fixture(scope="module", params=list(RUNS))
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a tiny simulated run."""
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_CACHE", str(folder / "cache"))
        made = report([RUNS[request.param](folder).path])
    assert made.unread == ""
    return made.path


def shown(page: Any, file: Path) -> Any:
    seen = watch(page)
    page.goto(file.as_uri())
    page.wait_for_selector(DRAWN)
    return seen


@pytest.mark.parametrize("view", list(VIEWS))
def test_quiet_alone_drawn_and_without_grave_faults(
    file: Path, view: str, new_page: Callable[..., Any], axe: str
) -> None:
    page = new_page(*VIEWS[view])
    dialogs: list[str] = []

    def dismiss(dialog: Any) -> None:  # of a label that runs as a script
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    seen = shown(page, file)
    assert [url for url in seen.requests if not url.startswith("data:")] == [file.as_uri()]
    assert page.locator("[data-chart]").count() >= 5
    assert empty_charts(page) == []
    for title in SECTIONS:
        assert page.get_by_role("heading", name=title, level=2, exact=True).count() == 1
    for summary in page.locator("details").all():
        summary.evaluate("one => { one.open = true; }")  # what is folded is judged too
    assert grave_faults(page, axe) == []
    assert not scrolls_sideways(page)
    assert seen.errors == []
    assert dialogs == []


def test_samples_are_pictures_that_load(file: Path, new_page: Callable[..., Any]) -> None:
    page = new_page()
    shown(page, file)
    pictures = page.locator("main img, main .drawing svg")
    assert pictures.count() >= 1
    assert page.evaluate("() => [...document.images].every((one) => one.complete && one.naturalWidth > 0)")


def test_the_switch_turns_the_colours_by_keyboard(file: Path, new_page: Callable[..., Any]) -> None:
    page = new_page()
    shown(page, file)
    paper = "() => getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(paper)
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    after = page.evaluate(paper)
    assert before == "rgb(255, 255, 255)"
    assert after != before
    assert page.locator("#scheme").get_attribute("aria-pressed") == "true"


def test_every_chart_is_named_by_its_words(file: Path, new_page: Callable[..., Any]) -> None:
    page = new_page()
    shown(page, file)
    for box in page.locator("[data-chart]").all():
        words = box.get_attribute("aria-label")
        assert page.get_by_role("img", name=words, exact=True).count() >= 1


KOREAN = """([text, font]) => {
  const draw = (family) => {
    const canvas = document.createElement("canvas");
    canvas.width = 120; canvas.height = 40;
    const pen = canvas.getContext("2d");
    pen.font = `28px ${family}`;
    pen.fillText(text, 4, 30);
    return pen.getImageData(0, 0, 120, 40).data.join();
  };
  return draw(font);
}"""


def test_korean_labels_are_letters_and_no_boxes(
    korean_font: str, new_page: Callable[..., Any], tmp_path: Path
) -> None:
    """Two letters look different, and not like one that no font has, in the fonts that a report asks for."""
    page = new_page()
    run = reported.windows_run(tmp_path, network=False)
    shown(page, report([run.path], samples=False).path)
    assert page.locator("[data-chart] svg text", has_text="앉기").count() >= 1
    family = page.evaluate(
        "() => getComputedStyle(document.querySelector('[data-chart] svg text')).fontFamily"
    )
    looks = [page.evaluate(KOREAN, [letter, family]) for letter in ("앉", "기", "\U0010fffd")]
    assert len(set(looks)) == 3, f"{korean_font} is installed, and Chromium does not draw with it"
