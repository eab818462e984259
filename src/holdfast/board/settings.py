"""What a board shows, and to whom."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.errors import BadInput

SHORTEST_TOKEN = 16  # characters
TOKEN_VARIABLE = "HOLDFAST_BOARD_TOKEN"
MAKE_TOKEN = "python -c 'import secrets; print(secrets.token_urlsafe())'"


@dataclass(frozen=True)
class Settings:
    """`runs`: the folder of run folders; `ledger`: a database's URL, by default the file of the runs folder.

    `data`: a folder besides that of `runs` from which samples may be read. Raises BadInput for an address
    that others reach, without a token.
    """

    runs: Path
    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = field(default=None, repr=False)
    ledger: str | None = field(default=None, repr=False)
    data: Path | None = None

    def __post_init__(self) -> None:
        if not self.runs.is_dir():
            raise BadInput(
                f"{self.runs} is no folder; `holdfast train RECIPE -o {self.runs}/NAME` makes the first run"
            )
        if (self.runs / "recipe.yaml").is_file():
            raise BadInput(
                f"{self.runs} is a run; name the folder that holds runs: {self.runs.absolute().parent}"
            )
        if self.data is not None and not self.data.is_dir():
            raise BadInput(f"--data: {self.data} is no folder")
        if self.token is None and not is_loopback(self.host):
            raise BadInput(
                f"--host {self.host}: others reach this address, so the board needs a token: set {TOKEN_VARIABLE}"
                f" or --token; `{MAKE_TOKEN}` makes one"
            )
        if self.token is not None and not is_loopback(self.host) and len(self.token) < SHORTEST_TOKEN:
            raise BadInput(
                f"--token: expected {SHORTEST_TOKEN} characters or more where others reach the board;"
                f" `{MAKE_TOKEN}` makes one"
            )

    @property
    def root(self) -> Path:
        """The runs folder, with no link in its path."""
        return self.runs.resolve()

    @property
    def readable(self) -> tuple[Path, ...]:
        """The folders that data of runs may be read from."""
        own = self.root.parent
        return (own,) if self.data is None else (own, self.data.resolve())

    @property
    def names(self) -> frozenset[str]:
        """Names of this machine that a browser may call the board by; numbers aside."""
        if is_loopback(self.host):
            return frozenset({"localhost"})
        own = {socket.gethostname(), socket.getfqdn(), self.host} - {""}
        return frozenset({"localhost", *map(str.lower, own)})

    @property
    def address(self) -> str:
        """Where to point a browser."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.port}/"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
