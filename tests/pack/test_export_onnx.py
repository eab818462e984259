"""Networks as ONNX files say what the networks say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.errors import BadInput
from holdfast.pack import export as module
from holdfast.pack.export import export
from holdfast.study.deployed import deployed
from holdfast.study.refit import refit
from holdfast.train import train

runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

FOLDS = {"kind": "stratified_group", "k": 2}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("export")
    members = {"conv": tiny.CONV, "linear": {"model": "logistic"}}
    return train(
        tiny.recipe(tiny.ARRAYS, tiny.array_folder(where / "arrays"), members, folds=FOLDS), where / "run"
    ).path


def said_by(folder: Path, names: list[str], X: np.ndarray) -> list[np.ndarray]:
    return [runtime.InferenceSession(str(folder / name)).run(None, {"samples": X})[0] for name in names]


@pytest.mark.slow
def test_the_files_say_what_the_folds_say(run: Path, tmp_path: Path) -> None:
    """Of any number of samples; the member that is no network is told, and left out."""
    told = CliRunner().invoke(app, ["export", str(run), "--onnx", "-o", str(tmp_path / "onnx")])
    assert told.exit_code == 0, told.output
    assert "linear: no network" in told.output
    names = ["conv-fold-0.onnx", "conv-fold-1.onnx"]
    assert sorted(file.name for file in (tmp_path / "onnx").iterdir()) == [*names, "conv.json"]
    facts = json.loads((tmp_path / "onnx" / "conv.json").read_text())
    assert facts["output"]["classes"] == list(tiny.CLASSES)
    assert facts["input"]["shape"] == [None, 16, 2]
    assert [one["step"] for one in facts["preparation"]] == ["interpolate", "standardize"]
    assert all(one["max_abs_difference"] < 1e-5 for one in facts["models"].values())
    raw = np.load(run.parent / "arrays" / "test.npy")
    fitted: list[Any] = deployed(run, "conv").models["conv"]
    for count in (1, 5):
        X = [one.pipeline.transform(raw[:count]) for one in fitted]
        held = [
            one.predict(deployed(run, "conv").form.dataset(np.arange(count), raw[:count])) for one in fitted
        ]
        for k, name in enumerate(names):
            (said,) = said_by(tmp_path / "onnx", [name], X[k])
            assert np.allclose(said, held[k], atol=1e-5)
            assert said.shape == (count, 3)


@pytest.mark.slow
def test_a_refit_gives_one_file(run: Path, tmp_path: Path) -> None:
    made = refit(run, ["conv"], tmp_path / "refit")
    files = export(made.path, tmp_path / "onnx", samples=run.parent / "arrays" / "test.npy")
    assert [file.name for file in files] == ["conv.json", "conv.onnx"]


@pytest.mark.slow
def test_a_file_that_says_otherwise_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOLERANCE", -1.0)
    with pytest.raises(BadInput, match="differs from the network"):
        export(run, tmp_path / "onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_what_torch_cannot_write_names_the_layers(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    class Unheard(torch.nn.Module):
        """Goes by what it sees."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, 0] if x.sum() > 0 else x[:, 1]

    monkeypatch.setattr(module, "with_head", lambda fitted: Unheard())
    with pytest.raises(BadInput, match=r"cannot write this network as ONNX.*its layers: Unheard"):
        export(run, tmp_path / "onnx")
    assert not list(tmp_path.iterdir())


def test_without_networks_or_data_it_says_so(run: Path, tmp_path: Path) -> None:
    linear = refit(run, ["linear"], tmp_path / "linear")
    with pytest.raises(BadInput, match="none of its members is a network"):
        export(linear.path, tmp_path / "onnx")
    with pytest.raises(BadInput, match="--samples"):
        export(run, tmp_path / "onnx", data=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("head", ["joint", "per_attribute", "separate", "sigmoid"])
def test_every_head(head: str, tmp_path: Path) -> None:
    folder = tiny.image_folder(tmp_path / "photos")
    net = {"model": {"timm": {"name": "resnet18"}}, "head": head, "fit": tiny.CONV["fit"]}
    data = {**tiny.IMAGES, "attributes": tiny.ATTRIBUTES}
    made = train(tiny.recipe(data, folder, {"net": net}, folds=FOLDS), tmp_path / "run")
    assert len(export(made.path, tmp_path / "onnx")) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["lstm", "gru", "conv_recurrent", "two_path", "inception_time", "transformer"]
)
def test_every_network_of_windows(name: str, tmp_path: Path) -> None:
    folder = tiny.array_folder(tmp_path / "arrays")
    net = {"model": name, "fit": tiny.CONV["fit"]}
    made = train(tiny.recipe(tiny.ARRAYS, folder, {"net": net}, folds=FOLDS), tmp_path / "run")
    assert len(export(made.path, tmp_path / "onnx")) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unet", "conv_lstm", "unet_conv_lstm", "flow_unet"])
def test_every_network_of_frames(name: str, tmp_path: Path) -> None:
    folder = tiny.frames_folder(tmp_path / "frames")
    net = {"model": name, "fit": tiny.CONV["fit"]}
    folds = {"kind": "group", "k": 2}
    made = train(tiny.recipe(tiny.FRAMES, folder, {"net": net}, folds=folds, metric="mae"), tmp_path / "run")
    assert len(export(made.path, tmp_path / "onnx")) == 3
