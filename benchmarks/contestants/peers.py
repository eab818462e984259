"""Classifiers as anyone would take them from their libraries, each in a process of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from fold_by_fold import Classifier, run, softmax
from turns import Turns, settings

said = settings()
turns = Turns()
THREADS = said["threads"]


def as_table(X: np.ndarray) -> np.ndarray:
    """Tables as they are, windows as Holdfast's `window_statistics`."""
    if X.ndim == 2:
        return X
    from holdfast.features.window_statistics import WindowStatistics

    return np.nan_to_num(WindowStatistics().transform(X), nan=0.0, posinf=0.0, neginf=0.0)


def as_series(X: np.ndarray) -> np.ndarray:
    """aeon's axes: `(n, channels, steps)`."""
    return np.ascontiguousarray(X.transpose(0, 2, 1))


def svc(X: np.ndarray, y: np.ndarray, scored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    machine = make_pipeline(impute, StandardScaler(), SVC(C=10.0, cache_size=500)).fit(as_table(X), y)
    return machine.classes_, softmax(machine.decision_function(as_table(scored)))


def lightgbm(X: np.ndarray, y: np.ndarray, scored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from lightgbm import LGBMClassifier

    trees = LGBMClassifier(n_estimators=200, n_jobs=THREADS, random_state=0, verbose=-1).fit(as_table(X), y)
    return trees.classes_, np.asarray(trees.predict_proba(as_table(scored)))


def minirocket(X: np.ndarray, y: np.ndarray, scored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from aeon.classification.convolution_based import MiniRocketClassifier

    rocket = MiniRocketClassifier(n_jobs=THREADS, random_state=0).fit(as_series(X), y)
    # its own predict_proba says 0 and 1 only
    return rocket.classes_, softmax(rocket.pipeline_.decision_function(as_series(scored)))


def multirocket_hydra(X: np.ndarray, y: np.ndarray, scored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from aeon.classification.convolution_based import MultiRocketHydraClassifier

    rocket = MultiRocketHydraClassifier(n_jobs=THREADS, random_state=0).fit(as_series(X), y)
    # its own predict_proba says 0 and 1 only, and it has no decision_function: let its ridge answer with that
    rocket.classifier.predict = rocket.classifier.decision_function
    return rocket.classes_, softmax(np.asarray(rocket.predict(as_series(scored))))


def inception_time(X: np.ndarray, y: np.ndarray, scored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from aeon.classification.deep_learning import InceptionTimeClassifier

    with tempfile.TemporaryDirectory() as folder:
        net = InceptionTimeClassifier(
            n_classifiers=said["networks"], n_epochs=said["epochs"], file_path=f"{Path(folder)}/", random_state=0
        )  # fmt: skip
        scale = X.mean(axis=(0, 1)), X.std(axis=(0, 1)) + 1e-8
        net.fit(as_series((X - scale[0]) / scale[1]), y)
        return net.classes_, net.predict_proba(as_series((scored - scale[0]) / scale[1]))


PEERS: dict[str, tuple[Classifier, list[str]]] = {
    "svc": (svc, ["scikit-learn"]),
    "lightgbm": (lightgbm, ["lightgbm"]),
    "minirocket": (minirocket, ["aeon", "scikit-learn"]),
    "multirocket_hydra": (multirocket_hydra, ["aeon", "scikit-learn", "torch"]),
    "inception_time": (inception_time, ["aeon", "tensorflow-cpu"]),
}
classify, packages = PEERS[said["peer"]]
run(said, turns, classify, packages)
