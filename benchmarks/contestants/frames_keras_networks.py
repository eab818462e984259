"""`unet` and `unet_conv_lstm` of one lead time in Keras, layer for layer. Needs the environment of its own."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

DEPTH, DEEP, NARROW = 4, 2, 4
NORM = {"momentum": 0.9, "epsilon": 1e-5}  # torch's


def convolution(x: Any, width: int, kernel: int = 3, bias: bool = True) -> Any:
    return layers.Conv2D(width, kernel, padding="same", use_bias=bias, kernel_initializer="he_normal")(x)


def cropped(x: Any, like: Any) -> Any:
    """Without the row and column that an odd side was padded with."""
    below, right = x.shape[1] - like.shape[1], x.shape[2] - like.shape[2]
    return layers.Cropping2D(((0, below), (0, right)))(x) if below or right else x


def u_path(x: Any, width: int, down: Any, up: Any, rise: Any, drop: Any) -> Any:
    skips: list[Any] = []
    for level in range(DEPTH + 1):
        x = layers.MaxPooling2D(2, padding="same")(x) if level else x
        x = down(x, level, width * 2**level)
        x = drop(x) if level > DEPTH - 2 else x
        skips.append(x)
    for level in reversed(range(DEPTH)):
        skip = skips[level]
        x = layers.Concatenate()([cropped(rise(x, width * 2**level), skip), skip])
        x = up(x, level, width * 2**level)
    return x


def unet(side: int, steps: int, width: int) -> keras.Model:
    """RainNet's layout, with batch norm and without dropout."""

    def block(x: Any, _level: int, width: int) -> Any:
        for _ in range(2):
            x = layers.ReLU()(layers.BatchNormalization(**NORM)(convolution(x, width, bias=False)))
        return x

    entered = layers.Input((side, side, steps))
    x = u_path(entered, width, block, block, lambda x, _: layers.UpSampling2D(2)(x), lambda x: x)
    return keras.Model(entered, convolution(x, 1, 1))


def unet_conv_lstm(side: int, steps: int, width: int, lstm_width: int = 16) -> keras.Model:
    """Blocks of three convolutions, bottlenecks in the deep levels, beside one ConvLSTM2D."""

    def activated(x: Any) -> Any:
        return layers.ELU()(layers.BatchNormalization(**NORM)(x))

    def residual(x: Any, _level: int, width: int) -> Any:
        first = convolution(x, width, bias=False)
        x = activated(convolution(activated(first), width, bias=False))
        return activated(layers.Add()([convolution(x, width, bias=False), first]))

    def down(x: Any, level: int, width: int) -> Any:
        if level <= DEPTH - DEEP:
            return residual(x, level, width)
        inner = max(1, width // NARROW)
        x = activated(convolution(x, inner, 1, bias=False))
        x = activated(convolution(x, inner, bias=False))
        return layers.BatchNormalization(**NORM)(convolution(x, width, 1, bias=False))

    def up(x: Any, level: int, width: int) -> Any:
        return down(x, level, width)

    entered = layers.Input((side, side, steps))
    path = u_path(
        entered, width, down, up,
        lambda x, width: layers.Conv2DTranspose(width, 2, strides=2)(x), layers.SpatialDropout2D(0.25),
    )  # fmt: skip
    in_time = layers.Lambda(lambda x: ops.expand_dims(ops.transpose(x, (0, 3, 1, 2)), -1))(entered)
    shown = layers.ConvLSTM2D(lstm_width, 3, padding="same")(in_time)
    return keras.Model(entered, convolution(layers.Concatenate()([path, shown]), 1))


NETWORKS = {"unet": unet, "unet_conv_lstm": unet_conv_lstm}
