"""`holdfast clean` frees what can be made again, after showing it, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny
from typer.testing import CliRunner

from holdfast.cli.main import app
from holdfast.data.cache import cache_folder, cached_array
from holdfast.store.run import Run
from holdfast.train import train

runner = CliRunner()


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A finished fold and an unfinished one, with what fits leave; a draft of a killed process."""
    run = tmp_path / "runs" / "first"
    for fold in ("fold-0", "fold-1"):
        place = run / "members" / "conv" / fold
        for inside in ("", "round-0", "seed-0"):
            (place / inside).mkdir(parents=True, exist_ok=True)
            for name in ("checkpoint.pt", "model.joblib", "weights.safetensors", "curve.csv"):
                (place / inside / name).write_bytes(b"x" * 1000)
        (place / "oof.npy").write_bytes(b"x")
    (run / "members/conv/fold-0/done.json").write_text("{}")
    (run / "recipe.yaml").write_text("name: first\n")
    (run / ".scores.json.123.part").write_bytes(b"x" * 10)
    (run / ".lock").touch()
    return tmp_path / "runs"


GOES = {
    *(f"first/members/conv/fold-0/{name}" for name in ("checkpoint.pt", "seed-0/checkpoint.pt")),
    *(
        f"first/members/conv/fold-0/round-0/{name}"
        for name in ("checkpoint.pt", "model.joblib", "weights.safetensors", "curve.csv")
    ),
    "first/.scores.json.123.part",
}  # fmt: skip


def test_it_shows_first_and_removes_with_yes(runs: Path) -> None:
    before = files(runs)
    shown = runner.invoke(app, ["clean", str(runs)])
    assert shown.exit_code == 0
    assert "checkpoints of finished folds" in shown.stdout
    assert "nothing was removed" in shown.stdout
    assert files(runs) == before
    done = runner.invoke(app, ["clean", str(runs), "--yes"])
    assert done.stdout.endswith("removed\n")
    assert before - files(runs) == GOES
    assert "nothing to free" in runner.invoke(app, ["clean", str(runs), "--yes"]).stdout


def test_a_run_at_work_is_left_alone_and_the_cache_with_it(runs: Path, tmp_path: Path) -> None:
    cached_array(_source(tmp_path), lambda: np.zeros(1000))
    shutil.copytree(runs / "first", runs / "second")
    (held,) = cache_folder().iterdir()
    with Run(runs / "second").locked():
        before = files(runs)
        shown = runner.invoke(app, ["clean", str(runs), "--yes"]).stdout
        assert f"at work, left alone: {runs / 'second'}" in shown
        assert before - files(runs) == GOES
        assert held.is_file()
    shown = runner.invoke(app, ["clean", str(runs / "second"), "--yes"]).stdout
    assert "unpacked data" in shown
    assert not held.is_file()
    assert files(runs / "second") == files(runs / "first")


def _source(folder: Path) -> Path:
    (folder / "source.bin").write_bytes(b"of the array")
    return folder / "source.bin"


def test_a_cached_array_is_made_again(tmp_path: Path, runs: Path) -> None:
    made = []

    def make() -> np.ndarray:
        made.append(1)
        return np.arange(5)

    cached_array(_source(tmp_path), make)
    (cache_folder() / "mine.npy").touch()
    runner.invoke(app, ["clean", str(runs), "--yes"])
    assert files(cache_folder()) == {"mine.npy"}
    assert cached_array(_source(tmp_path), make).tolist() == [0, 1, 2, 3, 4]
    assert len(made) == 2


def test_links_out_of_the_folder_are_not_followed(runs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "done.json").write_text("{}")
    (outside / "checkpoint.pt").write_bytes(b"x")
    (runs / "link").symlink_to(outside)
    (runs / "first/members/conv/fold-0/round-9").symlink_to(outside)
    runner.invoke(app, ["clean", str(runs), "--yes"])
    assert (outside / "checkpoint.pt").is_file()


def test_a_folder_that_is_missing_is_bad_input(tmp_path: Path) -> None:
    made = runner.invoke(app, ["clean", str(tmp_path / "nowhere")])
    assert made.exit_code == 2
    assert "is no folder" in made.output


def test_a_cleaned_run_goes_on_as_if_nothing_was(tmp_path: Path) -> None:
    data = tiny.array_folder(tmp_path / "data", groups=4, each=3)
    folds = {"kind": "stratified_group", "k": 2}
    recipe = tiny.recipe(tiny.ARRAYS, data, {"conv": tiny.CONV}, folds=folds, track=[])

    def stop(event: dict[str, object]) -> None:
        if event["event"] == "epoch" and (event["job"], event["epoch"]) == ("conv fold 1", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "runs/first", accept=None, report=stop)
    before = files(tmp_path / "runs")
    assert "first/members/conv/fold-1/checkpoint.pt" in before
    runner.invoke(app, ["clean", str(tmp_path / "runs"), "--yes"])
    assert files(tmp_path / "runs") == before
    epochs: list[object] = []
    train(
        recipe, tmp_path / "runs/first", accept=None, report=lambda event: epochs.append(event.get("epoch"))
    )
    assert 0 not in epochs  # fold 0 is done, fold 1 went on after its first epoch
