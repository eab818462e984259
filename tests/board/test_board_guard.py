"""Who may ask the board, from where and how much; what a browser is told to allow."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from holdfast.board.guard import LARGEST_BODY, LARGEST_FILE, POLICY
from holdfast.board.settings import Settings
from holdfast.cli.main import app
from holdfast.errors import BadInput

Opened = Callable[..., TestClient]
TOKEN = "a token that is long enough"
PAGES = (
    "/", "/?q=first", "/run/first", "/live/first", "/mistakes/first", "/compare?run=first&run=second", "/submissions",
    "/run/nothing", "/nowhere", "/compare", "/static/board.css",
)  # fmt: skip


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "board.example"])
def test_an_address_that_others_reach_needs_a_long_token(tmp_path: Path, host: str) -> None:
    with pytest.raises(BadInput, match="needs a token"):
        Settings(tmp_path, host)
    with pytest.raises(BadInput, match="16 characters"):
        Settings(tmp_path, host, token="short")
    assert Settings(tmp_path, host, token=TOKEN).token == TOKEN


def test_the_command_refuses_to_begin_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOLDFAST_BOARD_TOKEN", raising=False)
    for arguments, said in (
        (["--host", "0.0.0.0"], "needs a token"),
        (["--host", "0.0.0.0", "--token", "short"], "16 characters"),
        (["--data", str(tmp_path / "nothing")], "is no folder"),
    ):
        ended = CliRunner().invoke(app, ["board", str(tmp_path), *arguments])
        assert ended.exit_code == 2
        assert said in ended.output
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = CliRunner().invoke(app, ["board", str(tmp_path), "--port", str(taken.getsockname()[1])])
    assert ended.exit_code == 2
    assert "name another --port" in ended.output


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_this_machine_alone_needs_none(tmp_path: Path, host: str) -> None:
    assert Settings(tmp_path, host).token is None


def test_no_page_without_the_token(tmp_path: Path, opened: Opened) -> None:
    board = opened(tmp_path, token=TOKEN)
    asked = [
        board.get("/"),
        board.get("/static/board.css"),
        board.get("/?token=wrong"),
        board.get("/?token="),
        board.get("/", headers={"authorization": "Bearer wrong"}),
        board.get("/", headers={"authorization": f"Basic {TOKEN}"}),
        board.get("/", headers={"cookie": f"holdfast_board_8765={TOKEN}"}),  # the cookie is not the token
        board.post(f"/submissions/score?token={TOKEN}", headers={"origin": "http://127.0.0.1:8765"}),
    ]
    assert [answer.status_code for answer in asked] == [401] * len(asked)
    assert all("Runs" not in answer.text for answer in asked)


def test_a_token_in_the_address_becomes_a_cookie(tmp_path: Path, opened: Opened) -> None:
    board = opened(tmp_path, token=TOKEN)
    first = board.get("/", params={"q": "a b", "token": TOKEN})
    assert (first.status_code, first.headers["location"]) == (303, "/?q=a+b")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert board.get("/").status_code == 200


def test_a_token_in_a_header_opens_as_well(tmp_path: Path, opened: Opened) -> None:
    assert (
        opened(tmp_path, token=TOKEN).get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code
        == 200
    )


def test_taking_the_token_off_leads_to_no_other_site(tmp_path: Path, opened: Opened) -> None:
    board = opened(tmp_path, token=TOKEN)
    for path in ("//evil.example/x", "/%5C/evil.example"):
        location = board.get(f"http://127.0.0.1:8765{path}?token={TOKEN.replace(' ', '+')}").headers[
            "location"
        ]
        assert re.match(r"/[^/\\]", location), location


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8765", 200), ("localhost:8765", 200), ("LOCALHOST", 200), ("[::1]:8765", 200),
        ("evil.example", 400), ("evil.example:8765", 400), ("127.0.0.1.evil.example", 400), ("192.168.1.5", 400), ("", 400),
    ],
)  # fmt: skip
def test_a_name_that_another_site_points_here_is_refused(
    tmp_path: Path, opened: Opened, host: str, status: int
) -> None:
    assert opened(tmp_path).get("/", headers={"host": host}).status_code == status


def test_on_a_network_addresses_in_figures_and_own_names_open(tmp_path: Path, opened: Opened) -> None:
    board = opened(tmp_path, host="0.0.0.0", token=TOKEN)
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert board.get("/", headers={**headers, "host": "192.168.1.5:8765"}).status_code == 200
    assert board.get("/", headers={**headers, "host": "evil.example:8765"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://127.0.0.1:8765", "sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
    ],
)
def test_a_write_from_elsewhere_is_refused(tmp_path: Path, opened: Opened, headers: dict[str, str]) -> None:
    board = opened(tmp_path)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert board.request(method, "/submissions/add", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://127.0.0.1:8765"},
        {"sec-fetch-site": "same-origin"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
    ],
)
def test_a_write_of_the_boards_own_pages_is_looked_at(
    tmp_path: Path, opened: Opened, headers: dict[str, str]
) -> None:
    answer = opened(tmp_path).post(
        "/submissions/score", data={"id": "nothing", "value": "1"}, headers=headers
    )
    assert answer.status_code == 422
    assert "no submission has the id" in answer.text


def test_a_huge_address_is_refused(tmp_path: Path, opened: Opened) -> None:
    board = opened(tmp_path)
    assert board.get("/?q=" + "x" * 5000).status_code == 414
    assert board.get("/run/" + "x" * 5000).status_code == 414
    assert board.get("/?q=" + "x" * 500).status_code == 422
    assert board.get("/?page=99999999999").status_code == 422
    assert board.get("/?page=one").status_code == 422


def test_a_huge_form_is_refused(tmp_path: Path, opened: Opened) -> None:
    board, own = opened(tmp_path), {"origin": "http://127.0.0.1:8765"}
    huge = b"id=" + b"x" * LARGEST_BODY
    assert board.post("/submissions/score", content=huge, headers=own).status_code == 413

    def parts() -> Iterator[bytes]:  # a body that does not say how long it is
        for _ in range(8):
            yield b"x" * (LARGEST_BODY // 4)

    form = {**own, "content-type": "application/x-www-form-urlencoded"}
    assert board.post("/submissions/score", content=parts(), headers=form).status_code == 413
    for length in (str(LARGEST_FILE + 1), "-1", "many", "9" * 5000):
        said = {**own, "content-length": length}
        assert board.post("/submissions/add", content=b"x", headers=said).status_code == 413


@pytest.mark.parametrize("page", PAGES)
def test_every_answer_has_the_strict_policy(trained: Path, opened: Opened, page: str) -> None:
    headers = opened(trained / "runs").get(page).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"


def test_refusals_have_the_policy_too(tmp_path: Path, opened: Opened) -> None:
    board = opened(tmp_path, token=TOKEN)
    for answer in (
        board.get("/"),
        board.get("/", headers={"host": "evil.example"}),
        board.get("/?q=" + "x" * 5000),
    ):
        assert answer.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize("page", PAGES[:-1])
def test_no_page_has_what_the_policy_forbids(trained: Path, opened: Opened, page: str) -> None:
    text = opened(trained / "runs").get(page).text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert all("src=" in one for one in re.findall(r"<script[^>]*>", text))
    assert not re.search(r'(src|href|action)="(https?:)?//', text)


def test_there_is_no_list_of_addresses(tmp_path: Path, opened: Opened) -> None:
    board = opened(tmp_path)
    assert [board.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json", "/static/")] == [
        404
    ] * 4


def test_the_policy_keeps_everything_on_this_machine() -> None:
    held: dict[str, Any] = dict(part.strip().split(" ", 1) for part in POLICY.split(";"))
    assert held["default-src"] == "'none'"
    assert not any("unsafe" in value or "http" in value or "*" in value for value in held.values())
