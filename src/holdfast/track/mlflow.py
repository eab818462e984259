"""MLflow: a run for the whole, and a nested one for each fold."""

from __future__ import annotations

import logging
import os
from typing import Any, ClassVar

from pydantic import Field

from holdfast.recipe.registry import component
from holdfast.store.run import Run
from holdfast.track.base import Fold, Tracker, Writer, flat, member_entry

LONGEST = 500  # letters of a parameter, which every store takes
AT_ONCE = 100  # parameters of one request
ALIVE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}  # else minutes without a server


@component("mlflow")
class MLflow(Tracker):
    """MLflow: a run for the whole, and a run nested in it for each fold.

    Without a server it is a SQLite file beside the run folder: `mlflow ui --backend-store-uri sqlite:///runs/mlflow.db`.
    """

    package: ClassVar[str] = "mlflow"
    experiment: str = Field("holdfast", description="the experiment; MLFLOW_EXPERIMENT_NAME goes before it")
    uri: str | None = Field(
        None,
        description="of the tracking server or store; null: MLFLOW_TRACKING_URI, else mlflow.db beside the run",
    )

    def open(self, run: Run, kept: dict[str, Any]) -> Writer:
        for name, value in ALIVE.items():
            os.environ.setdefault(name, value)
        for noisy in ("mlflow", "alembic"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        from mlflow.tracking import MlflowClient

        beside = f"sqlite:///{run.path.resolve().parent / 'mlflow.db'}"
        client = MlflowClient(self.uri or os.environ.get("MLFLOW_TRACKING_URI") or beside)
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", self.experiment)
        there = client.get_experiment_by_name(name)
        return MLflowRuns(
            client, client.create_experiment(name) if there is None else there.experiment_id, run, kept
        )


class MLflowRuns(Writer):
    """The runs by their places; `kept` holds their ids, so that a resumed fold goes on in its run."""

    def __init__(self, client: Any, experiment: str, run: Run, kept: dict[str, Any]):
        self.client, self.experiment, self.run, self.ids = client, experiment, run, kept
        self.open: set[str] = set()
        self._run("", run.path.resolve().name, flat(run.recipe))

    def curve(self, fold: Fold, part: str, epoch: int, values: dict[str, float]) -> None:
        named = {f"{part}/{name}" if part else name: value for name, value in values.items()}
        self._log(self._of_fold(fold), named, epoch)

    def fold_scores(self, fold: Fold, values: dict[str, float]) -> None:
        self._log(self._of_fold(fold), {f"score/{name}": value for name, value in values.items()})
        self._close(fold.place, "FINISHED")

    def scores(self, values: dict[str, float]) -> None:
        self._log(self.ids[""], {f"score/{name}": value for name, value in values.items()})

    def end(self, finished: bool) -> None:
        for place in list(self.open):
            self._close(place, "FINISHED" if finished else "KILLED")

    def _of_fold(self, fold: Fold) -> str:
        return self._run(fold.place, fold.name, flat(member_entry(self.run, fold)))

    def _run(self, place: str, name: str, parameters: dict[str, Any]) -> str:
        """The id of the run of a place: in hand, begun before, or new."""
        from mlflow.entities import Param

        if place not in self.ids:
            tags = {"mlflow.parentRunId": self.ids[""]} if place else {}
            self.ids[place] = self.client.create_run(self.experiment, run_name=name, tags=tags).info.run_id
            listed = [Param(key, str(value)[:LONGEST]) for key, value in parameters.items()]
            for begin in range(0, len(listed), AT_ONCE):
                self.client.log_batch(self.ids[place], params=listed[begin : begin + AT_ONCE])
        elif place not in self.open:
            self.client.update_run(self.ids[place], status="RUNNING")
        self.open.add(place)
        return str(self.ids[place])

    def _log(self, run_id: str, values: dict[str, float], step: int = 0) -> None:
        from time import time

        from mlflow.entities import Metric

        now = int(time() * 1000)
        self.client.log_batch(
            run_id, metrics=[Metric(key, value, now, step) for key, value in values.items()]
        )

    def _close(self, place: str, status: str) -> None:
        self.client.set_terminated(self.ids[place], status=status)
        self.open.discard(place)
