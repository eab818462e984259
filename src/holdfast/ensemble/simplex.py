"""Weights on the simplex, none below 0 and of sum 1, that make a score best."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from holdfast.data.slices import slices

STEPS = (0.3, 0.1, 0.03, 0.01)  # weight that a search moves from one member to another
MOVES = 20  # at most, of each size: a search is over far sooner as a rule
LITTLE = 1e-12  # gain that is rounding
EPSILON = float(np.finfo(np.float64).eps)  # where log_loss clips

Pair = tuple[float, np.ndarray]


def least(cost: Callable[[np.ndarray], Pair], members: int) -> np.ndarray:
    """Weights of least cost, a smooth convex function that gives its value and gradient (SLSQP, Kraft 1988)."""
    from scipy.optimize import minimize

    equal = np.full(members, 1 / members)
    made = minimize(
        cost,
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * members,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-12, "maxiter": 500},
    )
    found = np.clip(made.x, 0, 1)
    found = found / found.sum() if np.isfinite(found).all() and found.sum() > 0 else equal
    return found if cost(found)[0] <= cost(equal)[0] else equal


def least_log_loss(predictions: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Weights of least log loss of probabilities `(members, n, classes)`."""
    given = predictions.astype(np.float64)
    given = given / given.sum(axis=2, keepdims=True)
    chances = given[:, np.arange(len(truth)), truth]  # (members, n): of the true class

    def cost(weights: np.ndarray) -> Pair:
        mixed = np.maximum(weights @ chances, EPSILON)
        return float(-np.log(mixed).mean()), -(chances / mixed).mean(axis=1)

    return least(cost, len(predictions))


def least_squares(products: np.ndarray) -> np.ndarray:
    """Weights of least squared error, from `error_products`."""
    size = np.trace(products)
    if not size > 0:  # all are right everywhere
        return np.full(len(products), 1 / len(products))
    scaled = products / size

    def cost(weights: np.ndarray) -> Pair:
        return float(weights @ scaled @ weights), 2 * scaled @ weights

    return least(cost, len(products))


def error_products(
    predictions: np.ndarray, truth: np.ndarray, seen: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """`(members, members)`: sums over rows and pixels of the products of two members' errors.

    `predictions`: `(members, n, …)`; `seen`: what counts of some rows, `(b, pixels)`. What is NaN in the truth or in a
    member is left out.
    """
    total = np.zeros((len(predictions), len(predictions)))
    for rows in slices(predictions[0]):
        true = seen(truth[rows])
        errors = np.stack([seen(one[rows]) for one in predictions]).astype(np.float64) - true
        errors = errors[:, np.isfinite(errors).all(axis=0)]
        total += errors @ errors.T
    return total


def climbed(gain: Callable[[np.ndarray], float], starts: list[np.ndarray]) -> np.ndarray:
    """The best start, then moved by ever smaller steps of weight between two members as long as the gain rises.

    For scores that are steps, or have no slope: the best of all pairs is moved each time; nothing is random.
    """
    levels = [gain(one) for one in starts]
    best, level = starts[int(np.argmax(levels))], max(levels)
    for step in STEPS:
        for _ in range(MOVES):
            near = neighbours(best, step)
            levels = [gain(one) for one in near]
            if not levels or max(levels) <= level + LITTLE:
                break
            best, level = near[int(np.argmax(levels))], max(levels)
    return best


def neighbours(weights: np.ndarray, step: float) -> list[np.ndarray]:
    """Weights with up to `step` moved from each member to each other one.

    >>> [one.round(1).tolist() for one in neighbours(np.array([0.8, 0.2]), 0.3)]
    [[0.5, 0.5], [1.0, 0.0]]
    """
    moved = []
    for source in np.flatnonzero(weights > 0):
        for sink in np.flatnonzero(np.arange(len(weights)) != source):
            one = weights.copy()
            part = min(step, weights[source])
            one[source], one[sink] = one[source] - part, one[sink] + part
            moved.append(one)
    return moved
