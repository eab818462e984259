"""A pack taken apart: everything is checked, and written beside, before the folder is there."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path

from holdfast.data.columns import some
from holdfast.errors import BadInput
from holdfast.pack.manifest import MANIFEST, Manifest, fault_of_name, read_manifest
from holdfast.store.atomic import write_json
from holdfast.trust import PACK

BLOCK = 1 << 20
MOST_FILES = 100_000
MOST_TEXT = 1 << 26  # bytes of the manifest
MOST_BYTES = 1 << 37  # of all files: 128 GiB
FREELY, TIMES = 1 << 28, 200  # so many bytes may unpack from anything; more only from a 200th of them
REGULAR = (0, stat.S_IFREG)  # types of a file in an archive; 0 where it does not say


def unpack(file: str | Path, output: str | Path, trust: bool = False) -> Manifest:
    """Unpack a pack into a new folder `output`; returns its manifest.

    Every name, size and hash is checked. A pack with code (pickles, components) is refused unless `trust`. Raises
    BadInput that names the file that is wrong, and then nothing is written.
    """
    path, out = Path(file), Path(output)
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    if out.exists() or out.is_symlink():
        raise BadInput(f"{out} exists already; name another folder with -o")
    draft = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _checked(archive, path, trust)
            _refuse_full(out, manifest)
            draft.mkdir(parents=True)
            for name in manifest.files:
                _write(archive, name, manifest, draft / name, path)
        _check_recipe(draft, manifest, path)
        write_json(draft / PACK, {"trusted": trust, "source": manifest.source, "code": manifest.code})
        draft.replace(out)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise BadInput(f"{path}: is no whole pack: {error}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def _checked(archive: zipfile.ZipFile, path: Path, trust: bool) -> Manifest:
    """The manifest of an archive whose list of files is as it says."""
    infos = archive.infolist()
    if len(infos) > MOST_FILES:
        raise BadInput(f"{path}: holds {len(infos):,} files; a pack has no more than {MOST_FILES:,}")
    seen: dict[str, str] = {}
    for info in infos:
        name = info.orig_filename  # as it is written: zipfile cuts names at a zero byte
        if (fault := fault_of_name(name)) is not None:
            raise BadInput(f"{path}: {name!r} cannot be unpacked: {fault}")
        if stat.S_IFMT(info.external_attr >> 16) not in REGULAR:
            raise BadInput(f"{path}: {name!r} cannot be unpacked: it is no plain file (a link, or a device)")
        if (other := seen.setdefault(name.casefold(), name)) is not name:
            raise BadInput(f"{path}: {name!r} cannot be unpacked: it stands there twice, with {other!r}")
    for name in seen.values():
        above = name.casefold().rpartition("/")[0]
        while above:
            if above in seen:
                raise BadInput(f"{path}: {name!r} cannot be unpacked: {seen[above]!r} is a file")
            above = above.rpartition("/")[0]
    if MANIFEST not in seen:
        raise BadInput(f"{path}: is no pack: it has no {MANIFEST}; `holdfast pack RUN` makes one")
    if archive.getinfo(MANIFEST).file_size > MOST_TEXT:
        raise BadInput(f"{path}: {MANIFEST} is larger than {MOST_TEXT:,} bytes")
    with archive.open(MANIFEST) as held:
        manifest = read_manifest(held.read(MOST_TEXT), str(path))
    there = {info.orig_filename: info for info in infos if info.orig_filename != MANIFEST}
    if extra := sorted(set(there) - set(manifest.files)):
        raise BadInput(f"{path}: {some(extra)}: not in its {MANIFEST}")
    if gone := sorted(set(manifest.files) - set(there)):
        raise BadInput(f"{path}: {some(gone)}: named by its {MANIFEST}, and not there")
    for name, info in there.items():
        if info.file_size != manifest.files[name]["bytes"]:
            raise BadInput(f"{path}: {name!r} has {info.file_size:,} bytes, not those of its {MANIFEST}")
    _refuse_bomb(path, sum(info.file_size for info in there.values()))
    if manifest.code and not trust:
        raise BadInput(
            f"{path}: holds code that would run when it is used: {some(manifest.code)}; if you know who made it, unpack"
            " it with --trust"
        )
    return manifest


def _refuse_bomb(path: Path, total: int) -> None:
    size = path.stat().st_size
    if total > MOST_BYTES or total > max(FREELY, TIMES * size):
        raise BadInput(f"{path}: of {size:,} bytes would unpack to {total:,}: refused as a bomb")


def _refuse_full(out: Path, manifest: Manifest) -> None:
    there = next(folder for folder in out.absolute().parents if folder.is_dir())
    total = sum(one["bytes"] for one in manifest.files.values())
    if (free := shutil.disk_usage(there).free) < total:
        raise BadInput(f"-o: {there} has {free:,} bytes free, and the pack needs {total:,}")


def _write(archive: zipfile.ZipFile, name: str, manifest: Manifest, file: Path, path: Path) -> None:
    """One file, as long and with the hash that the manifest says."""
    said = manifest.files[name]
    digest, left = hashlib.sha256(), said["bytes"]
    file.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as packed, file.open("xb") as out:
        while block := packed.read(BLOCK):
            left -= len(block)
            if left < 0:
                raise BadInput(
                    f"{path}: {name!r} unpacks to more than the {said['bytes']:,} bytes of its {MANIFEST}"
                )
            digest.update(block)
            out.write(block)
    if left or digest.hexdigest() != said["sha256"]:
        raise BadInput(f"{path}: {name!r} is not as it was packed: its sha256 is another than in {MANIFEST}")


def _check_recipe(folder: Path, manifest: Manifest, path: Path) -> None:
    """The run's recipe names no component outside the pack, and its folder is the pack's."""
    from holdfast.store.run import Run

    run = Run(folder)
    try:
        recipe, environment = run.recipe, run.environment
        named = list(recipe.get("components") or ())
        where = environment["recipe_folder"]
    except Exception as error:  # whatever a stranger wrote into YAML and JSON
        raise BadInput(f"{path}: recipe.yaml and environment.json are none of a run: {error}") from None
    if strange := [name for name in named if name not in manifest.files]:
        raise BadInput(f"{path}: recipe.yaml names components that are not in the pack: {some(strange)}")
    if where != ".":
        raise BadInput(f"{path}: environment.json: recipe_folder is {where!r}; in a pack it is '.'")
