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
from keras import layers  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(said["threads"])
tf.config.threading.set_inter_op_parallelism_threads(said["threads"])
keras.utils.set_random_seed(0)
batch = said["batch"]


def norm(x):
    # torch's momentum and epsilon, so that it is the same network
    return layers.ELU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))


def block(x, width):
    def conv(x):
        return layers.Conv1D(width, 9, padding="same", kernel_initializer="he_uniform", use_bias=False)(x)

    first = conv(x)
    x = norm(first)
    x = norm(conv(x))
    return norm(layers.Add()([conv(x), first]))


def network(steps, channels, classes, width):
    x = inputs = layers.Input((steps, channels))
    x = block(layers.SpatialDropout1D(0.1)(x), width)
    x = layers.MaxPooling1D(3)(x)
    x = block(layers.SpatialDropout1D(0.1)(x), width)
    x = layers.GlobalAveragePooling1D()(x)
    x = norm(layers.Dense(64, kernel_initializer="he_uniform", use_bias=False)(x))
    x = layers.Dense(classes, activation="softmax")(layers.Dropout(0.4)(x))
    return keras.Model(inputs, x)


def compiled(net, rate, clip=None):
    kind = {"nadam": keras.optimizers.Nadam, "adamw": keras.optimizers.AdamW}[said["optimizer"]]
    extra = {"weight_decay": 0.0} if said["optimizer"] == "adamw" else {}
    net.compile(kind(rate, global_clipnorm=clip, **extra), "sparse_categorical_crossentropy")
    return net


def speed():
    """Epochs over the simulated windows; then predictions of them."""
    X, y = simulated(said["samples"])
    net = compiled(network(X.shape[1], X.shape[2], 61, said["width"]), 1e-3)
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
        net = compiled(network(X.shape[1], X.shape[2], int(y.max()) + 1, said["width"]), rate, clip=1.0)
        net.fit(X, y, batch_size=batch, epochs=said["epochs"], verbose=0)
        np.save(folder / f"{said['name']}-{fold}.npy", net.predict(scored, batch_size=batch, verbose=0))


if said["task"] == "speed":
    speed()
else:
    turns.wait()
    with Clock() as clock:
        score(Path(said["folder"]))
    turns.answer(clock.seconds)
