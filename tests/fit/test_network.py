"""The loop: what it never sees, what it keeps, and that it goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from holdfast.data.dataset import Dataset
from holdfast.engine.threads import limited
from holdfast.errors import JobFailed
from holdfast.fit.member import fit_member
from holdfast.fit.resolved import MemberSpec, resolve, unreached
from holdfast.folds.inner import inner_split
from holdfast.keys import seed_of
from holdfast.recipe.registry import known
from holdfast.recipe.schema import Recipe
from holdfast.testing.samples import CLASSES, REAL, tiny_data

NET = {"conv_residual": {"width": 4, "kernel": 3, "dense": 4}}
TRAIN, SCORED = np.arange(0, 24), np.arange(24, 36)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with limited(1):
        yield


def member(target: str = "classes", kind: str = "windows", **parts: Any) -> MemberSpec:
    fit = {"epochs": 3, "batch_size": 8, "precision": "32", **parts.pop("fit", {})}
    values = {
        "metric": "accuracy" if target == "classes" else "rmse",
        "folds": "stratified",
        "members": {"one": {"model": NET, **parts, "fit": fit}},
    }
    return resolve(
        Recipe.model_validate(values), "one", tiny_data(kind), CLASSES if target == "classes" else REAL
    )


def fitted(spec: MemberSpec, data: Dataset, **over: Any) -> Any:
    target = CLASSES if np.issubdtype(data.target.dtype, np.integer) else REAL  # type: ignore[union-attr]
    return fit_member(spec, data.take(TRAIN), target, 5, 1, **over)


def weights(net: Any) -> dict[str, np.ndarray]:
    return {name: value.numpy().copy() for name, value in net.net.state_dict().items()}


def assert_equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        assert np.array_equal(one[name], other[name]), name


@pytest.mark.parametrize(
    "fit",
    [
        {"epochs": 4, "patience": 1},
        {"best": True},
        {"schedule": "plateau"},
        {"schedule": "one_cycle", "optimizer": "nadam"},
    ],
)
def test_scored_fold_is_never_seen(fit: dict[str, Any]) -> None:
    """Other inputs and labels in the scored fold change not one bit of the weights."""
    spec = member(fit=fit, augment=["roll"], balance=["oversample", "class_weights"])
    data = tiny_data()
    source, y = data.source.copy(), data.target.copy()  # type: ignore[union-attr]
    source[SCORED] = np.nan
    y[SCORED] = (y[SCORED] + 1) % 3
    assert_equal(weights(fitted(spec, data)), weights(fitted(spec, replace(data, source=source, target=y))))


def test_watched_rows_teach_nothing_but_when_to_stop() -> None:
    """The pipeline and the weights of each epoch come from the learning part of the inner split alone."""
    spec, data = member(fit={"best": True, "epochs": 1}), tiny_data()
    part = data.take(TRAIN)
    split = inner_split(part.target, part.groups, spec.fit.inner, seed_of(5, "inner"))  # type: ignore[arg-type, union-attr]
    assert split is not None
    assert not set(part.groups[split[0]]) & set(part.groups[split[1]])  # type: ignore[index]
    source = data.source.copy()
    source[TRAIN[split[1]]] *= -30
    assert_equal(weights(fitted(spec, data)), weights(fitted(spec, replace(data, source=source))))


def losses(folder: Path) -> list[float]:
    rows = (folder / "curve.csv").read_text().splitlines()
    return [float(row.split(",")[2]) for row in rows[1:]]


def test_best_weights_are_restored(tmp_path: Path) -> None:
    """Labels that mean nothing: the longer it learns them, the worse it does on the inner split."""
    data = tiny_data()
    data = replace(data, target=np.random.default_rng(2).permutation(data.target))  # type: ignore[arg-type]
    spec = member(fit={"epochs": 8, "best": True, "lr": 0.05, "schedule": "constant"})
    best = fitted(spec, data, folder=tmp_path)
    watched = losses(tmp_path)
    assert len(watched) == 8
    place = int(np.argmin(watched))
    assert place < 7, "draw labels with which the last epoch is not the best"
    till_then = replace(spec, fit=spec.fit.model_copy(update={"epochs": place + 1}))  # type: ignore[union-attr]
    assert_equal(weights(best), weights(fitted(till_then, data)))


def test_patience_stops(tmp_path: Path) -> None:
    spec = member(fit={"epochs": 60, "patience": 2, "lr": 0.2, "schedule": "constant"})
    fitted(spec, tiny_data(), folder=tmp_path)
    watched = losses(tmp_path)
    assert len(watched) < 60
    assert len(watched) - 1 - int(np.argmin(watched)) == 2


class Cut(Exception):
    """A power cut."""


@pytest.mark.parametrize("stop", [0, 2, 4])
@pytest.mark.parametrize(
    "fit",
    [
        {"schedule": "cosine"},
        {"schedule": "one_cycle", "optimizer": "nadam"},
        {"schedule": "plateau", "best": True},
        {"patience": 2, "optimizer": "sgd", "schedule": "constant"},
    ],
    ids=lambda fit: "-".join(map(str, fit.values())),
)
def test_cut_after_an_epoch_ends_as_if_unbroken(tmp_path: Path, stop: int, fit: dict[str, Any]) -> None:
    spec = member(fit={"epochs": 5, **fit}, augment=["roll", "jitter"], balance=["balanced_sampler"])
    whole = weights(fitted(spec, tiny_data()))

    def cut(event: dict[str, Any]) -> None:
        if event.get("epoch") == stop:
            raise Cut

    with pytest.raises(Cut):
        fitted(spec, tiny_data(), folder=tmp_path, mark="a", report=cut)
    assert (tmp_path / "checkpoint.pt").is_file() == (stop > 0)
    seen: list[int] = []
    resumed = fitted(
        spec, tiny_data(), folder=tmp_path, mark="a", report=lambda event: seen.append(event["epoch"])
    )
    assert seen[0] == stop
    assert_equal(weights(resumed), whole)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_checkpoint_of_another_job_is_not_used(tmp_path: Path) -> None:
    spec = member()

    def cut(event: dict[str, Any]) -> None:
        if event.get("epoch") == 2:
            raise Cut

    with pytest.raises(Cut):
        fitted(spec, tiny_data(), folder=tmp_path, mark="a", report=cut)
    seen: list[int] = []
    fitted(spec, tiny_data(), folder=tmp_path, mark="b", report=lambda event: seen.append(event["epoch"]))
    assert seen == [0, 1, 2]


def test_regression_head_learns_in_the_targets_own_units() -> None:
    data = tiny_data("windows", "real")
    data = replace(data, target=1000 + 50 * data.target)  # type: ignore[operator]
    spec = member("real", fit={"epochs": 30, "lr": 0.02})
    assert spec.loss is not None
    assert spec.loss.name == "mse"
    made = fitted(spec, data)
    said = made.predict(data.take(SCORED))
    assert said.shape == (12,)
    assert np.corrcoef(said, data.target[SCORED])[0, 1] > 0.8  # type: ignore[index]
    assert abs(said.mean() - 1050) < 30


def test_classes_are_learned() -> None:
    made = fitted(member(fit={"epochs": 30, "lr": 0.02}), tiny_data())
    data = tiny_data()
    assert (made.predict(data.take(SCORED)).argmax(axis=1) == data.target[SCORED]).mean() > 0.7  # type: ignore[index]


def test_loss_that_becomes_nan_stops_with_a_word() -> None:
    data = tiny_data()
    source = data.source.copy()
    source[3] = np.nan
    with pytest.raises(JobFailed, match="NaN in epoch 0"):
        fitted(member(prepare=[]), replace(data, source=source))


# estimators


def estimator(model: Any, **parts: Any) -> MemberSpec:
    values = {"metric": "accuracy", "folds": "stratified", "members": {"one": {"model": model, **parts}}}
    return resolve(Recipe.model_validate(values), "one", tiny_data(), CLASSES)


class Recorder:
    """An estimator that keeps what it is fitted on."""

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Recorder:
        self.X, self.y, self.weight = X.copy(), y.copy(), sample_weight
        self.classes_ = np.unique(y)
        return self


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(known("model")["extra_trees"], "build", lambda *_: made)
    return made


def test_weights_stay_with_their_samples_through_a_sampler(recorded: Recorder) -> None:
    data = tiny_data()
    y = np.where(data.order % 7 == 0, 2, 0)
    fit_member(
        estimator("extra_trees", balance=["class_weights", "balanced_sampler"]),
        replace(data, target=y),
        CLASSES,
        0,
        1,
    )
    assert recorded.weight is not None
    assert len(set(recorded.weight[recorded.y == 2])) == 1
    assert recorded.weight[recorded.y == 2].min() > recorded.weight[recorded.y == 0].max()


def test_oversampled_windows_reach_the_features(recorded: Recorder) -> None:
    data = tiny_data()
    fit_member(estimator("extra_trees", balance=["oversample"]), data, CLASSES, 0, 1)
    assert len(recorded.X) == 2 * len(data)
    assert np.array_equal(recorded.y, np.tile(data.target, 2))  # type: ignore[arg-type]
    assert not (recorded.X[:36] == recorded.X[36:]).all(axis=1).any()


def test_augmentation_that_reaches_nobody_is_said() -> None:
    values = {
        "metric": "accuracy", "folds": "stratified", "augment": ["roll"],
        "members": {"net": {"model": NET}, "trees": {"model": "extra_trees"}, "quiet": {"model": "svc", "augment": []}},
    }  # fmt: skip
    recipe = Recipe.model_validate(values)
    specs = [resolve(recipe, name, tiny_data(), CLASSES) for name in recipe.members]
    assert unreached(recipe, specs) == ["augment acts on networks only; it does not reach trees"]
    own = Recipe.model_validate(
        {**values, "augment": [], "members": {"trees": {"model": "svc", "augment": ["roll"]}}}
    )
    assert unreached(own, [resolve(own, "trees", tiny_data(), CLASSES)])


def test_large_network_is_saved_when_its_epochs_are_worth_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.fit.hooks.SMALL", 0)
    begun = []
    for rate in (1, 10**9):  # bytes a second of training
        monkeypatch.setattr("holdfast.fit.hooks.SAVED_A_SECOND", rate)

        def cut(event: dict[str, Any]) -> None:
            if event.get("epoch") == 2:
                raise Cut

        with pytest.raises(Cut):
            fitted(member(), tiny_data(), folder=tmp_path, mark="a", report=cut)
        begun.append(torch.load(tmp_path / "checkpoint.pt")["epoch"])
        (tmp_path / "checkpoint.pt").unlink()
    assert begun == [1, 2], "the first epoch, and each that is worth it"
