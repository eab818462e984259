"""A run keeps and says what its ensemble decided."""

from __future__ import annotations

import numpy as np
import pytest
import tiny

from holdfast.cli.show import finished_lines
from holdfast.store.run import Run
from holdfast.train import train

MEMBERS = {"trees": tiny.TREES, "line": {"model": "logistic"}, "nothing": {"model": "constant"}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("ensemble")
    tiny.table_folder(folder / "data", groups=8, each=9)
    wanted = {"tested": {"tested_mean": {"blend": "weighted_mean"}}, "plain": "mean"}
    return {
        name: train(
            tiny.recipe(
                tiny.TABLE, folder / "data", MEMBERS, metric="log_loss", ensemble=ensemble,
                folds={"kind": "group", "k": 4},
            ),
            folder / name,
        )
        for name, ensemble in wanted.items()
    }  # fmt: skip


def test_what_was_decided_is_kept_and_said(runs: dict[str, Run]) -> None:
    scores = runs["tested"].scores
    facts = scores["facts"]["ensemble"]["repeat-0"]
    assert "nothing" not in facts["mean_of"]
    assert facts["to_the_best"]["nothing"]["p_holm"] < 0.05
    assert facts["blend"]["name"] == "weighted_mean"
    (said,) = [note for note in scores["notes"] if note.startswith("ensemble tested_mean: ")]
    assert "left out as worse than the best: nothing (log_loss +" in said
    assert f"note: {said}" in finished_lines(runs["tested"])


def test_test_predictions_are_of_the_members_kept(runs: dict[str, Run]) -> None:
    run = runs["tested"]
    facts = run.scores["facts"]["ensemble"]["repeat-0"]
    assert not facts["blend"]["helps"]
    mean = np.mean([run.test_predictions(name) for name in facts["mean_of"]], axis=0)
    np.testing.assert_allclose(run.test_predictions(), mean, rtol=1e-6)


def test_the_plain_mean_says_nothing(runs: dict[str, Run]) -> None:
    scores = runs["plain"].scores
    assert "ensemble" not in scores["facts"]
    assert not [note for note in scores["notes"] if note.startswith("ensemble")]
