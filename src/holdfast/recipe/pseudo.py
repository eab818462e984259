"""Pseudo-labels in a recipe: who teaches whom, on which samples, and which labels are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from holdfast.recipe.strict import Strict, nearest

THRESHOLD = 0.9  # of a class's probability, where a recipe names no way of choosing
OF_TEST = "test"  # the pool that is the test set


def _as_names(value: object) -> object:
    return [value] if isinstance(value, str) else value


Teachers = Annotated[
    tuple[str, ...], BeforeValidator(_as_names, json_schema_input_type=str | tuple[str, ...])
]


class Pseudo(Strict):
    """Train on samples without labels too, by what teachers of the same fold say of them (Lee 2013; Yarowsky 1995)."""

    teachers: Teachers = Field(
        (),
        description="members whose mean teaches; empty: the member itself, trained without pseudo-labels first",
    )
    rounds: int = Field(1, ge=1, description="students; each teaches the next, and the last one predicts")
    threshold: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="take samples whose most probable class has so much; 0.9 where no way is named",
    )
    top: float | None = Field(
        None, gt=0, le=1, description="take this share of each predicted class, the most certain samples"
    )
    soft: bool = Field(
        False, description="take all samples, with the teachers' probabilities as targets (networks only)"
    )
    pool: str | dict[str, str] = Field(
        OF_TEST,
        description="samples without labels: the test set, or a file that is read as the test file is; of several fields"
        " {test: more.npy, test_ids: more.csv}, as under data",
        examples=["unlabelled.csv"],
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.threshold is not None) + (self.top is not None) + self.soft > 1:
            raise ValueError("threshold, top and soft are three ways of choosing; name one")
        return self

    @property
    def least(self) -> float:
        """The probability from which a label is taken, where that is how they are chosen."""
        return THRESHOLD if self.threshold is None else self.threshold

    @property
    def fits(self) -> int:
        """How often one fold is trained."""
        return self.rounds + (not self.teachers)

    @property
    def said(self) -> str:
        """What the pool is called."""
        if self.pool == OF_TEST:
            return "the test samples"
        named = self.pool if isinstance(self.pool, str) else self.pool.get("test", "a pool")
        return f"the samples of {named}"


def taught_last(teachers: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Members in their order, but each after its teachers. Raises ValueError for a circle or an unknown teacher.

    >>> taught_last({"conv": ("trees",), "linear": (), "trees": ()})
    ['trees', 'conv', 'linear']
    """
    done: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            circle = " → ".join([*above[above.index(name) :], name])
            raise ValueError(f"pseudo.teachers: members teach each other in a circle: {circle}")
        for teacher in teachers[name]:
            if teacher not in teachers:
                raise ValueError(
                    f"{name}.pseudo.teachers: no member is named {teacher!r}; {nearest(teacher, teachers)}"
                )
            visit(teacher, (*above, name))
        if name not in done:
            done.append(name)

    for name in teachers:
        visit(name, ())
    return done
