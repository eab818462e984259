"""The same networks in Keras: model.fit and model.predict. Runs in an environment of its own."""

from __future__ import annotations

import os

import numpy as np
from showers import STEPS, simulated
from turns import Clock, Turns, settings

said = settings()
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
turns = Turns()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from frames_keras_networks import NETWORKS  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(said["threads"])
tf.config.threading.set_inter_op_parallelism_threads(said["threads"])
keras.utils.set_random_seed(0)
batch = said["batch"]
rain = np.ascontiguousarray(np.log1p(simulated(said["samples"], said["side"])).transpose(0, 2, 3, 1))
X, y = np.ascontiguousarray(rain[..., :STEPS]), np.ascontiguousarray(rain[..., STEPS:])
net = NETWORKS[said["network"]](said["side"], STEPS, said["width"])
net.compile(keras.optimizers.AdamW(1e-3, weight_decay=0.0), "mean_absolute_error")

for command in turns:
    if command == "parameters":
        turns.answer(int(sum(np.prod(w.shape) for w in net.trainable_weights)))
        continue
    with Clock() as clock:
        if command == "train":
            net.fit(X, y, batch_size=batch, epochs=1, verbose=0)
        else:
            net.predict(X, batch_size=batch, verbose=0)
    turns.answer(len(X) / clock.seconds)
