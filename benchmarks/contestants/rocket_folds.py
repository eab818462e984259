"""MiniRocket over the folds of simulated windows, through Holdfast or written by hand: one line of what it took."""

from __future__ import annotations

import json
import resource
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from turns import settings

PEOPLE, CLASSES = 20, 6
LOOK = 0.005  # seconds between looks at the memory

said = settings()


def simulated(samples: int, steps: int, channels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows `(n, steps, channels)`, classes, people: the class is the pace, each person has an own level and phase."""
    rng = np.random.default_rng(0)
    y, person = rng.integers(CLASSES, size=samples), np.arange(samples) % PEOPLE
    level = rng.normal(size=(PEOPLE, 1, channels))[person]
    phase = rng.uniform(0, 6, size=(samples, 1, channels))
    pace = np.arange(steps)[None, :, None] * (1 + 0.1 * y[:, None, None]) / 5
    X = np.sin(pace + phase) + level + rng.normal(scale=2, size=(samples, steps, channels))
    return X.astype(np.float32), y, person


def by_hand(X: np.ndarray, y: np.ndarray, person: np.ndarray) -> np.ndarray:
    """As aeon documents it; its axes are `(n, channels, steps)`."""
    from aeon.transformations.collection.convolution_based import MiniRocket
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    answers = np.zeros(len(y), dtype=int)
    series = np.ascontiguousarray(X.transpose(0, 2, 1))
    for fold in range(said["k"]):
        held = person % said["k"] == fold
        transform = MiniRocket(n_kernels=said["kernels"], n_jobs=said["threads"], random_state=0)
        head = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))
        whole = make_pipeline(transform, StandardScaler(with_mean=False), head).fit(series[~held], y[~held])
        answers[held] = whole.predict(series[held])
    return answers


def through_holdfast(X: np.ndarray, y: np.ndarray, person: np.ndarray) -> np.ndarray:
    """What the jobs of `holdfast train` do: probabilities from inner folds, too."""
    from holdfast.data.dataset import Dataset
    from holdfast.engine.threads import limited
    from holdfast.fit.member import fit_member
    from holdfast.fit.resolved import resolve
    from holdfast.recipe.load import load_recipe
    from holdfast.recipe.target import TargetSpec

    names = tuple(map(str, range(CLASSES)))
    target = TargetSpec(kind="classes", column="target", names=names)
    member = {"model": {"minirocket": {"n_kernels": said["kernels"]}}}
    recipe = load_recipe({"metric": "accuracy", "folds": "stratified_group", "members": {"rocket": member}})
    channels = tuple(map(str, range(X.shape[2])))
    data = Dataset("windows", np.arange(len(X)).astype(str), X, channels, y, person)
    spec = resolve(recipe, "rocket", data, target)
    answers = np.zeros(len(y), dtype=int)
    with limited(said["threads"]):
        for fold in range(said["k"]):
            held = person % said["k"] == fold
            fitted = fit_member(spec, data.take(np.flatnonzero(~held)), target, 0, said["threads"])
            answers[held] = fitted.predict(data.take(np.flatnonzero(held))).argmax(axis=1)
    return answers


def anonymous() -> int:
    """Bytes that this process holds and no file backs."""
    line = next(
        one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("RssAnon")
    )
    return int(line.split()[1]) << 10


def watched(work: Any) -> tuple[Any, int]:
    """What `work` gives, and the most anonymous memory that was seen meanwhile."""
    most, ended = [anonymous()], threading.Event()

    def look() -> None:
        while not ended.wait(LOOK):
            most[0] = max(most[0], anonymous())

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        return work(), most[0]
    finally:
        ended.set()
        watcher.join()


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


warnings.simplefilter("ignore")
run = {"holdfast": through_holdfast, "hand": by_hand}[said["how"]]
run(*simulated(80, said["steps"], said["channels"]))  # imports, and loads what numba has compiled
X, y, person = simulated(said["samples"], said["steps"], said["channels"])
start, cpu, started = anonymous(), processor_seconds(), time.perf_counter()
answers, most = watched(lambda: run(X, y, person))
print(
    json.dumps({
        "seconds": time.perf_counter() - started, "cpu": processor_seconds() - cpu, "peak": most, "grown": most - start,
        "accuracy": float((answers == y).mean()),
    })
)  # fmt: skip
