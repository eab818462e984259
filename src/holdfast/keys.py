"""Randomness keyed by what it serves, never by worker or process.

A key names (recipe seed, member, repeat, fold, epoch, item, copy); equal keys give equal numbers in
any process, in any order. Per-item numbers come from SplitMix64 (Steele, Lea, Flood 2014), which
needs no state.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def seed_of(*parts: int | str) -> int:
    """A 63-bit seed for the named thing.

    >>> seed_of(0, "conv", 0, 1) == seed_of(0, "conv", 0, 1)
    True
    >>> seed_of(0, "conv", 0, 1) == seed_of(0, "conv", 1, 0)
    False
    """
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def _mix(x: Any) -> Any:
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def item_keys(seed: int, items: np.ndarray, copy: int | np.ndarray = 0) -> np.ndarray:
    """One uint64 key an item, shape of `items`, from a seed, the items' own numbers and the copy."""
    with np.errstate(over="ignore"):
        mixed = _mix(np.uint64(seed) + _GOLDEN * (np.asarray(items).astype(np.uint64) + np.uint64(1)))
        return _mix(mixed + _GOLDEN * (np.asarray(copy).astype(np.uint64) + np.uint64(1)))


def for_step(keys: np.ndarray, step: int) -> np.ndarray:
    """Keys for the `step`-th of several steps that act on the same items, so that none repeats another."""
    with np.errstate(over="ignore"):
        return _mix(keys ^ _mix(np.uint64(step + 1) * _GOLDEN))


def uniforms(keys: np.ndarray, count: int) -> np.ndarray:
    """`(len(keys), count)` numbers in [0, 1), each row made by its key alone."""
    with np.errstate(over="ignore"):
        counters = _GOLDEN * np.arange(1, count + 1, dtype=np.uint64)
        bits = _mix(keys[:, None] + counters[None, :])
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(keys: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """`(len(keys), *shape)` float32 standard normal numbers, each row made by its key alone."""
    out = np.empty((len(keys), *shape), dtype=np.float32)
    bits = np.random.Philox(key=0)
    generator, fresh = np.random.Generator(bits), bits.state
    for row, key in zip(out, keys):
        fresh["state"]["key"][0] = key  # as Philox(key=key) gives, several times as fast as making one
        bits.state = fresh
        generator.standard_normal(dtype=np.float32, out=row)
    return out
