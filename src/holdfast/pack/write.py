"""A finished run as one archive, to predict with and to train again elsewhere."""

from __future__ import annotations

import hashlib
import io
import platform
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from holdfast import __version__
from holdfast.errors import BadInput
from holdfast.pack.contents import Cleaner, Part, contents
from holdfast.pack.manifest import MANIFEST, PINS, README, WHEELS, Manifest, fault_of_name, is_code
from holdfast.pack.offline import wheels
from holdfast.pack.pins import extras_of, installed_bytes, needed, pins
from holdfast.pack.readme import readme
from holdfast.pack.wheel import TIME, source_hash, wheel
from holdfast.recipe.registry import known
from holdfast.store.atomic import write_whole
from holdfast.store.run import Run
from holdfast.study.deployed import form_and_chain, load_components, refuse_blend

Tell = Callable[[str], None]
AS_THEY_ARE = (".safetensors", ".whl", ".gz", ".parquet")  # endings that packing makes no smaller
BLOCK = 1 << 20


@dataclass
class _Archive:
    """The archive in work, and what its manifest will say."""

    file: zipfile.ZipFile
    clean: Cleaner
    files: dict[str, dict[str, object]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)  # of what is code
    paths: list[str] = field(default_factory=list)  # files in which a folder of this machine stands

    def add(self, part: Part) -> None:
        if (fault := fault_of_name(part.name)) is not None or part.name in self.files:
            raise BadInput(f"{part.name!r} cannot be packed: {fault or 'it is there already'}")
        if is_code(part.name):
            self.why[part.name] = part.why
        one = zipfile.ZipInfo(part.name, TIME)
        one.external_attr = 0o644 << 16
        one.compress_type = zipfile.ZIP_STORED if part.name.endswith(AS_THEY_ARE) else zipfile.ZIP_DEFLATED
        digest, size, named = hashlib.sha256(), 0, False
        with self.file.open(one, "w", force_zip64=True) as out, _opened(part.content) as file:
            while block := file.read(BLOCK):
                digest.update(block)
                size += len(block)
                named = named or self.clean.left_in(block) is not None
                out.write(block)
        if named and not part.name.startswith(WHEELS):
            self.paths.append(part.name)
        if part.name != MANIFEST:
            self.files[part.name] = {"sha256": digest.hexdigest(), "bytes": size}


def _opened(content: bytes | Path) -> BinaryIO:
    return content.open("rb") if isinstance(content, Path) else io.BytesIO(content)


def pack(
    path: str | Path,
    output: str | Path | None = None,
    offline: bool = False,
    force: bool = False,
    data: Path | None = None,
    tell: Tell = lambda line: None,
) -> Path:
    """Pack a finished run or a refit; returns the archive, by default `NAME.zip`.

    It holds recipe, folds, out-of-fold predictions, scores, models (as data where they can be read back so), the hashes
    of the data, the versions, this package as a wheel, and with `offline` the wheels of all others. `data`: where the
    data lie now, for runs of old versions. `tell` is called with lines to show. Raises BadInput.
    """
    run = Run(path)
    run.scores  # noqa: B018 - raises where it is not finished
    refuse_blend(run)
    name = run.path.resolve().name
    out = Path(f"{name}.zip") if output is None else Path(output)
    if out.is_dir() or (out.exists() and not force):
        raise BadInput(f"{out}: exists already; name another file with -o, or overwrite it with --force")
    load_components(run)
    form, learned = form_and_chain(run, data)
    base = (run.path / run.environment.get("recipe_folder", ".")).resolve()
    for said in reads(run):
        tell(f"note: {said}, which is not packed")
    extras = extras_of(run.recipe)
    held, own = needed(extras), wheel()
    manifest = Manifest(
        name, __version__, source_hash(), platform.python_version(), f"{WHEELS}/{own[0]}", extras,
        run.environment["data"],
    )  # fmt: skip
    if offline:
        tell(
            f"wheels of {len(held)} packages, {installed_bytes(held) / 1e9:.1f} GB as they are installed here"
        )

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w") as packed:
            archive = _Archive(packed, Cleaner.of(run, base))
            for part in contents(run, form, learned, base):
                archive.add(part)
            archive.add(Part(PINS, pins(held).encode()))
            archive.add(Part(manifest.wheel, own[1]))
            if offline:
                with wheels(own, extras, pins(held)) as more:
                    for one in more:
                        archive.add(Part(f"{WHEELS}/{one.name}", one))
            text = readme(run, manifest, out.name, offline, archive.why)
            archive.add(Part(README, archive.clean.text(text)))
            archive.add(Part(MANIFEST, replace(manifest, files=archive.files).text().encode()))
        for code, why in archive.why.items():
            tell(f"needs --trust to be unpacked: {code}: {why}")
        for named in archive.paths:
            tell(f"note: {named} names a folder of this machine")

    write_whole(out, write)
    return out


def reads(run: Run) -> list[str]:
    """What is to be said of components that read a file wherever they predict."""
    found = []
    readers = {
        name: cls for kind in ("features", "prepare") for name, cls in known(kind).items() if cls.reads_file
    }

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for key, inside in value.items():
                if key in readers and isinstance(inside, dict) and inside.get(readers[key].reads_file):
                    found.append(f"{key} reads {inside[readers[key].reads_file]} where it predicts")
                walk(inside)
        elif isinstance(value, list):
            for inside in value:
                walk(inside)

    walk(run.recipe)
    return sorted(set(found))
