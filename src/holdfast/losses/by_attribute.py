"""A loss for each attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Self, cast

from pydantic import Field, model_validator

from holdfast.errors import BadInput
from holdfast.losses.base import Loss
from holdfast.recipe.registry import Component, Named, component
from holdfast.recipe.strict import nearest
from holdfast.recipe.target import TargetSpec

if TYPE_CHECKING:
    import torch


@component("by_attribute")
class ByAttribute(Loss):
    """A loss and a weight for each attribute, for heads per_attribute and separate; their weighted sum is trained."""

    of_attributes: ClassVar[bool] = True

    of: dict[str, Annotated[Component, Named("loss")]] = Field(
        default_factory=dict,
        examples=[{"age": "ordinal"}],
        description="the loss of each attribute, by its name",
    )
    others: Annotated[Component, Named("loss")] = Field(
        "cross_entropy", description="the loss of attributes that are not named"
    )  # type: ignore[assignment]
    weights: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="factor of an attribute's loss; 1 where it is not named"
    )

    @model_validator(mode="after")
    def _parts_are_plain_losses_of_classes(self) -> Self:
        for part in self.parts:
            if "classes" not in part.targets:
                raise ValueError(
                    f"attributes have classes, {part.name} is for {' or '.join(sorted(part.targets))}"
                )
            if part.of_attributes:
                raise ValueError(f"{part.name} stands for several attributes; name a loss of one")
        return self

    @property
    def parts(self) -> list[Loss]:
        return [cast("Loss", part) for part in (*self.of.values(), self.others)]

    @property
    def takes_shares(self) -> bool:  # type: ignore[override]
        return all(part.takes_shares for part in self.parts)

    def for_attribute(self, name: str) -> Loss:
        return cast("Loss", self.of.get(name, self.others))

    def attribute_weight(self, name: str) -> float:
        return self.weights.get(name, 1.0)

    def check(self, target: TargetSpec, head: str, where: str) -> None:
        """Each attribute's loss is checked on a target with that attribute alone."""
        names = [attribute.name for attribute in target.attributes]
        if not names:
            raise BadInput(f"{where}: {self.name} needs classes made of attributes; this target has none")
        super().check(target, head, where)
        for field, named in (("of", self.of), ("weights", self.weights)):
            for name in named:
                if name not in names:
                    raise BadInput(
                        f"{where}.{self.name}.{field}: no attribute is named {name!r}; {nearest(name, names)}"
                    )
        for attribute in target.attributes:
            alone = target.model_copy(update={"attributes": (attribute,)})
            place = f"of.{attribute.name}" if attribute.name in self.of else "others"
            self.for_attribute(attribute.name).check(alone, head, f"{where}.{self.name}.{place}")

    def value(
        self, outputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        raise BadInput(
            f"loss.{self.name}: it has a loss for each attribute and none of joint classes;"
            " take head per_attribute or separate"
        )
