"""A lower floor never imports a higher one: the reader climbs in one direction."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import holdfast

ROOT = Path(holdfast.__file__).parent

# From the ground up, DESIGN.md section 4; names on one line are siblings and may import each other.
FLOORS = """
errors keys collector fonts vision radar
trust
recipe
store
data
folds
metrics
prepare features select balance augment losses models predict
fit
engine
oof
ensemble
check
track
train
estimators
study
plan
submit
view
report
board
pack
cli __main__
testing
"""
LEVEL = {name: level for level, line in enumerate(FLOORS.split("\n")) for name in line.split()}
DOOR = "__init__.py"  # the package's front door names what users import, lazily


def floor_of(module: str) -> str:
    """The floor of a dotted name: `holdfast.data.files` → `data`."""
    return module.split(".")[1] if "." in module else ""


def imports(source: str, package: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import of `source`, those inside functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module"
        ):
            for given in node.args[:1]:
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    yield node.lineno, given.value


def upward(root: Path) -> list[str]:
    """Every import in the package at `root` that leads to a higher floor, or from or to an unknown one."""
    wrong = []
    for file in sorted(root.rglob("*.py")):
        inner = file.relative_to(root)
        if str(inner) == DOOR:
            continue
        package = ".".join(["holdfast", *inner.parent.parts])
        mine = inner.parts[0].removesuffix(".py")
        if mine not in LEVEL:
            wrong.append(f"{inner}: {mine!r} is no floor; give it a place in the list")
            continue
        for line, name in imports(file.read_text(encoding="utf-8"), package):
            if name.split(".")[0] != "holdfast" or (name.count(".") == 1 and floor_of(name) not in LEVEL):
                continue  # another package, or a name from the front door
            theirs = floor_of(name)
            if LEVEL.get(theirs, len(LEVEL)) > LEVEL[mine]:
                wrong.append(f"{inner}:{line}: {mine} imports {theirs} ({name}), which stands above it")
    return wrong


def test_no_floor_imports_a_higher_one() -> None:
    wrong = upward(ROOT)
    assert not wrong, "\n".join([*wrong, "the floors, from the ground up:", FLOORS])


def planted(tmp_path: Path, file: str, source: str) -> list[str]:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    return upward(tmp_path)


def test_planted_upward_import_is_found(tmp_path: Path) -> None:
    (found,) = planted(tmp_path, "data/wrong.py", "import os\nfrom holdfast.fit.loop import train_network\n")
    assert found.startswith("data/wrong.py:2: data imports fit")


def test_planted_import_inside_a_function_is_found(tmp_path: Path) -> None:
    assert planted(tmp_path, "fit/wrong.py", "def f():\n    import holdfast.engine.job\n")


def test_planted_relative_import_is_found(tmp_path: Path) -> None:
    assert planted(tmp_path, "data/wrong.py", "from ..train import train\n")
    assert planted(tmp_path, "data/wrong.py", "from .. import train\n")


def test_planted_import_by_name_is_found(tmp_path: Path) -> None:
    assert planted(
        tmp_path, "data/wrong.py", "from importlib import import_module\nimport_module('holdfast.fit.loop')\n"
    )


def test_planted_unknown_floor_is_found(tmp_path: Path) -> None:
    assert "no floor" in planted(tmp_path, "utils/wrong.py", "")[0]


def test_downward_and_sibling_imports_are_fine(tmp_path: Path) -> None:
    lines = (
        "from holdfast.augment.roll import roll",
        "from holdfast import keys",
        "from holdfast import __version__",
    )
    source = "\n".join(lines)
    assert planted(tmp_path, "balance/right.py", source) == []
