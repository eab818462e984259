"""What is shown while optical flow is made, before the first job."""

from __future__ import annotations

import pytest

from holdfast.cli.progress import Progress


def test_lines_say_the_end_and_stay_few(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(terminal=False) as progress:
        for done in (32, 64, 70):
            progress({"event": "flow", "done": done, "samples": 70})
    assert capsys.readouterr().out == "optical flow: 70 of 70 samples\n"


def test_bar_comes_and_goes() -> None:
    with Progress(terminal=True) as progress:
        progress({"event": "flow", "done": 32, "samples": 70})
        (task,) = progress.shown.bars.tasks  # type: ignore[attr-defined]
        assert (task.completed, task.total, task.fields["count"]) == (32, 70, "32/70")
        progress({"event": "flow", "done": 70, "samples": 70})
        assert not progress.shown.bars.tasks  # type: ignore[attr-defined]
        progress({"event": "flow", "done": 5, "samples": 9})  # of the test samples
        assert len(progress.shown.bars.tasks) == 1  # type: ignore[attr-defined]
