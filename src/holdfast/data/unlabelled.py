"""A pool of samples without labels besides the test set, read exactly as the test set is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.data.base import DataSpec
from holdfast.data.columns import some
from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.recipe.pseudo import OF_TEST, Pseudo
from holdfast.recipe.strict import nearest
from holdfast.store.hashes import hash_value

OF_POOL = ("test", "test_ids", "test_images")  # what a recipe may say of a pool's files


@dataclass(frozen=True)
class Unlabelled:
    """A member's pool. `hashes`: of its files, empty where it is the test set, whose hashes all jobs know."""

    data: Dataset
    hashes: dict[str, str]

    @property
    def is_test(self) -> bool:
        return not self.hashes

    @property
    def mark(self) -> str:
        return hash_value(self.hashes)


def read_unlabelled(
    asked: Pseudo, spec: DataSpec, base: Path, train: Dataset, test: Dataset | None, where: str
) -> Unlabelled:
    """The pool that a member asks for. `where`: the place in the recipe. Raises BadInput."""
    if asked.pool == OF_TEST:
        if test is None:
            raise BadInput(
                f"{where}: there is no test set to label; name one under data.test, or a file of samples"
                " without labels under pseudo.pool"
            )
        return Unlabelled(test, {})
    fields = {"test": asked.pool} if isinstance(asked.pool, str) else dict(asked.pool)
    known = [name for name in OF_POOL if name in type(spec).model_fields]
    for name in fields:
        if name not in known:
            raise BadInput(f"{where}.pool: unknown key {name!r}; {nearest(name, known)}")
    if "test" not in fields:
        raise BadInput(f"{where}.pool: test, the file of the samples, is missing")
    try:
        alone = dict.fromkeys({"sample", "test_ids"} & set(type(spec).model_fields))
        loaded = spec.model_copy(update={**alone, **fields}).load(base)
        assert loaded.test is not None
        pool = _as_trained(loaded.test, train, fields["test"])
    except BadInput as error:
        raise BadInput(f"{where}.pool, read as data.test: {error}") from None
    return Unlabelled(pool, loaded.hashes)


def _as_trained(pool: Dataset, train: Dataset, file: str) -> Dataset:
    """The pool with the columns that training knows: a table may have more than the test file has."""
    if pool.names == train.names:
        return pool
    lacking = [name for name in train.names if name not in pool.names]
    if lacking or pool.kind != "table":
        raise BadInput(f"{file} lacks {some(lacking or train.names)}, from which members learn")
    places = [pool.names.index(name) for name in train.names]
    return replace(pool, source=pool.source[:, places], names=train.names)
