"""Losses of heads: one-vs-rest, ordered values, a loss for each attribute; which head each is for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from jsonschema import Draft202012Validator
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from holdfast.errors import BadInput
from holdfast.losses.base import Loss
from holdfast.recipe.registry import known, parse
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import Attribute, TargetSpec
from holdfast.testing import example_of

torch.manual_seed(0)
OUTPUTS, Y, WEIGHTS = 2 * torch.randn(8, 3), torch.tensor([0, 1, 2, 0, 1, 0, 0, 0]), torch.rand(8)
MIXED = torch.softmax(torch.randn(8, 3), dim=1)
PLAIN = TargetSpec(kind="classes", names=("a", "b", "c"))
# mask (3) × gender (2) × age (3), as in a joint code
CODES = np.arange(18)
JOINT = TargetSpec(
    kind="classes",
    names=tuple(map(str, CODES)),
    attributes=(
        Attribute(name="mask", values=("worn", "incorrect", "none"), of_class=tuple(CODES // 6)),
        Attribute(name="gender", values=("male", "female"), of_class=tuple(CODES // 3 % 2)),
        Attribute(name="age", values=("<25", "25-35", ">=35"), of_class=tuple(CODES % 3), ordered=True),
    ),
)


def loss(entry: Any) -> Loss:
    return parse("loss", entry)  # type: ignore[return-value]


def test_binary_cross_entropy_is_torchs_summed_over_classes() -> None:
    for targets, shares in ((Y, one_hot(Y, 3).float()), (MIXED, MIXED)):
        each = binary_cross_entropy_with_logits(OUTPUTS, shares, reduction="none").sum(dim=1)
        made = loss("binary_cross_entropy")
        torch.testing.assert_close(made.value(OUTPUTS, targets, None), each.mean())
        torch.testing.assert_close(made.value(OUTPUTS, targets, WEIGHTS), (each * WEIGHTS).mean())


def test_binary_cross_entropy_smooths_as_cross_entropy_does() -> None:
    smooth = loss({"binary_cross_entropy": {"smoothing": 0.3}})
    shares = 0.7 * one_hot(Y, 3).float() + 0.1
    torch.testing.assert_close(
        smooth.value(OUTPUTS, Y, None), loss("binary_cross_entropy").value(OUTPUTS, shares, None)
    )


def test_ordinal_by_hand() -> None:
    outputs = torch.log(torch.tensor([[0.5, 0.3, 0.2]]))
    values = [loss("ordinal").value(outputs, torch.tensor([y]), None).item() for y in range(3)]
    log = np.log
    want = [-log(0.5) - log(0.8), -log(0.5) - log(0.8), -log(0.5) - log(0.2)]
    np.testing.assert_allclose(values, want, rtol=1e-5)
    # half of class 0 and half of class 2: half of the threshold terms of each
    mixed = loss("ordinal").value(outputs, torch.tensor([[0.5, 0, 0.5]]), None).item()
    assert mixed == pytest.approx((want[0] + want[2]) / 2, rel=1e-5)


def test_ordinal_of_two_values_is_cross_entropy() -> None:
    y = Y.clamp_max(1)
    torch.testing.assert_close(
        loss("ordinal").value(OUTPUTS[:, :2], y, WEIGHTS),
        loss("cross_entropy").value(OUTPUTS[:, :2], y, WEIGHTS),
    )


def test_ordinal_counts_a_far_miss_more_than_a_near_one() -> None:
    truth = torch.tensor([0])
    near, far = (8 * one_hot(torch.tensor([said]), 3).float() for said in (1, 2))
    assert loss("ordinal").value(far, truth, None) > 1.5 * loss("ordinal").value(near, truth, None)
    torch.testing.assert_close(cross_entropy(far, truth), cross_entropy(near, truth))


def test_ordinal_of_very_sure_outputs_stays_finite() -> None:
    outputs = (200 * one_hot(torch.tensor([2, 0]), 3).float()).requires_grad_()
    value = loss("ordinal").value(outputs, torch.tensor([0, 2]), None)
    value.backward()
    assert value.item() == pytest.approx(400 - np.log(2))
    assert outputs.grad is not None
    assert torch.isfinite(outputs.grad).all()


@pytest.mark.parametrize(
    "name", [n for n, cls in known("loss").items() if "classes" in example_of(cls).targets]
)  # type: ignore[attr-defined]
def test_loss_is_for_one_kind_of_head(name: str) -> None:
    one: Any = example_of(known("loss")[name])
    right = "per_attribute" if one.of_attributes else ("sigmoid" if one.activation == "sigmoid" else "joint")
    target = JOINT if one.of_attributes else PLAIN
    one.check(target, right, "members.net.loss")
    wrong = "joint" if right == "sigmoid" else "sigmoid"
    with pytest.raises(BadInput, match=r"^members.net.loss(.sum)?: .*; take "):
        one.check(target, wrong, "members.net.loss")


def test_only_one_against_the_rest_is_of_a_sigmoid() -> None:
    sigmoid = {name for name, cls in known("loss").items() if example_of(cls).activation == "sigmoid"}  # type: ignore[attr-defined]
    assert sigmoid == {"asymmetric", "binary_cross_entropy"}


def test_real_targets_know_no_heads() -> None:
    loss("mse").check(TargetSpec(kind="real"), "joint", "members.net.loss")


def test_ordinal_wants_ordered_attributes() -> None:
    one = loss("ordinal")
    one.check(PLAIN, "joint", "loss")
    with pytest.raises(BadInput, match="made of several attributes stand in none"):
        one.check(JOINT, "joint", "loss")
    with pytest.raises(BadInput, match=r"those of 'mask' are not.*by_attribute: \{of: \{age: ordinal\}\}"):
        one.check(JOINT, "separate", "loss")
    ordered = JOINT.model_copy(update={"attributes": JOINT.attributes[1:]})  # two values stand in an order
    one.check(ordered, "per_attribute", "loss")


def test_by_attribute_gives_each_its_loss_and_weight() -> None:
    one = loss(
        {"by_attribute": {"of": {"age": "ordinal", "mask": {"focal": {"gamma": 1}}}, "weights": {"age": 2.0}}}
    )
    assert [one.for_attribute(name).name for name in ("age", "mask", "gender")] == [
        "ordinal",
        "focal",
        "cross_entropy",
    ]
    assert [one.attribute_weight(name) for name in ("age", "mask")] == [2.0, 1.0]
    one.check(JOINT, "per_attribute", "loss")
    with pytest.raises(BadInput, match="take head per_attribute or separate"):
        one.value(OUTPUTS, Y, None)


@pytest.mark.parametrize(
    ("fields", "target", "said"),
    [
        ({}, PLAIN, "needs classes made of attributes"),
        ({"of": {"aeg": "ordinal"}}, JOINT, "by_attribute.of: no attribute is named 'aeg'; did you mean 'age'"),
        ({"weights": {"sex": 2}}, JOINT, "by_attribute.weights: no attribute is named 'sex'"),
        ({"of": {"mask": "ordinal"}}, JOINT, "by_attribute.of.mask: ordinal is for ordered values"),
        ({"others": "ordinal"}, JOINT, "by_attribute.others: ordinal is for ordered values"),
        ({"of": {"age": "asymmetric"}}, JOINT, "by_attribute.of.age: asymmetric .* take head sigmoid"),
    ],
)  # fmt: skip
def test_by_attribute_is_checked(fields: Any, target: TargetSpec, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        loss({"by_attribute": fields}).check(target, "per_attribute", "members.net.loss")


def test_by_attribute_refuses_what_has_no_classes_or_is_one_itself() -> None:
    with pytest.raises(ValueError, match="attributes have classes, mse is for grid or real"):
        loss({"by_attribute": {"of": {"age": "mse"}}})
    with pytest.raises(ValueError, match="name a loss of one"):
        loss({"by_attribute": {"others": {"sum": {"of": ["by_attribute"]}}}})
    assert not loss({"by_attribute": {"of": {"age": "ldam"}}}).takes_shares
    assert loss("by_attribute").takes_shares


def test_sum_as_a_list() -> None:
    short = loss({"sum": [{"soft_f1": 0.4}, {"focal": 0.6}]})
    assert short == loss({"sum": {"of": ["soft_f1", "focal"], "weights": [0.4, 0.6]}})
    assert loss(short.entry()) == short
    for wrong in ([], ["focal"], [{"focal": True}], [{"focal": {"gamma": 1}}], [{"focal": 1, "soft_f1": 1}]):
        with pytest.raises(ValueError, match="expected the fields of sum"):
            loss({"sum": wrong})
    with pytest.raises(ValueError, match="no loss component is named 'focl'"):
        loss({"sum": [{"focl": 1}]})
    with pytest.raises(ValueError, match="greater than 0"):
        loss({"sum": [{"focal": -1}]})


def test_editors_know_the_list_form() -> None:
    schema = Draft202012Validator(Recipe.model_json_schema(by_alias=True))

    def recipe(entry: Any) -> dict[str, Any]:
        member = {"model": "constant", "loss": entry}
        return {"metric": "accuracy", "folds": {"kind": "stratified"}, "members": {"one": member}}

    assert schema.is_valid(recipe({"sum": [{"focal": 0.5}]}))
    assert schema.is_valid(recipe({"sum": {"of": ["focal"]}}))
    assert not schema.is_valid(recipe({"sum": [{"focal": "much"}]}))
    assert not schema.is_valid(recipe({"focal": [{"focal": 0.5}]}))


def test_sum_passes_attributes_through() -> None:
    one = loss(
        {
            "sum": {
                "of": ["focal", {"by_attribute": {"of": {"age": "ordinal"}, "weights": {"age": 3.0}}}],
                "weights": [1, 0.5],
            }
        }
    )
    parts = {name: loss(name).value(OUTPUTS, Y, None) for name in ("focal", "ordinal", "cross_entropy")}
    for name, want in (
        ("age", parts["focal"] + 1.5 * parts["ordinal"]),
        ("mask", parts["focal"] + 0.5 * parts["cross_entropy"]),
    ):
        value = one.attribute_weight(name) * one.for_attribute(name).value(OUTPUTS, Y, None)
        torch.testing.assert_close(value, want)
    one.check(JOINT, "separate", "loss")
    with pytest.raises(BadInput, match="has a loss for each attribute"):
        one.check(JOINT, "joint", "loss")


def test_sum_has_one_activation() -> None:
    assert loss({"sum": [{"asymmetric": 1}, {"binary_cross_entropy": 1}]}).activation == "sigmoid"
    with pytest.raises(ValueError, match="focal for a softmax, asymmetric for a sigmoid"):
        loss({"sum": [{"focal": 1}, {"asymmetric": 1}]})
