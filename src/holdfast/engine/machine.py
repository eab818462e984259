"""What this machine and its packages are: facts for `doctor`, gathered without judging them."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from holdfast import vision
from holdfast.engine.threads import cores


@dataclass(frozen=True)
class Facts:
    """None stands for "not there"; an error is the text of the exception."""

    python: tuple[int, ...]
    system: str
    torch: str | None
    torch_error: str | None
    torchvision: str | None
    torchvision_error: str | None
    torchvision_ops: bool  # its own operators load, which Holdfast does without
    fabric: str | None
    cuda_build: str | None  # the CUDA that torch was built with
    gpus: tuple[str, ...]  # that torch can use
    driver: str | None  # NVIDIA's
    bf16: bool  # in hardware
    cores: int
    memory: int  # bytes that are free now
    disk: int  # bytes free in the working folder
    libgomp: bool
    venv: bool
    make: bool
    step_error: str | None
    step_seconds: float


def gather() -> Facts:
    """Look at this machine. Takes a few seconds, for it imports torch and trains one tiny network."""
    import psutil

    libgomp = _loads("libgomp.so.1")  # before torch, which brings a copy of its own
    torch_error = _import_error("torch")
    cuda_build, gpus, bf16 = (None, (), False) if torch_error else _torch_facts()
    step_error, seconds = ("torch cannot be imported", 0.0) if torch_error else training_step()
    torchvision = _version("torchvision")
    vision_error, vision_ops = _torchvision() if torchvision and not torch_error else (None, False)
    return Facts(
        python=sys.version_info[:3],
        system=sys.platform,
        torch=_version("torch"),
        torch_error=torch_error,
        torchvision=torchvision,
        torchvision_error=vision_error,
        torchvision_ops=vision_ops,
        fabric=_version("lightning-fabric"),
        cuda_build=cuda_build,
        gpus=gpus,
        driver=_driver(),
        bf16=bf16,
        cores=cores(),
        memory=psutil.virtual_memory().available,
        disk=shutil.disk_usage(Path.cwd()).free,
        libgomp=libgomp,
        venv=importlib.util.find_spec("venv") is not None
        and importlib.util.find_spec("ensurepip") is not None,
        make=shutil.which("make") is not None,
        step_error=step_error,
        step_seconds=seconds,
    )


def training_step() -> tuple[str | None, float]:
    """Train a tiny conv_residual for one epoch; the error, if any, and the seconds."""
    started = time.monotonic()
    try:
        import numpy as np

        from holdfast.data.dataset import Dataset
        from holdfast.fit.member import fit_member
        from holdfast.fit.resolved import resolve
        from holdfast.recipe.load import load_recipe
        from holdfast.recipe.target import TargetSpec

        model = {"conv_residual": {"width": 8, "dense": 8}}
        recipe = load_recipe(
            {
                "metric": "accuracy",
                "folds": "stratified",
                "members": {"conv": {"model": model}},
                "fit": {"epochs": 1},
            }
        )
        target = TargetSpec(kind="classes", names=("a", "b"))
        data = Dataset(
            "windows", np.arange(16).astype(str), np.random.default_rng(0).normal(size=(16, 32, 3)), ("x", "y", "z"),
            target=np.arange(16) % 2,
        )  # fmt: skip
        made = fit_member(resolve(recipe, "conv", data, target), data, target, 0, 1).predict(data)
        if not np.isfinite(made).all():
            return "the network predicts no finite numbers", time.monotonic() - started
    except Exception as error:  # whatever it is, doctor is there to say it
        return f"{type(error).__name__}: {error}", time.monotonic() - started
    return None, time.monotonic() - started


def _torch_facts() -> tuple[str | None, tuple[str, ...], bool]:
    import torch

    from holdfast.fit.precision import chosen_precision

    gpus = tuple(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    return torch.version.cuda, gpus, chosen_precision("auto") == "bf16"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _torchvision() -> tuple[str | None, bool]:
    """Why torchvision cannot be used, and whether its own operators can."""
    try:
        found = vision.torchvision()
    except Exception as error:  # whatever an import raises
        return f"{type(error).__name__}: {error}", False
    return None, bool(found.extension._has_ops())


def _import_error(name: str) -> str | None:
    try:
        importlib.import_module(name)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _driver() -> str | None:
    """Version of NVIDIA's driver, from nvidia-smi; None where there is none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    asked = subprocess.run(
        [tool, "--query-gpu=driver_version", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return asked.stdout.split("\n")[0].strip() or None if asked.returncode == 0 else None
