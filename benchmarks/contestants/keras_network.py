"""The third-place network in Keras. Needs the environment of its own."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


def network(steps: int, channels: int, classes: int, width: int, norm: dict[str, Any]) -> keras.Model:
    """Two blocks of three convolutions with a skip, as published; `norm`: settings of the batch norms."""

    def activated(x: Any) -> Any:
        return layers.ELU()(layers.BatchNormalization(**norm)(x))

    def convolution(x: Any) -> Any:
        return layers.Conv1D(width, 9, padding="same", kernel_initializer="he_uniform", use_bias=False)(x)

    def block(x: Any) -> Any:
        first = convolution(layers.SpatialDropout1D(0.1)(x))
        x = activated(convolution(activated(first)))
        return activated(layers.Add()([convolution(x), first]))

    inputs = layers.Input((steps, channels))
    x = block(layers.MaxPooling1D(3)(block(inputs)))
    x = layers.GlobalAveragePooling1D()(x)
    x = activated(layers.Dense(64, kernel_initializer="he_uniform", use_bias=False)(x))
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(layers.Dropout(0.4)(x)))
