"""Explaining a finished run: the worst mistakes, confusions, and maps by the model that did not see the picture."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from PIL import Image

from holdfast.data.dataset import Dataset
from holdfast.errors import BadInput
from holdfast.fit.member import load_fitted
from holdfast.predict.explain import grad_cam, occlusion
from holdfast.store.run import Run
from holdfast.study.explain import confusions, explain, mistaken, tell, worst
from holdfast.study.explain_maps import explained_outputs, said_classes, tinted
from holdfast.study.run_data import data_of
from holdfast.testing.samples import JOINT
from holdfast.train import train

RESNET = {"timm": {"name": "test_resnet"}}
# a network that has hardly learned, so that it makes mistakes
WEAK = {"model": RESNET, "fit": {"epochs": 1, "batch_size": 12, "precision": "32", "lr": 1e-6}}
SHARES = np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2], [0.2, 0.45, 0.35], [0.1, 0.8, 0.1]])
TRUTH = np.array([0, 0, 2, 1])


# Pure parts.


def test_the_worst_mistakes_first_and_no_right_answer_among_them() -> None:
    assert worst(TRUTH, SHARES, 12).tolist() == [0, 2]
    assert worst(TRUTH, SHARES, 1).tolist() == [0]
    assert worst(np.array([1]), SHARES[3:], 5).tolist() == []


def test_each_mistake_is_told_by_class_and_attribute() -> None:
    told = tell(JOINT, TRUTH[[0, 2]], SHARES[[0, 2]])
    assert told["truth"].tolist() == ["sit", "walk"]
    assert told["said"].tolist() == ["walk", "stand"]
    assert told["p_said"].tolist() == [0.7, 0.45]
    assert told["p_truth"].tolist() == [0.1, 0.35]
    assert told["motion_truth"].tolist() == ["still", "moving"]
    assert told["motion_said"].tolist() == ["moving", "still"]
    assert told["height_said"].tolist() == ["high", "high"]
    # sit for walk: both attributes are wrong, height (0.9 to 0.1) more than motion (0.7 to 0.3)
    assert told["mistaken"].tolist() == ["height", "motion"]
    assert mistaken(JOINT, 2, 1, SHARES[2]).name == "motion"


def test_confusions_of_classes_and_of_marginals() -> None:
    made = confusions(JOINT, TRUTH, SHARES)
    assert made["classes"] == {"names": ["sit", "stand", "walk"], "counts": [[1, 0, 1], [0, 1, 0], [0, 1, 0]]}
    # by the marginal: still 0.65 and high 0.8 for the third row, still 0.8 and high 0.5 (a draw) for the second
    assert made["attributes"]["motion"] == {
        "ordered": False, "names": ["still", "moving"], "counts": [[2, 1], [1, 0]],
    }  # fmt: skip
    assert made["attributes"]["height"]["counts"] == [[1, 1], [0, 2]]
    assert made["attributes"]["height"]["ordered"]


def test_what_a_map_explains() -> None:
    motion, height = JOINT.attributes
    assert said_classes(JOINT, None, "stand").tolist() == [1]
    assert said_classes(JOINT, motion, "stand").tolist() == [0, 1]
    assert said_classes(JOINT, height, "stand").tolist() == [1, 2]


def test_outputs_of_each_head() -> None:
    from types import SimpleNamespace

    from holdfast.fit.heads import Head

    net, row = SimpleNamespace(nets=["first", "second"]), {"height_said": "high"}
    classes, height = np.array([1, 2]), JOINT.attributes[1]

    def outputs(kind: str) -> Any:
        return explained_outputs(Head(kind, JOINT), net, height, classes, row)

    assert outputs("joint") == (net, [1, 2])
    assert outputs("sigmoid") == (net, [1, 2])
    assert outputs("per_attribute") == (net, [3])  # two outputs of motion stand before
    assert outputs("separate") == ("second", [1])


def test_a_map_below_zero_tints_nothing() -> None:
    picture = np.full((2, 2, 3), 90, dtype=np.uint8)
    assert np.array_equal(tinted(picture, np.full((2, 2), -1.0)), picture)


# Of pictures.


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("pictures")
    data = tiny.image_folder(folder / "data")
    members = {
        "net": {**WEAK, "prepare": [{"center_crop": {"size": [12, 12]}}, "normalize"]},
        "heads": {**WEAK, "head": "per_attribute"},
    }
    values = tiny.recipe({**tiny.IMAGES, "attributes": tiny.ATTRIBUTES}, data, members)
    return train(values, folder / "run")


def test_what_is_stored_for_pictures(made: Run) -> None:
    found = explain(made.path, "heads", count=5, force=True)
    assert found.notes == []
    assert {file.name for file in found.files} == {"mistakes.csv", "confusion.json", "maps.npz", "mosaic.png"}
    assert all(file.is_file() for file in found.files)
    stored = pd.read_csv(made.path / "explain" / "mistakes.csv")
    assert stored["id"].tolist() == found.mistakes["id"].tolist()
    assert {"shade_truth", "shade_said", "age_truth", "age_said", "mistaken"} < set(stored.columns)
    assert (stored["truth"] != stored["said"]).all()
    assert ((stored["p_said"] - stored["p_truth"]).diff().dropna() <= 1e-6).all()
    oof = made.oof.set_index("id")
    assert (stored["fold"].to_numpy() == oof.loc[stored["id"], "fold"].to_numpy()).all()
    held = json.loads((made.path / "explain" / "confusion.json").read_text())
    assert np.sum(held["classes"]["counts"]) == 36
    assert set(held["attributes"]) == {"shade", "age"}
    # five mistakes of three panels, two beside one another
    assert Image.open(made.path / "explain" / "mosaic.png").size == (6 * 18 - 2, 3 * 22 - 2)


@pytest.mark.parametrize("member", ["net", "heads"])
def test_maps_are_of_the_model_that_did_not_see_the_picture(made: Run, member: str) -> None:
    explain(made.path, member, count=2, force=True)
    maps = np.load(made.path / "explain" / "maps.npz")
    row = pd.read_csv(made.path / "explain" / "mistakes.csv").iloc[0]
    assert maps["id"][0] == row["id"]
    held = data_of(made)
    picture = held.train.take(np.flatnonzero(held.train.ids == row["id"])).read()[0]
    one = next(each for each in held.target.attributes if each.name == row["mistaken"])
    classes = said_classes(held.target, one, row["said"])

    def by(fold: int) -> tuple[np.ndarray, np.ndarray]:
        fitted: Any = load_fitted(made.fold_folder(member, 0, fold))

        def predict(X: np.ndarray) -> np.ndarray:
            said: np.ndarray = fitted.predict(Dataset("images", np.arange(len(X)), X, held.train.names))
            return said

        net, outputs = explained_outputs(fitted.head, fitted.net, one, classes, row)
        cam = grad_cam(net, fitted.pipeline.transform(picture[None])[0], outputs)
        return occlusion(predict, picture, classes.tolist(), 2, 1), cam

    for fold in range(3):
        covered, cam = by(fold)
        mine = fold == row["fold"]
        assert np.allclose(maps["occlusion"][0], covered, atol=1e-5) == mine
        assert not mine or np.allclose(maps["grad_cam"][0], cam, atol=1e-4)
    assert maps["grad_cam"].shape[1:] == ((12, 12) if member == "net" else (20, 16))


def test_without_samples_no_picture_is_left_of_an_earlier_call(made: Run) -> None:
    explain(made.path, "net", count=2, force=True)
    assert (made.path / "explain" / "mosaic.png").is_file()
    explain(made.path, "net", count=2, samples=False, force=True)
    assert {file.name for file in (made.path / "explain").iterdir()} == {
        "mistakes.csv",
        "confusion.json",
        "maps.npz",
    }


def test_what_is_there_is_kept_without_force(made: Run) -> None:
    explain(made.path, "net", count=1, force=True)
    before = (made.path / "explain" / "mistakes.csv").read_text()
    with pytest.raises(BadInput, match="add --force to overwrite"):
        explain(made.path, "net", count=3)
    assert (made.path / "explain" / "mistakes.csv").read_text() == before


def test_an_ensemble_has_mistakes_but_no_maps(made: Run) -> None:
    found = explain(made.path, "ensemble", count=2, force=True)
    assert found.notes == ["an ensemble has no maps; name a member"]
    assert {file.name for file in found.files} == {"mistakes.csv", "confusion.json", "mosaic.png"}
    assert Image.open(made.path / "explain" / "mosaic.png").size == (2 * 18 - 2, 20)


def test_the_best_member_is_taken_and_a_strange_one_refused(made: Run) -> None:
    scores = {
        name: one["log_loss"]["value"] for name, one in made.scores["members"].items() if name != "ensemble"
    }
    assert explain(made.path, count=1, force=True).member == min(scores, key=lambda name: scores[name])
    with pytest.raises(BadInput, match="no member 'nett'; did you mean 'net'"):
        explain(made.path, "nett", force=True)


def test_other_photos_than_those_of_the_run_are_refused(made: Run, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(made.path.parent / "data", tmp_path / "moved"))
    found = explain(made.path, "net", count=1, force=True, data=moved)
    assert len(found.mistakes) == 1
    Image.fromarray(np.zeros((20, 16, 3), dtype=np.uint8)).save(moved / "train" / "s000.png")
    with pytest.raises(BadInput, match=r"not those that .* was trained on"):
        explain(made.path, "net", count=1, force=True, data=moved)


def test_folders_as_classes_and_a_member_without_network(tmp_path: Path) -> None:
    data = tiny.tiny_data("images", groups=4)
    assert data.target is not None
    rng = np.random.default_rng(0)
    photos = {
        f"{tiny.CLASSES[code]}/{name}.png": rng.integers(0, 255, pixels.shape, dtype=np.uint8)
        for code, name, pixels in zip(data.target, data.ids, data.read())
    }
    tiny.write_photos(tmp_path / "data" / "train", photos)
    values = tiny.recipe(
        {"kind": "images", "train": "train", "target": "label"}, tmp_path / "data",
        {"forest": {"model": {"extra_trees": {"n_estimators": 5}}}}, folds={"kind": "stratified", "k": 2},
    )  # fmt: skip
    run = train(values, tmp_path / "run")
    found = explain(run.path, count=2)
    assert found.notes == ["no Grad-CAM: it needs a network with a backbone"]
    maps = np.load(run.path / "explain" / "maps.npz")
    assert maps.files == ["id", "occlusion"]
    assert np.abs(maps["occlusion"]).max() > 0


# Of other data.


def test_tables_have_mistakes_and_confusions_only(tmp_path: Path) -> None:
    run = train(tiny.recipe(tiny.TABLE, tiny.table_folder(tmp_path / "data")), tmp_path / "run")
    shutil.rmtree(tmp_path / "data")  # is not needed
    found = explain(run.path)
    assert {file.name for file in (run.path / "explain").iterdir()} == {"mistakes.csv", "confusion.json"}
    assert found.confusion["attributes"] == {}
    counts = np.array(found.confusion["classes"]["counts"])
    per_class = run.scores["per_class"]
    shares = run.predictions("trees")
    assert counts.sum(axis=1).tolist() == [row["rows"] for row in per_class]
    truth = [tiny.CLASSES.index(name) for name in run.oof["truth"]]
    assert np.trace(counts) == (shares.argmax(axis=1) == truth).sum()
    assert len(found.mistakes) == min(12, 36 - np.trace(counts))


def test_real_targets_are_refused(tmp_path: Path) -> None:
    folder = tiny.table_folder(tmp_path / "data")
    frame = pd.read_csv(folder / "train.csv")
    frame["label"] = np.linspace(0, 1, len(frame))
    frame.to_csv(folder / "train.csv", index=False)
    data = {**tiny.TABLE, "sample": None, "target_kind": "real"}
    values = tiny.recipe(
        data, folder, {"linear": {"model": "ridge"}}, metric="rmse", folds={"kind": "group", "k": 2}
    )
    run = train(values, tmp_path / "run")
    with pytest.raises(BadInput, match="its target 'label' is real"):
        explain(run.path)
