"""What stands before every page: who may ask, from where, how much, and what the browser is told to allow.

A page of another site must not read the board through a name that it points at this machine (DNS rebinding: the Host
header is checked), nor write by a form of its own (Origin is checked).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.exceptions import HTTPException

from holdfast.board.settings import Settings, is_loopback

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LONGEST_QUERY = 4096  # bytes
LARGEST_BODY = 65536  # bytes; a form of the board has some hundreds
LARGEST_FILE = 1 << 29  # bytes of a submission's file
TAKES_FILE = "/submissions/add"
SAFE = ("GET", "HEAD")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # to no other site; `no-referrer` would make browsers send `Origin: null` with the board's own forms
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
ASK = (
    "<!doctype html><html lang=en><title>holdfast board</title><h1>holdfast board</h1><p>{said}</p>"
    "<form><label>Token <input type=password name=token></label> <button>Open</button></form></html>"
)


class Refused(HTTPException):
    """A request that goes no further; the pages below let it pass as it is."""


class Guard:
    """The outermost layer of the board (ASGI)."""

    def __init__(self, app: Any, settings: Settings):
        self.app, self.settings = app, settings
        self.cookie = f"holdfast_board_{settings.port}"  # browsers share cookies between ports
        self.names = settings.names  # once: the name server may be asked for them
        self.alone = is_loopback(settings.host)
        self.pass_mark = "" if settings.token is None else mark_of(settings.token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # the board has no web sockets
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        send = with_headers(send)
        try:
            self._check_host(headers)
            check_size(scope, headers)
            if self.settings.token is not None:
                clean = self._check_token(scope, headers)
                if clean is not None:
                    await redirect(
                        send, clean, f"{self.cookie}={self.pass_mark}; HttpOnly; SameSite=Strict; Path=/"
                    )
                    return
            if scope["method"] not in SAFE:
                check_origin(headers)
            await self.app(scope, limited(receive, scope), send)
        except Refused as refused:
            await answer(send, refused.status_code, str(refused.detail))

    def _check_host(self, headers: dict[str, str]) -> None:
        name = host_name(headers.get("host", ""))
        if name not in self.names and not is_number(name, only_loopback=self.alone):
            raise Refused(400, f"This board is not called {name!r}: open it as {self.settings.address}")

    def _check_token(self, scope: Scope, headers: dict[str, str]) -> str | None:
        """Where to go on with a cookie, when the address brought the right token; None: the request may pass."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for key, value in query if key == "token"]
        if given and scope["method"] in SAFE:
            if not self._right(mark_of(given[0])):
                raise Refused(401, "This token is not the board's.")
            rest = urlencode([pair for pair in query if pair[0] != "token"])
            # one slash: `//name` would lead to another site
            return "/" + quote(scope["path"].lstrip("/\\")) + (f"?{rest}" if rest else "")
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if token and scheme.lower() == "bearer":
            if not self._right(mark_of(token.strip())):
                raise Refused(401, "This token is not the board's.")
            return None
        cookies = dict(pair.strip().partition("=")[::2] for pair in headers.get("cookie", "").split(";"))
        if not self._right(cookies.get(self.cookie, "")):
            raise Refused(401, "This board asks for a token.")
        return None

    def _right(self, mark: str) -> bool:
        return hmac.compare_digest(mark.encode("latin-1", "replace"), self.pass_mark.encode())


def mark_of(token: str) -> str:
    """What the cookie holds in place of the token."""
    return hashlib.sha256(f"holdfast board {token}".encode("utf-8", "surrogateescape")).hexdigest()


def host_name(host: str) -> str:
    """The name in a Host header, without its port.

    >>> host_name("LOCALHOST:8765"), host_name("[::1]:80"), host_name("10.0.0.3")
    ('localhost', '::1', '10.0.0.3')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def is_number(name: str, only_loopback: bool) -> bool:
    """Whether a name is an address in figures, which no name server can point elsewhere."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or not only_loopback


def check_size(scope: Scope, headers: dict[str, str]) -> None:
    """Raises Refused for an address or a body that is too long."""
    if len(scope["query_string"]) + len(scope["path"]) > LONGEST_QUERY:
        raise Refused(414, f"This address is longer than {LONGEST_QUERY} bytes.")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) < 20) or int(length) > largest(scope):
        raise too_large(scope)


def largest(scope: Scope) -> int:
    """How many bytes the body of a request may have."""
    return LARGEST_FILE if scope["path"] == TAKES_FILE else LARGEST_BODY


def too_large(scope: Scope) -> Refused:
    return Refused(413, f"What is sent there has at most {largest(scope):,} bytes.")


def check_origin(headers: dict[str, str]) -> None:
    """Raises Refused for what is no write from a page of the board; a script names the board as Origin itself."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    own = origin is not None and urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    if site not in (None, "same-origin") or not (own or (origin in (None, "null") and site == "same-origin")):
        raise Refused(403, "Only the board's own pages may write.")


def limited(receive: Receive, scope: Scope) -> Receive:
    """`receive` that ends a body which grows too large without having said so."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > largest(scope):
            raise too_large(scope)
        return message

    return counted


def with_headers(send: Send) -> Send:
    """`send` that adds the security headers which a response does not set itself."""

    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {key.lower() for key, _ in message.get("headers", ())}
            added = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in there]
            message["headers"] = [*message.get("headers", ()), *added]
        await send(message)

    return adding


async def answer(send: Send, status: int, said: str) -> None:
    """A plain answer; one to 401 asks for the token."""
    kind = b"text/html; charset=utf-8" if status == 401 else b"text/plain; charset=utf-8"
    body = (ASK.format(said=said) if status == 401 else said + "\n").encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def redirect(send: Send, to: str, cookie: str) -> None:
    """To the same page, the token kept as a cookie in place of the address."""
    headers = [
        (b"location", to.encode("latin-1")),
        (b"set-cookie", cookie.encode()),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
