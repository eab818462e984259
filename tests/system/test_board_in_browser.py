"""The board in a browser, from a run that is watched live to a submission that the budget refuses."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from browsing import PHONE, empty_charts, grave_faults, scrolls_sideways, watch
from tiny import ARRAYS, CONV, array_folder, recipe

from holdfast.store.ledger.opening import open_ledger
from holdfast.train import train

pytestmark = pytest.mark.system
LONG = {**CONV, "fit": {**CONV["fit"], "epochs": 60}}  # some seconds a fold
WAIT = 120_000  # milliseconds


def holdfast(*arguments: str, cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "holdfast", *arguments], cwd=cwd, env={**os.environ})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two finished runs of a network on simulated windows, a recipe to train, and five submissions a day."""
    project = tmp_path_factory.mktemp("board")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_CACHE", str(project / "cache"))
        data = array_folder(project / "data")
        for name, epochs in (("first", 3), ("second", 12)):
            conv = {**CONV, "fit": {**CONV["fit"], "epochs": epochs}}
            train(recipe(ARRAYS, data, {"conv": conv}), project / "runs" / name, accept=None)
    (project / "recipe.yaml").write_text(yaml.safe_dump(recipe(ARRAYS, data, {"conv": LONG})))
    with open_ledger(None, project / "runs") as ledger:
        ledger.set_limit(5, team=True)
    return project


@pytest.fixture(scope="module")
def board(project: Path) -> Iterator[str]:
    """The address of a board over the project's runs, a process of its own."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    server = holdfast("board", "runs", "--port", str(port), cwd=project)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=60).read()
            break
        except OSError:
            assert server.poll() is None
            time.sleep(0.1)
    yield address
    server.terminate()
    assert server.wait(timeout=30) is not None


def test_a_run_is_watched_from_start_to_end(project: Path, board: str, new_page: Callable[..., Any]) -> None:
    page = new_page()
    seen = watch(page)
    work = holdfast("train", "recipe.yaml", "-o", "runs/live", "--jobs", "1", cwd=project)
    try:
        (link,) = until(page, board, "a[href='/live/live']")
        link.click()
        page.wait_for_selector(".badge.in-work")
        page.wait_for_selector("svg .line")
        page.evaluate("() => { window.same = true; }")
        steps = set()
        for _ in range(3):  # the page changes by itself
            text = page.inner_text("#live tbody")
            steps.add(text)
            page.wait_for_function(
                "old => document.querySelector('#live tbody')?.innerText !== old", arg=text
            )
        assert len(steps) == 3
        assert "about" in page.inner_text(".state") or page.locator(".badge.finished").count()
        page.wait_for_selector(".badge.finished", timeout=WAIT)
        assert page.evaluate("() => window.same")  # it was never loaded anew
        assert page.locator("svg .line").count() == 3
        page.click("text=Open the run with its scores")
        page.wait_for_selector("h1:has-text('live')")
        assert page.locator(".score .value").inner_text()
    finally:
        assert work.wait(timeout=120) == 0
    assert seen.errors == []


def until(page: Any, address: str, selector: str) -> list[Any]:
    """Load an address until something is there."""
    for _ in range(300):
        page.goto(address)
        if found := page.query_selector_all(selector):
            return found
        page.wait_for_timeout(300)
    raise AssertionError(f"{selector} did not come")


def test_a_killed_run_is_called_stopped(project: Path, board: str, new_page: Callable[..., Any]) -> None:
    page = new_page()
    seen = watch(page)
    work = holdfast("train", "recipe.yaml", "-o", "runs/killed", "--jobs", "1", cwd=project)
    (link,) = until(page, board, "a[href='/live/killed']")
    link.click()
    page.wait_for_selector(".badge.in-work")
    work.kill()
    work.wait()
    page.wait_for_selector(".badge.stopped", timeout=WAIT)
    assert seen.errors == []


def names(page: Any) -> list[str]:
    return [one.inner_text().split()[0] for one in page.query_selector_all("#list tbody th")]


def test_filter_sort_compare_and_a_mistake(board: str, new_page: Callable[..., Any]) -> None:
    page = new_page()
    seen = watch(page)
    page.goto(board)
    page.type("#q", "sec")
    page.wait_for_function("() => document.querySelectorAll('#list tbody tr').length === 1")
    assert names(page) == ["second"]
    assert page.url.endswith("q=sec&metric=&kind=")
    page.fill("#q", "")
    page.wait_for_function("() => document.querySelectorAll('#list tbody tr').length > 1")
    page.select_option("#metric", "log_loss")
    page.wait_for_url("**metric=log_loss**")
    page.click("thead a:has-text('Run')")
    page.wait_for_selector("th[aria-sort=ascending]:has-text('Run')")
    assert names(page) == sorted(names(page))
    for name in ("first", "second"):
        page.check(f"input[value={name}]")
    page.click("text=Compare the chosen")
    page.wait_for_selector(".verdict")
    assert page.inner_text(".verdict") in ("helps", "hurts", "can't tell")
    page.click("tbody a:has-text('first')")
    page.click("text=Mistakes")
    page.click("tbody a >> nth=0")
    page.wait_for_selector("h1:has-text('Sample')")
    page.wait_for_function("() => document.querySelector('figure img').naturalWidth > 100")
    assert page.locator("tbody a:has-text('second')").count() == 1
    assert seen.errors == []


def test_submissions_until_the_budget_refuses(
    board: str, new_page: Callable[..., Any], tmp_path: Path
) -> None:
    page = new_page()
    seen = watch(page)
    page.goto(f"{board}/submissions")
    for left in (4, 3, 2, 1, 0, None):
        (tmp_path / "submission.csv").write_text(f"id,label\n{left}\n")
        page.set_input_files("input[type=file]", tmp_path / "submission.csv")
        page.click("button:has-text('Add')")
        if left is None:
            page.wait_for_selector("[role=alert]:has-text('all 5 of the team')")
        else:
            page.wait_for_selector(f".budget:has-text('{left} of 5')")
    rows = page.locator("tbody tr")
    assert rows.count() == 5
    for i, score in enumerate(("0.71", "0.74")):
        page.fill(f"tbody tr:nth-child({i + 1}) input[name=value]", score)
        page.click(f"tbody tr:nth-child({i + 1}) button")
        page.wait_for_selector(f"tbody tr:has-text('{score}')")
    page.wait_for_function("() => document.querySelector('figure img').naturalWidth > 100")
    assert [one for one in seen.errors if "409" not in one] == []  # a browser notes the refusal itself


def test_a_report_is_shown_apart_from_the_board(
    project: Path, board: str, new_page: Callable[..., Any]
) -> None:
    assert holdfast("report", "runs/first", cwd=project).wait(timeout=300) == 0
    page = new_page()
    seen = watch(page)
    page.goto(f"{board}/run/first")
    assert page.get_attribute("a:has-text('Report')", "href") == "/report/first"
    page.goto(f"{board}/report/first")
    page.wait_for_function("() => document.querySelectorAll('[data-chart] svg').length > 2")
    assert empty_charts(page) == []
    assert page.evaluate("() => window.origin") == "null"  # a stranger to the board
    assert seen.errors == []


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", PHONE), ("dark", PHONE)]
)
def test_pages_are_sane(board: str, new_page: Callable[..., Any], axe: str, scheme: str, width: int) -> None:
    page = new_page(scheme, width)
    seen = watch(page)
    for path in (
        "/", "/run/first", "/live/first", "/live/killed", "/compare?run=first&run=second", "/compare?run=first",
        "/mistakes/first", "/sample?run=first&id=s000", "/submissions",
    ):  # fmt: skip
        page.goto(board + path)
        page.wait_for_load_state("networkidle")
        assert grave_faults(page, axe) == [], path
        assert not scrolls_sideways(page), path
        assert page.locator("h1").count() == 1
        assert page.evaluate("() => [...document.images].every(one => one.naturalWidth > 0 && one.alt)"), path
        if path.startswith("/live"):
            assert empty_charts(page) == []
        shots = os.environ.get("HOLDFAST_SHOTS")
        if shots:
            name = path.strip("/").replace("/", "-").replace("?", "-").replace("&", "-") or "runs"
            page.screenshot(path=f"{shots}/{name}-{scheme}-{width}.png", full_page=True)
    assert seen.errors == []
    assert all(url.startswith((board, "data:")) for url in seen.requests)
