"""What all samples of a group share, said by all of them together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.predict.base import FLOOR
from holdfast.recipe.strict import nearest
from holdfast.recipe.target import TargetSpec


def pooled(shares: np.ndarray, groups: np.ndarray, target: TargetSpec, names: Sequence[str]) -> np.ndarray:
    """Probabilities `(n, classes)` whose marginals of the named attributes are those of the whole group.

    The group's marginal is the geometric mean of its samples', scaled to one; what a sample says of the other
    attributes, given these, stays. Several attributes are pooled one beside the other, each from the given
    probabilities. A sample that is alone in its group stays as it is.

    >>> from holdfast.recipe.target import Attribute
    >>> sex = Attribute(name="sex", values=("f", "m"), of_class=(0, 1))
    >>> target = TargetSpec(kind="classes", names=("f", "m"), attributes=(sex,))
    >>> pooled(np.array([[0.9, 0.1], [0.5, 0.5]]), np.array(["p", "p"]), target, ["sex"]).round(3).tolist()
    [[0.75, 0.25], [0.75, 0.25]]
    """
    from scipy.special import softmax

    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    given = np.maximum(shares.astype(np.float64), FLOOR)
    change = np.zeros_like(given)  # of each probability's logarithm
    for attribute in target.attributes:
        if attribute.name in names:
            own = np.log(attribute.marginal(given))
            sums = np.zeros((len(sizes), own.shape[1]))
            np.add.at(sums, codes, own)
            whole = (sums / sizes[:, None])[codes]
            whole -= np.logaddexp.reduce(whole, axis=1, keepdims=True)
            change += (whole - own)[:, list(attribute.of_class)]
    logs = np.log(given) + change
    made = softmax(logs, axis=1).astype(shares.dtype)
    return np.where((sizes == 1)[codes][:, None], shares, made)


def check_pool(names: Sequence[str], target: TargetSpec, train: Dataset, test: Dataset | None) -> None:
    """Raises BadInput where attributes are named that cannot be pooled over groups.

    Without groups in the test set no such prediction could be made there, and the out-of-fold score would
    promise what the test set does not give.
    """
    if not names:
        return
    known = [attribute.name for attribute in target.attributes]
    for name in names:
        if name not in known:
            raise BadInput(f"predict.pool: no attribute is named {name!r}; {nearest(name, known)}")
    if train.groups is None:
        raise BadInput("predict.pool: no groups are known to pool over; name their column under data.group")
    if test is not None and test.groups is None:
        raise BadInput(
            "predict.pool: the test set does not tell the groups, so what pooling gains out of fold it could not"
            " gain there; leave pool out"
        )
    _refuse_those_that_vary(names, target, train)


def _refuse_those_that_vary(names: Sequence[str], target: TargetSpec, train: Dataset) -> None:
    """An attribute that takes several values in most groups of several samples is none that a group shares."""
    assert train.target is not None
    assert train.groups is not None
    groups, codes, sizes = np.unique(train.groups, return_inverse=True, return_counts=True)
    for attribute in target.attributes:
        if attribute.name not in names or not (sizes > 1).any():
            continue
        y = attribute.codes(train.target)
        lowest = np.full(len(groups), len(attribute.values))
        highest = np.full(len(groups), -1)
        np.minimum.at(lowest, codes, y)
        np.maximum.at(highest, codes, y)
        varies = (lowest != highest)[sizes > 1]
        if varies.mean() > 0.5:
            raise BadInput(
                f"predict.pool: {attribute.name!r} takes several values in {varies.mean():.0%} of the groups, as in"
                f" {str(groups[lowest != highest][0])!r}; name attributes that all samples of a group share"
            )
