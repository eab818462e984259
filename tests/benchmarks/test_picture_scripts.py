"""The benchmark scripts of pictures run, at the smallest size."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from holdfast.fit.precision import chosen_precision

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PERSONS, EACH, SIDES = 12, 6, (32, 32)
SMALL = "test_resnet"  # timm's own, of a third of a million parameters


def run(script: str, *arguments: str) -> str:
    made = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *arguments], capture_output=True, text=True, timeout=600
    )
    assert made.returncode == 0, made.stderr[-3000:]
    return made.stdout


def tables_of(said: str) -> list[list[list[str]]]:
    """The cells of each printed table, without its header and rule."""
    blocks = re.findall(r"(?m)(?:^\|.*\n)+", said)
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]
        for block in blocks
    ]


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Photos of persons with two attributes, simulated: one shows as a light band, one is the person's own.

    Each person has a colour of its own, so that who knows the person knows the second attribute.
    """
    from PIL import Image

    rng = np.random.default_rng(0)
    folder = tmp_path / "faces"
    (folder / "train").mkdir(parents=True)
    rows = []
    for person in range(PERSONS):
        kind, colour = int(person % 3 == 0), rng.uniform(0, 200, 3)
        for photo in range(EACH):
            hat = int(photo % 3 == 0)
            picture = np.broadcast_to(colour, (*SIDES, 3)) + rng.normal(0, 8, (*SIDES, 3))
            picture[: SIDES[0] // 3] += 150 * hat
            name = f"{person:02}-{photo}.png"
            Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(folder / "train" / name)
            rows.append((name, f"p{person:02}", ("none", "hat")[hat], ("old", "young")[kind], 2 * kind + hat))
    frame = pd.DataFrame(rows, columns=["image", "person", "hat", "age", "label"])
    frame.sample(frac=1, random_state=0).to_csv(folder / "train.csv", index=False)
    (folder / "test").mkdir()
    Image.fromarray(np.zeros((*SIDES, 3), dtype=np.uint8)).save(folder / "test" / "t0.png")
    pd.DataFrame({"image": ["t0.png"]}).to_csv(folder / "test.csv", index=False)
    pd.DataFrame({"image": ["t0.png"], "label": [0]}).to_csv(folder / "sample_submission.csv", index=False)
    return folder


@pytest.mark.slow
def test_images_prints_a_row_for_each_contestant_and_task():
    sizes = ("--photos", "64", "--photo-size", "48", "40", "--size", "40", "32")
    said = run("images.py", "--rounds", "1", "--model", SMALL, "--workers", "1", "--threads", "1", *sizes)
    tables = tables_of(said)
    assert len(tables) == (2 if chosen_precision("auto") == "bf16" else 1)
    for rows in tables:
        names = [row[1] for row in rows if row[0] == "epoch of training"]
        assert names == ["Holdfast", "torchvision loop", "timm's loader", "bare network from memory"]
        for task in ("decode", "batches, no training", "end to end"):
            assert [row[1] for row in rows if row[0] == task] == names[:3]
        rate = {(row[0], row[1]): float(row[2]) for row in rows}
        end, decode, epoch = (
            rate[task, "Holdfast"] for task in ("end to end", "decode", "epoch of training")
        )
        assert end == pytest.approx(15 / (1 / decode + 15 / epoch), rel=0.02, abs=1)
        assert end <= epoch
    assert "64 simulated photos" in said
    assert said.count("at least") == 2 * len(tables)


@pytest.mark.slow
def test_heads_stand_on_the_same_folds_with_paired_differences(faces: Path, tmp_path: Path):
    out = tmp_path / "out"
    arguments = (
        str(faces), "--epochs", "1", "--k", "2", "--repeats", "2", "--model", SMALL, "--threads", "1",
        "--out", str(out),
    )  # fmt: skip
    first = run("heads.py", *arguments)
    scores, against, pairs = tables_of(first)
    assert [row[0] for row in scores] == ["joint", "per_attribute", "separate", "sigmoid"]
    value = {row[0]: float(row[1].split()[0]) for row in scores}
    for row in (*against, *pairs):
        one, other = row[0].split(" − ")
        assert float(row[1].split()[0]) == pytest.approx(value[one] - value[other], abs=2e-4)
        assert float(row[2]) <= float(row[3])  # adjusted p is no smaller
    assert len(against) == 3
    assert len(pairs) == 6
    assert "2 folds, 2 repeats" in first
    (held,) = out.glob("heads-*/members")
    done = {file: file.stat().st_mtime_ns for file in held.glob("*/*/done.json")}
    assert len(done) == 4 * 2 * 2
    assert run("heads.py", *arguments) == first  # nothing is trained anew
    assert {file: file.stat().st_mtime_ns for file in done} == done


@pytest.mark.slow
def test_leak_stands_attribute_by_attribute_and_resumes_by_fold(faces: Path, tmp_path: Path):
    arguments = (
        str(faces), "--epochs", "30", "--k", "3", "--model", SMALL, "--threads", "1",
        "--out", str(tmp_path / "out"),
    )  # fmt: skip
    first = run("leak.py", *arguments)
    (rows,) = tables_of(first)
    assert [row[:2] for row in rows] == [
        [part, metric] for metric in ("macro_f1", "accuracy") for part in ("class", "age", "hat")
    ]
    for row in rows:
        photos, persons = (float(cell.split()[0]) for cell in row[2:4])
        assert float(row[4]) == pytest.approx(photos - persons, abs=2e-4)
    leak = {row[0]: float(row[4]) for row in rows if row[1] == "accuracy"}
    assert leak["age"] > 0.2  # planted: persons tell their age
    assert leak["age"] > leak["hat"]
    file = tmp_path / "out" / "leak.jsonl"
    kept = file.read_text().splitlines()
    of = [(row["folds"], row["habits"], row["fold"]) for row in map(json.loads, kept)]
    assert of == [
        *(("photo folds", ["folds_ignore_groups"], k) for k in range(3)),
        *(("person folds", [], k) for k in range(3)),
    ]
    file.write_text("\n".join(kept[1:]) + "\n")  # as if the first fold had never been trained
    assert run("leak.py", *arguments) == first
    assert file.read_text().splitlines()[:5] == kept[1:]
    assert len(file.read_text().splitlines()) == 6
