"""What TensorBoard reads of a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny
from events_of_run import done, empty_run, epochs, logged, scored
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from holdfast.store.run import ENSEMBLE
from holdfast.track.listen import tracked
from holdfast.track.tensorboard import TensorBoard, record
from holdfast.train import train


def read(folder: Path) -> tuple[dict[str, list[tuple[int, float]]], str]:
    """Scalars by tag, as steps and values; and the text that the folder begins with."""
    seen = EventAccumulator(str(folder))
    seen.Reload()
    tags = seen.Tags()
    assert tags["tensors"] == ["recipe/text_summary"]
    (text,) = seen.Tensors("recipe/text_summary")
    scalars = {tag: [(one.step, one.value) for one in seen.Scalars(tag)] for tag in tags["scalars"]}
    return scalars, text.tensor_proto.string_val[0].decode()


@pytest.fixture
def plain(tmp_path: Path) -> dict[str, Any]:
    data = tiny.array_folder(tmp_path / "data", groups=4, each=3)
    members = {"conv": tiny.CONV, "trees": tiny.TREES}
    folds = {"kind": "stratified_group", "k": 2}
    return tiny.recipe(tiny.ARRAYS, data, members, folds=folds, ensemble="mean", track=None)


def test_a_run_writes_event_files_by_default(plain: dict[str, Any], tmp_path: Path) -> None:
    run = train(plain, tmp_path / "run", accept=None)
    whole, text = read(run.path / "tensorboard")
    assert "conv_residual" in text
    score = run.scores["members"][ENSEMBLE]["log_loss"]
    for tag, key in (("", "value"), ("/low", "low"), ("/high", "high")):
        assert whole[f"score/ensemble/log_loss{tag}"] == [(0, pytest.approx(score[key]))]
    assert "score/floor/log_loss" in whole
    for fold in (0, 1):
        curves, text = read(run.path / f"tensorboard/conv/fold-{fold}")
        assert f"fold: {fold}" in text
        losses = [
            line.split(",")[1]
            for line in (run.path / f"members/conv/fold-{fold}/curve.csv").read_text().splitlines()[1:]
        ]
        wanted = [(step, pytest.approx(float(loss), rel=1e-4)) for step, loss in enumerate(losses)]
        assert curves["train_loss"] == wanted
        assert "watch_loss" not in curves
        trees, _ = read(run.path / f"tensorboard/trees/fold-{fold}")
        own = run.scores["members"]["trees"]["per_fold"][0][fold]
        assert trees["score/log_loss"] == [(0, pytest.approx(own))]


def test_a_resumed_run_has_each_step_once(tmp_path: Path) -> None:
    run = empty_run(tmp_path / "run")
    for events in ([*epochs(1, 0, 1)], [*epochs(1, 1, 2), done(1), scored()], [scored()]):
        with tracked([TensorBoard()], run, lambda event: None) as report:
            for event in logged(run, events):
                report(event)
    curves, _ = read(run.path / "tensorboard/conv/fold-1")
    assert [step for step, _ in curves["train_loss"]] == [0, 1, 2]
    whole, _ = read(run.path / "tensorboard")
    assert len(whole["score/ensemble/log_loss"]) == 1


def test_a_record_is_as_the_package_writes_it(tmp_path: Path) -> None:
    from tensorboard.summary.writer.record_writer import RecordWriter

    data = bytes(range(256)) * 3
    with (tmp_path / "theirs").open("wb") as file:
        writer = RecordWriter(file)
        writer.write(data)
        writer.flush()
    assert (tmp_path / "theirs").read_bytes() == record(data)


def test_writing_imports_messages_only() -> None:
    code = (
        "import sys, holdfast.track.tensorboard as t; t._text('a', 'b'); t._scalar('a', 1.0);"
        "print([name for name in ('tensorboard.summary', 'tensorflow', 'torch.utils.tensorboard') if name in sys.modules])"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"
