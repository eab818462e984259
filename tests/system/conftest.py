"""A browser for the tests of pages: Debian's Chromium, driven by Playwright, and axe-core to judge what it shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = "chromium"
FONTS = "fonts-noto-cjk"  # has Korean, Chinese and Japanese glyphs
AXE = "axe-core@4.14.1"
CACHE = Path.home() / ".cache" / "holdfast-tests"


def apt_install(*packages: str) -> None:
    """Install Debian packages where this user may; whether it worked shows later."""
    if os.getuid() == 0 and shutil.which("apt-get"):
        command = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *packages]
        subprocess.run(command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium, started once for all tests of a process."""
    playwright = pytest.importorskip("playwright.sync_api")
    if shutil.which(CHROMIUM) is None:
        apt_install(CHROMIUM)
    path = shutil.which(CHROMIUM)
    if path is None:
        pytest.skip(f"{CHROMIUM} is not installed: apt-get install {CHROMIUM}")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, fetched once from npm and kept in the user's cache."""
    script = CACHE / f"{AXE}.js"
    if not script.is_file():
        if shutil.which("npm") is None:
            apt_install("npm")
        if shutil.which("npm") is None:
            pytest.skip("npm is not installed: apt-get install npm")
        CACHE.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", AXE], cwd=CACHE, check=False, capture_output=True, text=True
        )
        if packed.returncode:
            pytest.skip(f"npm pack {AXE} failed: {packed.stderr.strip()[-300:]}")
        archive = CACHE / packed.stdout.split()[-1]
        with tarfile.open(archive) as held:
            member = held.extractfile("package/axe.min.js")
            assert member is not None
            script.write_bytes(member.read())
        archive.unlink()
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def korean_font() -> str:
    """The name of a font with Korean glyphs, installed where it is lacking and this user may."""
    for asked in (False, True):
        if asked:
            apt_install("fontconfig", FONTS)
        if shutil.which("fc-list"):
            names = subprocess.run(
                ["fc-list", ":lang=ko", "family"], capture_output=True, text=True, check=True
            )
            if names.stdout.strip():
                return names.stdout.splitlines()[0].split(",")[0].strip()
    pytest.skip(f"no font with Korean glyphs is installed: apt-get install {FONTS}")


@pytest.fixture
def new_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """`new_page(scheme="dark", width=390)`: a fresh page, with a context of its own, closed after the test."""
    made = []

    def make(scheme: str = "light", width: int = 1280, height: int = 900) -> Any:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
        made.append(context)
        return context.new_page()

    yield make
    for context in made:
        context.close()
