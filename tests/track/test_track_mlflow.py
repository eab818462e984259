"""MLflow with a SQLite file: what its client reads of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny

from holdfast.train import train

pytestmark = pytest.mark.slow
EPOCHS = 3


def test_folds_are_nested_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.tracking import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    data = tiny.array_folder(tmp_path / "data", groups=4, each=3)
    folds = {"kind": "stratified_group", "k": 2}
    recipe = tiny.recipe(tiny.ARRAYS, data, {"conv": tiny.CONV}, folds=folds, track="mlflow")

    def stop(event: dict[str, object]) -> None:
        if event["event"] == "epoch" and (event["job"], event["epoch"]) == ("conv fold 1", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "runs" / "first", accept=None, report=stop)
    notes: list[str] = []
    run = train(
        recipe,
        tmp_path / "runs" / "first",
        accept=None,
        report=lambda event: notes.append(event.get("note", "")),
    )
    assert not any("track" in note for note in notes)
    client = MlflowClient(f"sqlite:///{tmp_path}/runs/mlflow.db")
    experiment = client.get_experiment_by_name("holdfast")
    assert experiment is not None
    there = {one.info.run_name: one for one in client.search_runs([experiment.experiment_id])}
    assert sorted(there) == ["conv fold 0", "conv fold 1", "first"]
    whole, fold = there["first"], there["conv fold 1"]
    assert {one.info.status for one in there.values()} == {"FINISHED"}
    assert fold.data.tags["mlflow.parentRunId"] == whole.info.run_id
    assert fold.data.params["model.conv_residual.width"] == "4"
    steps = [one.step for one in client.get_metric_history(fold.info.run_id, "train_loss")]
    assert steps == list(range(EPOCHS))
    assert fold.data.metrics["score/log_loss"] == pytest.approx(
        run.scores["members"]["conv"]["per_fold"][0][1]
    )
    high = run.scores["members"]["ensemble"]["log_loss"]["high"]
    assert whole.data.metrics["score/ensemble/log_loss/high"] == pytest.approx(high)
