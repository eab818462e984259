"""Fitted members of every kind are written as data, and read back they predict the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny

from holdfast.data.form import form_of
from holdfast.engine.job import Job, fit_job
from holdfast.ensemble.chain import Chain
from holdfast.fit.member import load_fitted
from holdfast.metrics.base import Metric
from holdfast.models.base import Network
from holdfast.pack.weights import plain_chain, plain_member
from holdfast.prepare.pipeline import Pipeline
from holdfast.recipe.load import load_recipe
from holdfast.recipe.registry import known, parse
from holdfast.store.plain import dump_plain, load_plain
from holdfast.testing import example_of
from holdfast.testing.samples import tiny_data
from holdfast.train import prepare

pytest.importorskip("skops")

FOLDERS = {
    "table": (tiny.table_folder, tiny.TABLE),
    "windows": (tiny.array_folder, tiny.ARRAYS),
    "images": (tiny.image_folder, tiny.IMAGES),
    "frames": (tiny.frames_folder, tiny.FRAMES),
}


def ours(kind: str) -> list[str]:
    return [name for name, cls in known(kind).items() if cls.__module__.startswith("holdfast.")]


def check_member(kind: str, member: dict[str, Any], where: Path, **over: Any) -> None:
    """Fit one fold, write it as a run does, and as data; `plain_member` itself compares what both predict."""
    folder, data = FOLDERS[kind]
    values = tiny.recipe(data, folder(where / kind, groups=10), {"m": member}, **over)
    if kind == "frames":
        values |= {"metric": "mae", "folds": {"kind": "group", "k": 2}}
    plan = prepare(load_recipe(values, base=where), where)
    if plan.work.train.flow is not None:
        from holdfast.data.flow import with_flow_made

        plan = replace(plan, work=replace(plan.work, train=with_flow_made(plan.work.train, plan.work.target)))
    (where / "fold").mkdir()
    fit_job(plan.work, Job("m", 0, 0), lambda event: None).save(where / "fold")
    (where / "fold" / "model.skops").write_bytes(plain_member(where / "fold", form_of(plan.loaded), False))
    (where / "fold" / "model.joblib").unlink()
    assert load_fitted(where / "fold")


@pytest.mark.parametrize("name", ["logistic", "lightgbm", "conv_residual", "hydra"])
def test_some_members(name: str, tmp_path: Path) -> None:
    model = {"n_groups": 2} if name == "hydra" else {"width": 4} if name == "conv_residual" else {}
    fit = {"fit": tiny.CONV["fit"]} if name == "conv_residual" else {}
    features = {"features": "window_statistics"} if name == "logistic" else {}
    check_member("windows", {"model": {name: model}, **fit, **features}, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ours("model"))
def test_every_model(name: str, tmp_path: Path) -> None:
    model = example_of(known("model")[name], {"length": 8})
    over: dict[str, Any] = {}
    if "classes" not in model.targets and "real" in model.targets:  # type: ignore[attr-defined]
        pytest.skip("for real targets; the estimators below it are those of classes")
    fit = {"fit": {"epochs": 1, "batch_size": 8, "precision": "32"}} if isinstance(model, Network) else {}
    kind = next(kind for kind in ("windows", "frames", "images", "table") if kind in model.takes)  # type: ignore[attr-defined]
    check_member(kind, {"model": model.entry(), **fit}, tmp_path, **over)


@pytest.mark.parametrize("name", ours("prepare"))
def test_every_preparation(name: str, tmp_path: Path) -> None:
    step = example_of(known("prepare")[name])
    file = getattr(step, step.reads_file, None) if step.reads_file else None
    if file is not None and not Path(file).is_file():
        pytest.skip(f"its {step.reads_file} is a file of the user's")
    for kind in sorted(step.takes):  # type: ignore[attr-defined]
        data = tiny_data(kind)
        made = Pipeline([step], data.kind, data.names).fit(data)  # type: ignore[list-item]
        (tmp_path / "p.skops").write_bytes(dump_plain(made))
        again = load_plain(tmp_path / "p.skops")
        assert np.array_equal(again.transform(data.read()), made.transform(data.read()), equal_nan=True)


@pytest.mark.parametrize("name", ours("ensemble"))
def test_every_ensemble(name: str) -> None:
    data, metric = tiny_data("table"), parse("metric", "log_loss")
    assert isinstance(metric, Metric)
    rng = np.random.default_rng(0)
    said = {name: rng.dirichlet(np.ones(3), len(data)).astype(np.float32) for name in ("a", "b")}
    form = form_for_classes()
    ensemble = example_of(known("ensemble")[name]).for_metric(metric, form.target)  # type: ignore[attr-defined]
    steps = tuple(parse("postprocess", one) for one in ("temperature", "isotonic", "clip", "thresholds"))
    chain = Chain({"a": steps, "b": ()}, ensemble, steps, form.target)  # type: ignore[arg-type]
    assert data.target is not None
    learned = chain.fit(said, data.target, np.arange(len(data)) % 3)
    assert plain_chain([learned], form)


def form_for_classes() -> Any:
    from holdfast.data.form import Form
    from holdfast.testing.samples import CLASSES

    return Form("table", ("a",), (1,), False, CLASSES)
