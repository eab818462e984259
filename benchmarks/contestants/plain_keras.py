"""The network in Keras, as its contest published it: model.fit and model.predict. Runs in an environment of its own."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from turns import Clock, Turns, settings
from windows import part_of, simulated

said = settings()
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
turns = Turns()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras_network import network  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(said["threads"])
tf.config.threading.set_inter_op_parallelism_threads(said["threads"])
keras.utils.set_random_seed(0)
batch = said["batch"]
TORCH_NORM = {"momentum": 0.9, "epsilon": 1e-5}  # so that it is the same network


def compiled(net, rate, clip=None):
    kind = {"nadam": keras.optimizers.Nadam, "adamw": keras.optimizers.AdamW}[said["optimizer"]]
    extra = {"weight_decay": 0.0} if said["optimizer"] == "adamw" else {}
    net.compile(kind(rate, global_clipnorm=clip, **extra), "sparse_categorical_crossentropy")
    return net


def speed():
    """Epochs over the simulated windows; then predictions of them."""
    X, y = simulated(said["samples"])
    net = compiled(network(X.shape[1], X.shape[2], 61, said["width"], TORCH_NORM), 1e-3)
    for command in turns:
        with Clock() as clock:
            if command == "train":
                net.fit(X, y, batch_size=batch, epochs=1, verbose=0)
            else:
                net.predict(X, batch_size=batch, verbose=0)
        turns.answer(len(X) / clock.seconds)


def score(folder):
    """One fold after another of a real folder, trained as Holdfast's recipe says: cosine, norm of 1."""
    for fold in said["folds"]:
        X, y, scored = part_of(folder, fold)
        steps = said["epochs"] * -(-len(X) // batch)
        rate = keras.optimizers.schedules.CosineDecay(1e-3, steps)
        net = compiled(
            network(X.shape[1], X.shape[2], int(y.max()) + 1, said["width"], TORCH_NORM), rate, clip=1.0
        )
        net.fit(X, y, batch_size=batch, epochs=said["epochs"], verbose=0)
        np.save(folder / f"{said['name']}-{fold}.npy", net.predict(scored, batch_size=batch, verbose=0))


if said["task"] == "speed":
    speed()
else:
    turns.wait()
    with Clock() as clock:
        score(Path(said["folder"]))
    turns.answer(clock.seconds)
