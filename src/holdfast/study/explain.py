"""What a finished run's member mistakes: the worst mistakes, confusions, and for pictures where they come from."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.engine.threads import cores, limited
from holdfast.errors import BadInput
from holdfast.predict.explain import mosaic
from holdfast.recipe.strict import nearest
from holdfast.recipe.target import Attribute, TargetSpec
from holdfast.store.atomic import write_json, write_text, write_whole
from holdfast.store.run import ENSEMBLE, Run
from holdfast.study.explain_frames import FRAME_FILES, FramesExplained, explain_frames, forecasts_of
from holdfast.study.explain_maps import Maps, maps_of, panels
from holdfast.study.run_data import data_of

Report = Callable[[dict[str, Any]], None]
FOLDER = "explain"
MISTAKES, CONFUSION, MAPS, MOSAIC = FILES = "mistakes.csv", "confusion.json", "maps.npz", "mosaic.png"
ACROSS = 6  # pictures beside one another in the mosaic


@dataclass(frozen=True)
class Explained:
    """The worst mistakes (a row each), confusions of classes and attributes, and what was written."""

    member: str
    mistakes: pd.DataFrame
    confusion: dict[str, Any]
    files: list[Path]
    notes: list[str]


def explain(
    run_path: str | Path,
    member: str | None = None,
    count: int = 12,
    samples: bool = True,
    force: bool = False,
    data: Path | None = None,
    report: Report = lambda event: None,
) -> Explained | FramesExplained:
    """Explain the out-of-fold mistakes of a member (by default the one of the best score), in the first repeat.

    Pictures get occlusion maps, and Grad-CAM where a network allows it, by the model of the fold that held
    them out. Written to the run's folder `explain`: `mistakes.csv`, `confusion.json`, `maps.npz`, and
    `mosaic.png`, which is left out without `samples`, so that no picture is shown. Forecasts get panels of the
    worst and of typical samples, an event as an animation, error by rain and reliability, and their numbers
    in `frames.json`. `data`: the folder of the data, where they have moved. Raises BadInput.
    """
    run = Run(run_path)
    target = TargetSpec.model_validate(run.scores["target"])
    if target.kind == "real":
        raise BadInput(f"{run.path}: mistakes are those of classes, its target {target.column!r} is real")
    folder = run.path / FOLDER
    if not force and any((folder / name).exists() for name in (*FILES, *FRAME_FILES)):
        raise BadInput(f"{folder} holds an explanation; add --force to overwrite it")
    name = _chosen(run, member)
    if target.kind == "grid":
        made = forecasts_of(run, name, target, data_of(run, data).train)
        return explain_frames(made, folder, count, samples, report)
    oof = run.oof[run.oof["repeat"] == 0]
    shares = run.predictions(name)[: len(oof)]
    truth = target.codes_of(list(oof["truth"]), str(run.path))
    rows = worst(truth, shares, count)
    told = tell(target, truth[rows], shares[rows])
    frame = pd.concat([oof[["id", "group", "fold"]].iloc[rows].reset_index(drop=True), told], axis=1)
    maps, notes = _maps(run, name, target, rows, frame, data, report)
    confusion = {"member": name, "metric": run.scores["metric"], **confusions(target, truth, shares)}
    files = _write(folder, frame, confusion, maps, samples)
    return Explained(name, frame, confusion, files, notes)


def _chosen(run: Run, member: str | None) -> str:
    """The member to explain, checked to be in the run."""
    scores = run.scores
    there = [name for name in scores["members"] if name != ENSEMBLE]
    if member is None:
        sign = 1 if scores["greater_is_better"] else -1
        return max(there, key=lambda name: sign * scores["members"][name][scores["metric"]]["value"])
    if member not in scores["members"]:
        raise BadInput(
            f"--member: {run.path} has no member {member!r}; {nearest(member, [*there, ENSEMBLE])}"
        )
    return member


def worst(truth: np.ndarray, shares: np.ndarray, count: int) -> np.ndarray:
    """Rows of the worst mistakes first: those whose class said lies the furthest above the true one.

    >>> worst(np.array([0, 1, 1]), np.array([[0.4, 0.6], [0.2, 0.8], [0.9, 0.1]]), 5).tolist()
    [2, 0]
    """
    said = shares.argmax(axis=1)
    wrong = np.flatnonzero(said != truth)
    gap = shares[wrong, said[wrong]] - shares[wrong, truth[wrong]]
    return np.asarray(wrong[np.argsort(-gap, kind="stable")[:count]])


def tell(target: TargetSpec, truth: np.ndarray, shares: np.ndarray) -> pd.DataFrame:
    """The true class and the one said with their shares; each attribute of both; the attribute mistaken the most."""
    said, rows, names = shares.argmax(axis=1), np.arange(len(truth)), np.array(target.names)
    frame = pd.DataFrame(
        {
            "truth": names[truth],
            "said": names[said],
            "p_truth": shares[rows, truth],
            "p_said": shares[rows, said],
        }
    )
    for one in target.attributes:
        values = np.array(one.values)
        frame[f"{one.name}_truth"], frame[f"{one.name}_said"] = (
            values[one.codes(truth)],
            values[one.codes(said)],
        )
    if target.attributes:
        frame["mistaken"] = [mistaken(target, *row).name for row in zip(truth, said, shares)]
    return frame


def mistaken(target: TargetSpec, truth: int, said: int, shares: np.ndarray) -> Attribute:
    """Of the attributes in which two classes differ, the one whose value said is the furthest above the true one."""

    def gap(one: Attribute) -> float:
        marginal = one.marginal(shares[None])[0]
        return float(marginal[one.of_class[said]] - marginal[one.of_class[truth]])

    differ = [one for one in target.attributes if one.of_class[said] != one.of_class[truth]]
    return max(differ, key=gap)


def confusions(target: TargetSpec, truth: np.ndarray, shares: np.ndarray) -> dict[str, Any]:
    """Counts of samples, a row for each true class and a column for each said; so for each attribute, by its marginal."""
    from sklearn.metrics import confusion_matrix

    def table(names: tuple[str, ...], codes: np.ndarray, each: np.ndarray) -> dict[str, Any]:
        counts = confusion_matrix(codes, each.argmax(axis=1), labels=range(len(names)))
        return {"names": list(names), "counts": counts.tolist()}

    return {
        "classes": table(target.names, truth, shares),
        "attributes": {
            one.name: {"ordered": one.ordered, **table(one.values, one.codes(truth), one.marginal(shares))}
            for one in target.attributes
        },
    }


def _maps(
    run: Run, name: str, target: TargetSpec, rows: np.ndarray, mistakes: pd.DataFrame, data: Path | None, report: Report
) -> tuple[Maps | None, list[str]]:  # fmt: skip
    """Where the mistakes come from; None where there are no pictures, or none is mistaken."""
    if run.recipe["data"]["kind"] != "images":
        return None, []
    if not len(rows):
        return None, [f"{name} makes no mistake"]
    train = data_of(run, data).train.take(rows)
    with limited(cores()):
        maps = maps_of(run, name, target, train, mistakes, report)
    return maps, [maps.without] if maps.without else []


def _write(
    folder: Path, mistakes: pd.DataFrame, confusion: dict[str, Any], maps: Maps | None, samples: bool
) -> list[Path]:
    """Write what there is in place of what was there; returns the files."""
    folder.mkdir(exist_ok=True)
    for name in FILES:  # above all a mosaic that is no longer wanted
        (folder / name).unlink(missing_ok=True)
    text = io.StringIO()
    mistakes.to_csv(text, index=False, lineterminator="\n", float_format="%.6g")
    write_text(folder / MISTAKES, text.getvalue())
    write_json(folder / CONFUSION, confusion)
    files = [folder / MISTAKES, folder / CONFUSION]
    if maps is None:
        return files
    if arrays := maps.arrays():
        named: dict[str, Any] = {"id": mistakes["id"].to_numpy(dtype=str), **arrays}
        write_whole(folder / MAPS, lambda file: np.savez_compressed(file, **named))
        files.append(folder / MAPS)
    if samples:
        _write_mosaic(folder / MOSAIC, maps)
        files.append(folder / MOSAIC)
    return files


def _write_mosaic(file: Path, maps: Maps) -> None:
    """A picture for each mistake, beside it the same with each map in red."""
    from holdfast.vision import pillow

    each = [panels(maps, i) for i in range(len(maps.pictures))]
    columns = max(ACROSS // len(each[0]), 1) * len(each[0])
    made = mosaic([panel for row in each for panel in row], columns)
    write_whole(file, lambda out: pillow().fromarray(made).save(out, format="PNG"))
