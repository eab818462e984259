"""This package as a wheel, made of its own files: no network, no build tool."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from holdfast import __version__
from holdfast.errors import BadInput

ROOT = Path(__file__).parent.parent
TIME = (1980, 1, 1, 0, 0, 0)  # of every part of an archive: the same files make the same bytes
SCRIPT = "[console_scripts]\nholdfast = holdfast.cli.main:run\n"


def source_files() -> list[Path]:
    """The files of the package, in order."""
    return sorted(path for path in ROOT.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def source_hash() -> str:
    """The sha256 of the names and contents of all files of the package."""
    digest = hashlib.sha256()
    for path in source_files():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def metadata() -> str:
    """The METADATA of the package: by the pyproject.toml beside a checkout's src/, else as it was installed."""
    project = ROOT.parent.parent / "pyproject.toml"
    if ROOT.parent.name == "src" and project.is_file():
        return _of_project(project)
    try:
        held = distribution("holdfast").read_text("METADATA")
    except PackageNotFoundError:
        held = None
    if held is None:
        raise BadInput("holdfast is not installed (pip install holdfast), so no wheel of it can be made")
    return held


def requirements() -> list[str]:
    """What METADATA says that the package requires."""
    head = metadata().split("\n\n", 1)[0].splitlines()
    return [line.removeprefix("Requires-Dist: ") for line in head if line.startswith("Requires-Dist: ")]


def _of_project(project: Path) -> str:
    import tomllib

    said: dict[str, Any] = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    lines = [
        "Metadata-Version: 2.1", f"Name: {said['name']}", f"Version: {__version__}",
        f"Summary: {said['description']}", f"Requires-Python: {said['requires-python']}",
    ]  # fmt: skip
    lines += [f"Requires-Dist: {one}" for one in said["dependencies"]]
    for extra, needs in said["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        for one in needs:
            bare, _, marker = (part.strip() for part in one.partition(";"))
            only = f"({marker}) and extra == '{extra}'" if marker else f"extra == '{extra}'"
            lines.append(f"Requires-Dist: {bare}; {only}")
    return "\n".join(lines) + "\n"


def wheel() -> tuple[str, bytes]:
    """The name of the wheel, and what it holds."""
    version = __version__
    info = f"holdfast-{version}.dist-info"
    parts = {f"holdfast/{path.relative_to(ROOT).as_posix()}": path.read_bytes() for path in source_files()}
    parts |= {
        f"{info}/METADATA": metadata().encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: holdfast\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": SCRIPT.encode(),
    }
    record = "".join(f"{name},{_mark(content)},{len(content)}\n" for name, content in parts.items())
    parts[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            one = zipfile.ZipInfo(name, TIME)
            one.external_attr = 0o644 << 16
            archive.writestr(one, content, compress_type=zipfile.ZIP_DEFLATED)
    return f"holdfast-{version}-py3-none-any.whl", made.getvalue()


def _mark(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
