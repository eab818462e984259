"""The worked recipes in recipes/: each is read, and suits data that are laid out as it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from tiny import write_photos

from holdfast.recipe.load import load_recipe
from holdfast.recipe.schema import Recipe
from holdfast.train import prepare

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.yaml"))
PEOPLE, STEPS = 6, 24
SENSORS = ["acc_x", "acc_y", "acc_z", "gy_x", "gy_y", "gy_z"]
ACTIVITIES = ["downstairs", "laying", "sitting", "standing", "upstairs", "walking"]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_worked_recipe_is_read_with_every_default_stated(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    assert load_recipe(recipe.written()) == recipe
    assert Recipe.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))) == recipe


def motion_folder(folder: Path) -> None:
    """Simulated windows as the sensor recipes name them; classes 0 and 12."""
    rng = np.random.default_rng(0)
    y = np.tile([0, 12, 12], PEOPLE)
    side = {"id": [f"m{i}" for i in range(len(y))], "subject": np.repeat(np.arange(PEOPLE), 3), "label": y}
    labels = pd.DataFrame(side).assign(label_desc=np.where(y == 0, "walking", "none"))
    labels.to_csv(folder / "train_labels.csv", index=False)
    for part, ids in (("train", labels["id"]), ("test", pd.Series(["t0", "t1"]))):
        long = pd.DataFrame({"id": np.repeat(ids, STEPS), "time": np.tile(np.arange(STEPS), len(ids))})
        long[SENSORS] = rng.normal(size=(len(long), len(SENSORS)))
        long.loc[::7, "acc_x"] = np.nan
        long.to_csv(folder / f"{part}_features.csv.gz", index=False)
    pd.DataFrame({"id": ["t0", "t1"], "0": 0.5, "12": 0.5}).to_csv(
        folder / "sample_submission.csv", index=False
    )


def activity_folder(folder: Path) -> None:
    """A simulated table as the activity recipe names it."""
    rng = np.random.default_rng(0)
    y = np.tile(ACTIVITIES, PEOPLE)
    frame = pd.DataFrame({"id": [f"a{i}" for i in range(len(y))], "subject": np.repeat(np.arange(PEOPLE), 6)})
    frame[["mean", "energy"]] = rng.normal(size=(len(y), 2))
    frame.assign(activity=y).to_csv(folder / "train.csv.gz", index=False)
    test = frame.drop(columns="subject")[:3].assign(id=["t0", "t1", "t2"])
    test.to_csv(folder / "test.csv.gz", index=False)
    test[["id"]].assign(activity="walking").to_csv(folder / "sample_submission.csv", index=False)


def photo_folder(folder: Path) -> None:
    """Simulated photos as the photo recipe names them: a person of each gender and age, all masks."""
    people = [(gender, age) for gender in range(2) for age in (20, 30, 40)] * 5
    rows = [
        {"image": f"{person}_{mask}.png", "person": person, "mask": ("worn", "incorrect", "none")[mask],
         "gender": ("male", "female")[gender], "age": age, "label": 6 * mask + 3 * gender + (age - 15) // 10}
        for person, (gender, age) in enumerate(people) for mask in range(3)
    ]  # fmt: skip
    train, test = pd.DataFrame(rows), pd.DataFrame({"image": ["t0.png", "t1.png"]})
    for part, frame in (("train", train), ("test", test)):
        write_photos(
            folder / part, {name: np.full((20, 16, 3), i, np.uint8) for i, name in enumerate(frame["image"])}
        )
        frame.to_csv(folder / f"{part}.csv", index=False)
    test.assign(label=0).to_csv(folder / "sample_submission.csv", index=False)


@pytest.mark.parametrize(
    ("name", "make", "samples"),
    [
        ("exercise", motion_folder, 18),
        ("windows", motion_folder, 18),
        ("gaps", motion_folder, 18),
        ("activity_two_stage", activity_folder, 36),
        ("photos", photo_folder, 90),
    ],
)
def test_worked_recipe_suits_data_laid_out_as_it_says(
    name: str, make: object, samples: int, tmp_path: Path
) -> None:
    assert callable(make)
    make(tmp_path)
    (path,) = [path for path in RECIPES if path.stem == name]
    recipe = load_recipe(path, [f"data.folder={tmp_path}", "threads=1"])
    plan = prepare(recipe, tmp_path)
    assert len(plan.work.train) == samples
    assert set(plan.work.members) == set(recipe.members)
    assert plan.work.folds.k == 5
    assert plan.sample is not None
