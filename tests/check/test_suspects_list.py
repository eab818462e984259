"""Labels ranked in a file, groups that are labelled as one, and the picture of the first photos. Data are simulated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from holdfast.check.base import Seen
from holdfast.check.labels import WrongLabels
from holdfast.check.suspects_list import suspects_list, write_list, write_photos
from holdfast.errors import BadInput
from holdfast.metrics.suspects import attribute_suspects, pooled
from holdfast.recipe.schema import Recipe
from holdfast.recipe.target import TargetSpec
from holdfast.testing.samples import CLASSES, JOINT, tiny_data

GROUPS, EACH = 60, 5


def persons(wrong: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulated persons, each of one of two classes: labels, groups, probabilities right about most samples.

    The labels of the persons `wrong` are the other class.
    """
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(GROUPS), EACH)
    right = person % 2
    log_odds = 1.5 + rng.normal(scale=1.5, size=len(person)) + rng.normal(scale=0.3, size=GROUPS)[person]
    p = 1 / (1 + np.exp(-np.where(right == 1, log_odds, -log_odds)))
    y = np.where(np.isin(person, wrong), 1 - right, right)
    return y, np.array([f"g{i:02}" for i in person]), np.stack([1 - p, p], axis=1)


TWO = TargetSpec(kind="classes", column="kind", names=("a", "b"))


def test_a_person_labelled_wrong_comes_first_though_single_photos_err() -> None:
    wrong = (7, 20, 33)
    y, groups, p = persons(wrong)
    assert (p.argmax(axis=1) != y).sum() > 3 * EACH + 20  # by single samples the persons are not to be seen
    one = attribute_suspects(p, y, TWO, groups)[""]
    assert set(groups[one.order[: 3 * EACH]]) == {f"g{i:02}" for i in wrong}


def test_persons_labelled_right_pass() -> None:
    y, groups, p = persons()
    data = replace(tiny_data("table", groups=GROUPS, each=EACH), target=y, groups=groups)
    seen = Seen(Recipe.model_construct(folds=None), data, TWO, oof={"a": p[None]})
    assert WrongLabels().look(seen).status == "passed"


def test_groups_of_mixed_classes_are_not_pooled() -> None:
    y, groups, p = persons()
    mixed = np.random.default_rng(1).permutation(y)
    assert pooled(p, mixed, groups)[0] is p
    rare = np.zeros_like(y)
    rare[:3] = 1  # nearly all have one label, so most of a group have it by chance
    assert pooled(p, rare, groups)[0] is p
    stray = y.copy()
    stray[0] = 1 - stray[0]
    assert pooled(p, stray, groups)[1] == EACH


@pytest.fixture
def photos() -> Seen:
    """Simulated photos of joint classes; sample 4, that is walk, is labelled stand."""
    data = tiny_data("images", groups=20)
    assert data.target is not None
    y = data.target.copy()
    row = int(np.flatnonzero(y == 2)[4])
    sure = np.random.default_rng(0).uniform(0.5, 0.9, len(y))
    sure[row] = 0.95
    p = sure[:, None] * np.eye(3)[y] + (1 - sure[:, None]) / 3
    y[row] = 1
    return Seen(Recipe.model_construct(folds=None), replace(data, target=y), JOINT, oof={"a": p[None]})


def test_the_list_names_label_and_what_it_seems(photos: Seen, tmp_path: Path) -> None:
    listed = suspects_list(photos)
    assert len(listed) == 2 * len(photos.train)
    first = listed.iloc[0]
    assert (first["attribute"], first["given"], first["seems"]) == ("motion", "still", "moving")
    assert first["suspected"]
    assert first["p_given"] < 0.2 < 0.8 < first["p_seems"]
    assert set(suspects_list(photos, ["height"])["attribute"]) == {"height"}
    write_list(listed, tmp_path / "list.csv")
    assert pd.read_csv(tmp_path / "list.csv")["id"].tolist() == listed["id"].tolist()
    with pytest.raises(BadInput, match="is there already"):
        write_list(listed, tmp_path / "list.csv")


def test_plain_classes_have_one_row_a_sample(photos: Seen) -> None:
    plain = suspects_list(replace(photos, target=CLASSES))
    assert len(plain) == len(photos.train)
    assert (plain.iloc[0]["given"], plain.iloc[0]["seems"]) == ("stand", "walk")


def test_the_first_photos_are_drawn(photos: Seen, tmp_path: Path) -> None:
    from PIL import Image

    write_photos(suspects_list(photos), photos, tmp_path / "first.png")
    with Image.open(tmp_path / "first.png") as picture:
        assert picture.width > 6 * 160
        assert len(picture.getcolors(1 << 24)) > 100
    with pytest.raises(BadInput, match="for photos"):
        write_photos(
            suspects_list(photos), replace(photos, train=tiny_data("table", groups=20)), tmp_path / "no.png"
        )


def test_what_cannot_be_listed_is_said(photos: Seen) -> None:
    with pytest.raises(BadInput, match="no attribute 'hight'"):
        suspects_list(photos, ["hight"])
    with pytest.raises(BadInput, match="finished run"):
        suspects_list(replace(photos, oof=None))
