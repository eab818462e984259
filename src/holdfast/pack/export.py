"""Networks of a finished run as ONNX files: prepared samples in, probabilities, values or grids out."""

from __future__ import annotations

import logging
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.fit.bag import Bag
from holdfast.fit.grid_feed import filled
from holdfast.fit.network import FittedNetwork
from holdfast.pack.onnx_net import with_head
from holdfast.recipe.registry import known
from holdfast.store.atomic import write_json
from holdfast.store.run import Run
from holdfast.study.deployed import Deployed, deployed, model_folders

INSTALL = "pip install holdfast[export]"
TOLERANCE = 1e-4  # of probabilities; of values and grids it is a share of the largest
CHECKED = 32  # real samples, on which the files must say what the networks say
Tell = Callable[[str], None]


def export(
    path: str | Path, output: str | Path, samples: Path | None = None, data: Path | None = None,
    tell: Tell = lambda line: None,
) -> list[Path]:  # fmt: skip
    """Write `MEMBER-FOLD.onnx` for each network of a run, and `MEMBER.json` that says what goes in and comes out.

    `samples`: a file of real samples to compare on, by default the run's test file or its training file, which lie in
    `data` where they have moved. Returns the files. Raises BadInput, with nothing written, where a network cannot
    be exported, or its file says otherwise.
    """
    _need_packages()
    run, out = Run(path), Path(output)
    if out.exists():
        raise BadInput(f"-o: {out} exists already; name another folder")
    found = deployed(run.path, data=data)
    nets = {name: _networks(run, name, held) for name, held in found.models.items()}
    for name, held in nets.items():
        if not held:
            tell(f"{name}: no network, and is left out")
    if not any(nets.values()):
        raise BadInput(f"{run.path}: none of its members is a network; only these are exported")
    real = _samples(run, found, samples, data)
    making = out.with_name(f".{out.name}.part")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        for name, held in nets.items():
            if held:
                _member(run, name, held, real, making, tell)
        making.replace(out)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return sorted(out.iterdir())


def _need_packages() -> None:
    try:
        import onnx
        import onnxruntime
        import onnxscript

        del onnx, onnxruntime, onnxscript
    except ImportError as error:
        raise BadInput(f"export needs onnx, onnxscript and onnxruntime ({error}): {INSTALL}") from None


def _networks(run: Run, name: str, models: list[Any]) -> dict[str, FittedNetwork]:
    """The networks of a member by the names of their files; none where it is something else."""
    made = {}
    for folder, one in zip(model_folders(run, name), models, strict=True):
        stem = name if folder.name == "all" else f"{name}-{folder.name}"
        several = one.fitted if isinstance(one, Bag) else [one]
        for number, fitted in enumerate(several):
            if isinstance(fitted, FittedNetwork):
                made[stem if len(several) == 1 else f"{stem}-seed-{number}"] = fitted
    return made


def _samples(run: Run, found: Deployed, given: Path | None, data: Path | None) -> Dataset:
    """A few real samples of the run's test part, else of its training part, or of a file that is given."""
    path, ids = given, None
    if path is None:
        base = data or (run.path / run.environment.get("recipe_folder", ".")) / found.spec.folder
        named = [name for name in (found.spec.test, found.spec.train) if name is not None]
        path = next((base / name for name in named if (base / name).exists()), None)
    if path is None:
        raise BadInput(
            f"{run.path}: its data are not where they were, and the export is checked on real samples; name a file"
            " of them with --samples, or their folder with --data"
        )
    (first,) = islice(found.stream(path, ids), 1)
    return found.with_flow(first.take(np.arange(min(CHECKED, len(first)))))


def _member(
    run: Run, name: str, nets: dict[str, FittedNetwork], real: Dataset, making: Path, tell: Tell
) -> None:
    models = {}
    for stem, fitted in nets.items():
        file = making / f"{stem}.onnx"
        X = _prepared(fitted, real)
        net = with_head(fitted)
        _write(net, X, file, f"{run.path}: {stem}")
        off, most = _difference(net, X, file)
        if not off <= TOLERANCE * most:
            raise BadInput(
                f"{run.path}: {stem}: the ONNX file differs from the network by up to {off:.2g} on {len(X)} real samples"
                f" (allowed: {TOLERANCE * most:.2g}); nothing is written"
            )
        tell(f"{file.name}: differs from the network by at most {off:.2g} on {len(X)} real samples")
        models[file.name] = {"max_abs_difference": off, "samples": len(X)}
    write_json(making / f"{name}.json", _facts(run, name, next(iter(nets.values())), models))


def _prepared(fitted: FittedNetwork, real: Dataset) -> np.ndarray:
    data = real.seen_by(fitted.model)
    X = fitted.pipeline.transform(data.read())
    X = filled(X) if fitted.head.target.kind == "grid" else X
    return np.ascontiguousarray(X, dtype=np.float32)


def _write(net: Any, X: np.ndarray, file: Path, where: str) -> None:
    """Export with a free first axis. Raises BadInput that says what torch could not express."""
    import torch

    batch = torch.from_numpy(X[:2] if len(X) > 1 else np.repeat(X, 2, axis=0))
    try:
        with _quiet():
            torch.onnx.export(
                net, (batch,), str(file), input_names=["samples"], output_names=["said"], dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("batch", min=1)},), external_data=False, verbose=False,
            )  # fmt: skip
    except Exception as error:  # torch's exporter raises many kinds
        layers = ", ".join(sorted({type(one).__name__ for one in net.modules() if not list(one.children())}))
        said = " ".join(str(error.__cause__ or error).split())[:300]
        raise BadInput(
            f"{where}: torch cannot write this network as ONNX: {said}; its layers: {layers}"
        ) from None


def _difference(net: Any, X: np.ndarray, file: Path) -> tuple[float, float]:
    """The largest difference between file and network, and what it is measured by; all samples at once, and one."""
    import onnxruntime
    import torch

    with torch.inference_mode():
        expected = net(torch.from_numpy(X)).numpy()
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    said = session.run(None, {"samples": X})[0]
    alone = session.run(None, {"samples": X[:1]})[0]
    off = max(float(np.abs(said - expected).max()), float(np.abs(alone - expected[:1]).max()))
    return off, max(1.0, float(np.abs(expected).max()))


def _facts(run: Run, name: str, fitted: FittedNetwork, models: dict[str, Any]) -> dict[str, Any]:
    """What a file takes and gives, in words and shapes."""
    target = fitted.head.target
    output: dict[str, Any] = {"name": "said", "shape": [None, *(target.shape or [target.outputs])]}
    if target.kind == "classes":
        output |= {"is": "probabilities, a column for each class", "classes": list(target.names)}
    elif target.kind == "real":
        output = {"name": "said", "shape": [None], "is": f"the value of {target.column}"}
    else:
        output["is"] = (
            "grids in the scale of the preparation; undo its steps backwards for mm/h, and cut below 0"
        )
    given = run.recipe["members"][name].get("prepare") or run.recipe.get("prepare")
    steps = {
        name: one for entry in given or [] for name, one in (entry.items() if isinstance(entry, dict) else [])
    }
    words = [
        {
            "step": step,
            "fields": steps.get(step, {}),
            "does": (known("prepare")[step].__doc__ or "").split("\n")[0],
        }
        for step in fitted.pipeline.names
    ]
    return {
        "member": name,
        "run": run.path.resolve().name,
        "input": {
            "name": "samples",
            "shape": [None, *fitted.shape],
            "type": "float32",
            "is": "prepared samples",
        },
        "preparation": words,
        "preparation_is": "learned from each fold's training part: `holdfast predict` does it, these files do not",
        "output": output,
        "models": models,
        "member_is": "the mean of what its files say; views at test time, calibration and ensemble are not inside",
        "precision_of_training": fitted.precision,
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's chatter."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")]
    before = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for one, level in zip(loggers, before):
            one.setLevel(level)
