"""A pack holds what is needed elsewhere, as data, and no path of this machine; unpacked it says the same."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from typer.testing import CliRunner

import holdfast
from holdfast.cli.main import app
from holdfast.errors import BadInput, JobFailed
from holdfast.pack.manifest import read_manifest
from holdfast.pack.offline import wheels
from holdfast.pack.pins import extras_of, needed, pins
from holdfast.pack.unpack import unpack
from holdfast.pack.wheel import requirements, wheel
from holdfast.pack.write import pack
from holdfast.store.run import Run
from holdfast.study.deployed import deployed
from holdfast.study.predict import predict
from holdfast.study.refit import refit
from holdfast.train import train

pytest.importorskip("skops")

COMPONENT = """
from holdfast.models.base import Estimator
from holdfast.recipe.registry import component


@component("coin_of_a_pack")
class CoinOfAPack(Estimator):
    def build(self, target, seed, threads):
        from sklearn.dummy import DummyClassifier

        return Mine(strategy="prior")


from sklearn.dummy import DummyClassifier


class Mine(DummyClassifier):
    pass
"""


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pack")


@pytest.fixture(scope="module")
def run(where: Path) -> Run:
    """A network, an estimator of two seeds, trees; calibrated, and stacked."""
    values = tiny.recipe(
        tiny.ARRAYS,
        tiny.array_folder(where / "arrays"),
        {"conv": tiny.CONV, "linear": {"model": "logistic", "seeds": 2}, "trees": tiny.TREES},
        folds={"kind": "stratified_group", "k": 2},
        predict={"calibrate": ["temperature"]},
        ensemble="stacking",
    )
    return train(values, where / "a-run")


@pytest.fixture(scope="module")
def packed(run: Run, where: Path) -> Path:
    return pack(run.path, where / "a-run.zip")


def test_unpacked_it_says_what_the_run_says(run: Run, packed: Path, where: Path) -> None:
    made = unpack(packed, where / "elsewhere")
    assert made.code == []
    data, ids = where / "arrays" / "test.npy", where / "arrays" / "sample.csv"
    for member in ("ensemble", "conv", "linear", "trees"):
        predict(where / "elsewhere", data, where / "said.npy", member, ids, force=True)
        assert np.array_equal(np.load(where / "said.npy"), run.test_predictions(member))
    assert not list((where / "elsewhere").rglob("*.joblib"))
    assert Run(where / "elsewhere").scores == run.scores


def test_the_manifest_holds_the_hash_of_every_file(packed: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        held = read_manifest(archive.read("manifest.json"), "it")
        assert set(held.files) == set(archive.namelist()) - {"manifest.json"}
        for name, said in held.files.items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == said["sha256"]
        names = set(held.files)
    assert {"recipe.yaml", "folds.csv", "oof.parquet", "scores.json", "environment.json", "pins.txt"} <= names
    assert "members/conv/fold-1/weights.safetensors" in names
    assert set(held.data["files"]) == {"train.npy", "labels.csv", "test.npy"}
    assert not [name for name in names if "train.npy" in name]


def test_no_path_of_this_machine_is_inside(run: Run, packed: Path, where: Path) -> None:
    machine = [str(where).encode(), str(Path.home()).encode() + b"/", str(Path.cwd()).encode()]
    with zipfile.ZipFile(packed) as archive:
        for name in archive.namelist():
            if not name.startswith("wheels/"):
                content = archive.read(name)
                assert not [path for path in machine if path in content], name
        assert json.loads(archive.read("environment.json"))["recipe_folder"] == "."
        assert not archive.comment


def test_the_readme_says_three_commands(packed: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        text = archive.read("README.md").decode()
        pinned = archive.read("pins.txt").decode().splitlines()
    block = text.split("```")[1].strip().splitlines()
    assert [line.split(" ")[0] for line in block] == ["python", "holdfast", "holdfast"]
    assert f'"wheels/holdfast-{holdfast.__version__}-py3-none-any.whl[share]"' in block[0]
    assert block[1] == "holdfast unpack a-run.zip -o a-run"
    assert f"numpy=={np.__version__}" in pinned
    assert all("==" in line and "/" not in line and "+" not in line for line in pinned[1:])


def test_it_trains_again_from_the_pack(run: Run, packed: Path, where: Path) -> None:
    unpack(packed, where / "to-train")
    (where / "to-train" / "data").symlink_to(where / "arrays")
    again = train(where / "to-train" / "recipe.yaml", where / "trained-again")
    assert np.array_equal(again.test_predictions(), run.test_predictions())


def test_a_refit_is_packed(run: Run, where: Path) -> None:
    made = refit(run.path, ["linear"], where / "a-refit")
    unpack(pack(made.path, where / "refit.zip"), where / "refit-elsewhere")
    predict(where / "refit-elsewhere", where / "arrays" / "test.npy", where / "refit.npy")
    assert np.array_equal(np.load(where / "refit.npy"), made.test_predictions())


def test_an_unpacked_pack_can_be_packed(packed: Path, where: Path) -> None:
    unpack(packed, where / "first")
    unpack(pack(where / "first", where / "second.zip"), where / "second")
    assert deployed(where / "second", "conv").models


def test_components_and_what_only_a_pickle_holds_need_trust(where: Path) -> None:
    """Of the run's own component, whose class no allowlist knows."""
    (where / "mine.py").write_text(COMPONENT)
    values = tiny.recipe(
        tiny.TABLE, tiny.table_folder(where / "table"), {"coin": {"model": "coin_of_a_pack"}}
    )
    own = train({**values, "components": ["mine.py"]}, where / "own", base=where)
    said: list[str] = []
    made = pack(own.path, where / "own.zip", tell=said.append)
    code = ["components/0/mine.py", *(f"members/coin/fold-{k}/model.joblib" for k in range(3))]
    assert [line.split(": ")[1] for line in said if "--trust" in line] == code
    with pytest.raises(BadInput, match=r"holds code.*mine\.py.*model\.joblib.*--trust"):
        unpack(made, where / "own-elsewhere")
    assert not (where / "own-elsewhere").exists()
    assert unpack(made, where / "own-elsewhere", trust=True).code == code
    predict(where / "own-elsewhere", where / "table" / "test.csv", where / "own.npy")
    assert np.array_equal(np.load(where / "own.npy"), own.test_predictions())


def test_what_cannot_be_packed_is_refused(run: Run, packed: Path, where: Path) -> None:
    before = packed.read_bytes()
    made = CliRunner().invoke(app, ["pack", str(run.path), "-o", str(packed)])
    assert (made.exit_code, packed.read_bytes()) == (2, before)
    assert "--force" in made.output
    (where / "none").mkdir()
    assert CliRunner().invoke(app, ["pack", str(where / "none")]).exit_code == 2


def test_every_requirement_of_the_wheel_is_pinned() -> None:
    """Those that are installed, with what they require in turn, and only names and versions."""
    held = needed(extras_of({"data": {"kind": "images"}, "members": {}}))
    assert {"torch", "numpy", "skops", "timm", "typing-extensions"} <= set(held)
    assert "xarray" not in held
    assert "xarray" in needed(extras_of({"data": {"kind": "frames"}, "members": {}}))
    assert "xgboost-cpu" in needed(extras_of({"data": {}, "members": {"a": {"model": {"xgboost": {}}}}})) or (
        sys.platform != "linux"
    )
    assert all(line.count("==") == 1 for line in pins(held).splitlines()[1:])
    assert any(line.startswith("skops") for line in requirements())


def stand_in(folder: Path, name: str, version: str) -> None:
    """A wheel that holds nothing."""
    folder.mkdir(exist_ok=True)
    bare = name.replace("-", "_")
    info = f"{bare}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{bare}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.mark.slow
def test_offline_adds_the_wheels(run: Run, where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip asks a folder of stand-ins, in the versions that are installed and in others."""
    held = needed(["share"])
    for name, one in held.items():
        stand_in(where / "index", name, one.version.partition("+")[0])
        stand_in(where / "index", name, "9999")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(where / "index"))
    said: list[str] = []
    made = pack(run.path, where / "offline.zip", offline=True, tell=said.append)
    assert said[0].startswith(f"wheels of {len(held)} packages, ")
    unpack(made, where / "offline")
    there = {file.name for file in (where / "offline" / "wheels").iterdir()}
    assert f"torch-{held['torch'].version.partition('+')[0]}-py3-none-any.whl" in there
    assert not [name for name in there if "9999" in name]
    assert wheel()[0] in there
    assert "--no-index --find-links wheels" in (where / "offline" / "README.md").read_text()
    monkeypatch.setenv("PIP_FIND_LINKS", str(where))
    with pytest.raises(JobFailed, match="pip download failed"), wheels(wheel(), ["share"], ""):
        pass


@pytest.mark.slow
def test_in_a_new_environment_the_three_commands_predict(run: Run, where: Path) -> None:
    """The packed wheel is installed; the other packages are those of this environment."""
    made = pack(run.path, where / "three.zip")
    here = where / "three"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(here / "env")], check=True)
    python = here / "env" / "bin" / "python"
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    others = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    with zipfile.ZipFile(made) as archive:
        archive.extractall(here / "zip")
    # `pip install` of one wheel without its requirements
    (wheel_file,) = (here / "zip" / "wheels").iterdir()
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site]
    subprocess.run([*install, str(wheel_file)], check=True)
    Path(site, "others.pth").write_text("\n".join(others) + "\n")
    environment: dict[str, Any] = {"PATH": "/usr/bin:/bin", "HOME": str(here), "OMP_NUM_THREADS": "1"}

    def holdfast_there(*words: str) -> str:
        command = [str(python), "-m", "holdfast", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=here, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where_from = [str(python), "-c", "import holdfast; print(holdfast.__file__)"]
    found = subprocess.run(where_from, capture_output=True, text=True, cwd=here, env=environment, check=True)
    assert found.stdout.startswith(site)
    holdfast_there("unpack", str(made), "-o", "there")
    data, ids = where / "arrays" / "test.npy", where / "arrays" / "sample.csv"
    holdfast_there("predict", "there", str(data), "--ids", str(ids), "-o", "said.csv")
    said = pd.read_csv(here / "said.csv", dtype={"id": str}, float_precision="round_trip")
    assert said["id"].tolist() == run.test_ids.tolist()
    held = run.test_predictions()
    assert np.array_equal(said.iloc[:, 1:].to_numpy().astype(held.dtype), held)
