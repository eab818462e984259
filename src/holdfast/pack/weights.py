"""Fitted members and chains as data alone, where what is read back predicts the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.data.form import Form
from holdfast.ensemble.chain import FittedChain
from holdfast.errors import BadInput
from holdfast.fit.member import load_fitted
from holdfast.store.plain import NotPlain, dump_plain, load_plain

SAMPLES = 8  # simulated, that are predicted before and after


def plain_member(folder: Path, form: Form, groups: bool) -> bytes:
    """The `model.skops` of a fold's folder. Raises NotPlain that says why only its pickle holds it."""
    fitted: Any = load_fitted(folder)
    network = getattr(fitted, "net", None)
    data = dump_plain(fitted if network is None else replace(fitted, net=None))
    again = _read_back(data)
    if network is not None:
        again.net.load_state_dict(network.state_dict())
    samples = simulated(form, groups)
    _refuse_other(lambda one: one.predict(samples), fitted, again)
    return data


def plain_chain(learned: list[FittedChain], form: Form) -> bytes:
    """The `chain.skops` of what out-of-fold rows taught. Raises NotPlain."""
    data = dump_plain(learned)
    said = {name: _said(form, seed) for seed, name in enumerate(learned[0].chain.calibrate)}
    for one, other in zip(learned, _read_back(data), strict=True):
        _refuse_other(lambda chain: np.stack(list(chain.predict(said).values())), one, other)
    return data


def simulated(form: Form, groups: bool) -> Dataset:
    """Simulated samples of a form: noise, rain without a sign for frames."""
    rng = np.random.default_rng(0)
    shape = (SAMPLES, *form.shape)
    noise = rng.normal(size=shape).astype(np.float32)
    source: np.ndarray = rng.integers(0, 256, shape).astype(np.uint8) if form.pictures else noise
    ids = np.arange(SAMPLES).astype(str)
    data = form.dataset(
        ids, np.abs(source) if form.target.kind == "grid" else source, ids if groups else None
    )
    if form.target.kind != "grid":
        return data
    leads, *size = form.target.shape
    return replace(data, flow=np.zeros((SAMPLES, leads + 2, *size), dtype=np.float32))


def _said(form: Form, seed: int) -> np.ndarray:
    """Simulated predictions of a member."""
    rng, target = np.random.default_rng(seed), form.target
    if target.kind == "classes":
        return rng.dirichlet(np.ones(target.n_classes), SAMPLES).astype(np.float32)
    return np.abs(rng.normal(size=(SAMPLES, *target.shape))).astype(np.float32)


def _read_back(data: bytes) -> Any:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.skops"
        file.write_bytes(data)
        try:
            return load_plain(file)
        except BadInput as error:
            raise NotPlain(str(error).removeprefix(f"{file}: ")) from None


def _refuse_other(predict: Callable[[Any], np.ndarray], one: Any, other: Any) -> None:
    if not np.array_equal(predict(one), predict(other), equal_nan=True):
        raise NotPlain("what is read back predicts otherwise")
