"""Serving the board until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from holdfast.board.app import make_app
from holdfast.board.settings import Settings
from holdfast.errors import BadInput

GRACE = 2  # seconds that open live pages have when the board stops
BACKLOG = 512


def serve(settings: Settings, ready: Callable[[], None] = lambda: None) -> None:
    """Answer on the address of the settings until Ctrl-C; `ready` is called when it is open. Raises BadInput."""
    held = opened(settings)
    app = make_app(settings)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # its lines would hold the token of an address
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
        limit_concurrency=1000,
    )
    ready()
    with held:
        uvicorn.Server(config).run(sockets=[held])


def opened(settings: Settings) -> socket.socket:
    """The socket, bound: an address that is taken or not this machine's is refused before any work."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((settings.host, settings.port))
        held.listen(BACKLOG)
    except OSError as error:
        held.close()
        raise BadInput(
            f"{settings.address}: {error.strerror or error}; name another --port or --host"
        ) from None
    return held
