"""The published third-place recipe in Keras, on the folds that it is given. Runs in an environment of its own.

As published but for two habits, without which no out-of-fold score could stand beside another: the scaler is
fitted on the fold's training part, and early stopping, plateau and best weights watch a tenth of that part,
drawn by sample, not the scored fold. Its roll, drawn once for each model, is as published.
"""

from __future__ import annotations

import os

import numpy as np
from fold_by_fold import run
from turns import Turns, settings

said = settings()
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
turns = Turns()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras_network import network  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(said["threads"])
tf.config.threading.set_inter_op_parallelism_threads(said["threads"])
NOISE, WATCHED, BATCH = 0.03, 0.1, 64


def with_calculus(X: np.ndarray) -> np.ndarray:
    """Each channel, its derivative and its integral: `(n, steps, 3·channels)`."""
    middles = (X[:, 1:] + X[:, :-1]) / 2
    integral = np.concatenate([np.zeros_like(X[:, :1]), np.cumsum(middles, axis=1)], axis=1)
    return np.concatenate([X, np.gradient(X, axis=1), integral], axis=2).astype(np.float32)


def rolled(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each window moved on in time by a random number of steps, its end coming round."""
    shifts = rng.integers(X.shape[1], size=(len(X), 1))
    places = (np.arange(X.shape[1]) - shifts) % X.shape[1]
    return X[np.arange(len(X))[:, None], places]


def oversampled(X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A rolled, noisy copy of every window that is not of the largest class."""
    rare = np.flatnonzero(y != np.bincount(y).argmax())
    noise = rng.standard_normal((len(rare), *X.shape[1:]), dtype=np.float32) * (NOISE * X.std(axis=(0, 1)))
    return np.concatenate([X, rolled(X[rare], rng) + noise]), np.concatenate([y, y[rare]])


def classify(X: np.ndarray, y: np.ndarray, scored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    watched = np.zeros(len(X), dtype=bool)
    watched[rng.permutation(len(X))[: max(1, round(WATCHED * len(X)))]] = True
    learn, codes = oversampled(X[~watched], y[~watched], rng)
    learn = with_calculus(rolled(learn, rng))
    mean, deviation = learn.mean(axis=(0, 1)), learn.std(axis=(0, 1)) + 1e-8
    held, scored = ((with_calculus(part) - mean) / deviation for part in (X[watched], scored))
    net = network(X.shape[1], learn.shape[2], said["classes"], said["width"], {})
    net.compile(keras.optimizers.Nadam(1e-3), "sparse_categorical_crossentropy")
    watch = [
        keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=3),
    ]
    net.fit(
        (learn - mean) / deviation, codes, batch_size=BATCH, epochs=said["epochs"], verbose=0,
        validation_data=(held, y[watched]), callbacks=watch,
    )  # fmt: skip
    return np.arange(said["classes"]), net.predict(scored, batch_size=BATCH, verbose=0)


run(said, turns, classify, ["keras", "tensorflow-cpu"])
