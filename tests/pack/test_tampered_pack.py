"""A pack that was changed is refused by name; what was planted never runs, and nothing is written."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.errors import BadInput
from holdfast.pack import unpack as module
from holdfast.pack.manifest import fault_of_name, is_code
from holdfast.pack.unpack import unpack
from holdfast.pack.write import pack
from holdfast.store.plain import allowed, load_plain
from holdfast.study.deployed import deployed
from holdfast.train import train

sio = pytest.importorskip("skops.io")

MODEL = "members/linear/fold-0/model.skops"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("tampered")
    values = tiny.recipe(
        tiny.TABLE,
        tiny.table_folder(where / "table"),
        {"linear": {"model": "logistic"}},
        folds={"kind": "stratified_group", "k": 2},
    )
    return pack(train(values, where / "run").path, where / "run.zip")


class Bomb:
    """Makes a file where it is unpickled."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.marker),)


class Pack:
    """A pack taken apart, to be changed and put together again."""

    def __init__(self, file: Path):
        with zipfile.ZipFile(file) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}
        self.manifest = json.loads(self.parts.pop("manifest.json"))
        self.kinds: dict[str, int] = {}
        self.more: list[tuple[str, bytes]] = []

    def put(self, name: str, content: bytes) -> None:
        """With its hash in the manifest, as a careful forger would."""
        self.parts[name] = content
        self.manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}

    def write(self, file: Path) -> Path:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in [*self.parts.items(), *self.more]:
                info = zipfile.ZipInfo(name)
                info.external_attr = self.kinds.get(name, 0o644) << 16
                archive.writestr(info, content, compress_type=zipfile.ZIP_DEFLATED)
            archive.writestr("manifest.json", json.dumps(self.manifest))
        return file


def change_weight(made: Pack) -> None:
    raw = bytearray(made.parts[MODEL])
    raw[len(raw) // 2] ^= 1
    made.parts[MODEL] = bytes(raw)


def plant_link(made: Pack) -> None:
    made.put("oof-link.npy", b"/etc/passwd")
    made.kinds["oof-link.npy"] = stat.S_IFLNK | 0o777


def lie_of_size(made: Pack) -> None:
    made.manifest["files"]["oof-linear.npy"]["bytes"] += 1


def plant_component(made: Pack) -> None:
    recipe = made.parts["recipe.yaml"].replace(b"components: []", b"components: [../evil.py]")
    assert recipe != made.parts["recipe.yaml"]
    made.put("recipe.yaml", recipe)


def move_recipe(made: Pack) -> None:
    held = json.loads(made.parts["environment.json"])
    made.put("environment.json", json.dumps({**held, "recipe_folder": "../elsewhere"}).encode())


def put(name: str, content: bytes = b"x") -> Callable[[Pack], None]:
    return lambda made: made.put(name, content)


def unlisted(made: Pack) -> None:
    made.parts["notes.txt"] = b"x"


def lacking(made: Pack) -> None:
    del made.parts["oof-linear.npy"]


def twice(made: Pack) -> None:
    made.more.append(("OOF-linear.npy", b"x"))


def no_manifest(made: Pack) -> None:
    made.manifest = {"files": []}


FORGED = [
    (change_weight, MODEL),
    (put("../evil.txt"), "../evil.txt"),
    (put("members/../../evil.txt"), "members/../../evil.txt"),
    (put("/tmp/evil.txt"), "/tmp/evil.txt"),
    (put("C:\\evil.txt"), "evil.txt"),
    (put(".hidden.json"), ".hidden.json"),
    (put("pack.json", b'{"trusted": true}'), "pack.json"),
    (put("recipe.yaml/x.txt"), "recipe.yaml/x.txt"),
    (put("members/linear/fold-0/model.joblib"), "fold-0/model.joblib"),
    (put("evil.py"), "evil.py"),
    (put("evil.pth"), "evil.pth"),
    (put("evil.whl"), "evil.whl"),
    (plant_link, "oof-link.npy"),
    (unlisted, "notes.txt"),
    (lacking, "oof-linear.npy"),
    (twice, "OOF-linear.npy"),
    (lie_of_size, "oof-linear.npy"),
    (plant_component, "../evil.py"),
    (move_recipe, "environment.json"),
    (no_manifest, "manifest.json"),
]


@pytest.mark.parametrize(("forge", "named"), FORGED)
def test_what_was_changed_is_named_and_nothing_is_written(
    packed: Path, tmp_path: Path, forge: Callable[[Pack], None], named: str
) -> None:
    made = Pack(packed)
    forge(made)
    (tmp_path / "in").mkdir()
    file = made.write(tmp_path / "in" / "forged.zip")
    told = CliRunner().invoke(app, ["unpack", str(file), "-o", str(tmp_path / "in" / "out")])
    assert told.exit_code == 2
    assert told.output.startswith("error: ")
    assert named in told.output.replace("\\\\", "\\")
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "forged.zip"]


def test_unchanged_it_is_unpacked(packed: Path, tmp_path: Path) -> None:
    """The clean twin: taken apart and put together."""
    unpack(Pack(packed).write(tmp_path / "same.zip"), tmp_path / "out")
    assert deployed(tmp_path / "out").models


def test_a_pickle_bomb_never_runs(packed: Path, tmp_path: Path) -> None:
    """In the pack under any name, or planted later into an unpacked folder."""
    marker = tmp_path / "ran"
    bomb = pickle.dumps(Bomb(marker))
    for name in ("members/linear/fold-0/model.joblib", "chain.joblib", "x.pkl"):
        made = Pack(packed)
        made.put(name, bomb)
        with pytest.raises(BadInput, match=name.rpartition("/")[2]):
            unpack(made.write(tmp_path / "bomb.zip"), tmp_path / "out")
    made = Pack(packed)
    made.put(MODEL, bomb)
    unpack(made.write(tmp_path / "bomb.zip"), tmp_path / "as-data")
    with pytest.raises(BadInput, match=r"model\.skops"):
        deployed(tmp_path / "as-data")
    unpack(packed, tmp_path / "out")
    (tmp_path / "out" / "members" / "linear" / "fold-0" / "model.joblib").write_bytes(bomb)
    (tmp_path / "out" / "chain.joblib").write_bytes(bomb)
    assert deployed(tmp_path / "out").models  # by the data-only files
    for name in (MODEL, "chain.skops"):
        there = tmp_path / "out" / name
        kept = there.read_bytes()
        there.unlink()
        with pytest.raises(BadInput, match="not trusted"):
            deployed(tmp_path / "out")
        there.write_bytes(kept)
    assert not marker.exists()
    pickle.loads(bomb)
    assert marker.exists(), "the bomb is one"


def test_a_planted_component_never_runs(packed: Path, tmp_path: Path) -> None:
    unpack(packed, tmp_path / "out")
    (tmp_path / "out" / "mine.py").write_text(f"import os; os.mkdir({str(tmp_path / 'ran')!r})")
    recipe = (tmp_path / "out" / "recipe.yaml").read_text()
    (tmp_path / "out" / "recipe.yaml").write_text(recipe.replace("components: []", "components: [mine.py]"))
    for command in (
        ["predict", str(tmp_path / "out"), str(packed)],
        ["train", str(tmp_path / "out" / "recipe.yaml")],
    ):
        told = CliRunner().invoke(app, command)
        assert told.exit_code == 2
        assert "mine.py is code" in told.output
    assert not (tmp_path / "ran").exists()


def test_bombs_of_size_are_refused(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what is declared, and by what comes out where the declaration lies."""
    made = Pack(packed)
    made.put("oof-zeros.npy", bytes(1 << 22))
    file = made.write(tmp_path / "bomb.zip")
    with monkeypatch.context() as small:
        small.setattr(module, "FREELY", 1 << 20)
        small.setattr(module, "TIMES", 4)
        with pytest.raises(BadInput, match="bomb"):
            unpack(file, tmp_path / "out")
    unpack(file, tmp_path / "fine")
    raw = file.read_bytes()
    lied = raw.replace((1 << 22).to_bytes(4, "little"), (1 << 10).to_bytes(4, "little"))
    assert lied != raw
    made.manifest["files"]["oof-zeros.npy"]["bytes"] = 1 << 10
    lied = Pack.write(made, tmp_path / "lie.zip").read_bytes()
    lied = lied.replace((1 << 22).to_bytes(4, "little"), (1 << 10).to_bytes(4, "little"))
    (tmp_path / "lie.zip").write_bytes(lied)
    with pytest.raises(BadInput):
        unpack(tmp_path / "lie.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_there_is_left_alone(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(BadInput, match="exists already"):
        unpack(packed, tmp_path / "mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="exists already"):
        unpack(packed, tmp_path / "link")
    for broken in (b"", b"no zip", packed.read_bytes()[:-100]):
        (tmp_path / "broken.zip").write_bytes(broken)
        with pytest.raises(BadInput, match=r"is no (whole )?pack"):
            unpack(tmp_path / "broken.zip", tmp_path / "out")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="a.b/\\:\0\n~é", max_size=12))
def test_no_name_leaves_the_folder(name: str) -> None:
    if fault_of_name(name) is None:
        there = os.path.normpath(os.path.join("/base/folder", name))
        assert there == f"/base/folder/{name}"
        assert "\0" not in name


def test_data_are_told_from_code_by_their_names_alone() -> None:
    assert not [name for name in ("a.json", "x/oof.npy", "b.csv.gz", "wheels/a.whl") if is_code(name)]
    assert all(
        is_code(name) for name in ("a.joblib", "a.py", "a.npy.pkl", "x/wheels/a.whl", "a", "wheels/b/a.whl")
    )


@pytest.mark.parametrize(
    "name",
    [
        "os.system", "builtins.eval", "posix.system", "subprocess.Popen", "sklearn.utils.os", "holdfast.fit.member.joblib",
        "holdfast.store.plain.load_either", "holdfast.fit.member.load_fitted", "holdfast.fit.network.Any", "joblib.load",
        "holdfast.__main__.x", "numpy.load", "sklearn.datasets.fetch_openml", "lightgbm.compat.x",
    ],
)  # fmt: skip
def test_no_function_and_no_borrowed_name_is_allowed(name: str) -> None:
    assert not allowed(name)


def test_a_data_only_file_that_names_a_function_is_refused(tmp_path: Path) -> None:
    """Methods too, and partials of what is allowed by itself: who uses the object would call them."""
    from functools import partial
    from operator import attrgetter

    from sklearn.linear_model import Ridge

    from holdfast.prepare.calculus import derivative

    marker = tmp_path / "ran"
    called = (
        partial(os.mkdir, str(marker)),
        os.mkdir,
        shutil.rmtree,
        partial(Ridge, alpha=1.0),
        Ridge().fit,
        attrgetter("x"),
    )
    for value in [*called, *([1, {"a": one}] for one in called)]:
        (tmp_path / "x.skops").write_bytes(sio.dumps(value))
        with pytest.raises(BadInput, match=r"x\.skops"):
            load_plain(tmp_path / "x.skops")
    assert not marker.exists()
    sio.dump({"a": [1.5], "b": partial(derivative, step=2.0)}, tmp_path / "y.skops")
    held = load_plain(tmp_path / "y.skops")
    assert (held["a"], held["b"].func, held["b"].keywords) == ([1.5], derivative, {"step": 2.0})
    sio.dump({"a": [1.5]}, tmp_path / "z.skops", compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(BadInput, match="compressed"):
        load_plain(tmp_path / "z.skops")
