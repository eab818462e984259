"""The run folder: all that one `train` made, readable without anything else.

    runs/motion/
      recipe.yaml  environment.json  folds.csv  folds.json  findings.json  events.jsonl
      members/conv/fold-0/  model.joblib  weights.safetensors  curve.csv  state.json  oof.npy  test.npy  done.json
      members/conv/fold-0.r1/ …                                                        (repeat 1)
      form.json  chain.joblib (for `holdfast predict`)
      oof.parquet  oof-conv.npy …  test.parquet  test-conv.npy …  sample.csv  scores.json
      tensorboard/  track/ (how far each tracker is)  wandb/                           (by the recipe's `track`)
      budget.json (what a budget decided)  importance.json (what `holdfast importance` found)
      comparisons/ (by `holdfast compare` with this run first)  submissions.jsonl (see store/ledger)
      report.html (by `holdfast report`)
      explain/  mistakes.csv  confusion.json  maps.npz  mosaic.png                     (by `holdfast explain`)
                samples.csv  frames.json  worst.png  typical.png  event.gif  by_rain.png  reliability.png  (of frames)

A fold's folder counts when `done.json`, written last, carries the job's hash.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.errors import BadInput
from holdfast.store.atomic import write_json

FORMAT = 1  # of the run folder; part of every job's hash
ENSEMBLE = "ensemble"
FINDINGS = "findings.json"
REFIT = "refit.json"  # what a refit was made from
LOOKS = 5  # at a lock: a ledger that looks whether someone is at work holds it for a moment
COMPARISONS, SUBMISSIONS = "comparisons", "submissions.jsonl"
FORM = "form.json"  # what new samples must look like
CHAIN = "chain"  # .joblib, in packs .skops: calibration, ensemble and postprocessing, learned from out-of-fold rows


def as_yaml(recipe: dict[str, Any]) -> str:
    """The text of a run's `recipe.yaml`."""
    import yaml

    return yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True, width=110)


class RunFolder:
    """A folder of members' folds, to write into. It is a run's, or it holds what no run may be taken for."""

    def __init__(self, path: str | Path):
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def fold_folder(self, member: str, repeat: int, fold: int) -> Path:
        suffix = f".r{repeat}" if repeat else ""
        return self.path / "members" / member / f"fold-{fold}{suffix}"

    def done(self, member: str, repeat: int, fold: int) -> dict[str, Any] | None:
        """What `done.json` of a fold says; None where the fold is not finished."""
        file = self.fold_folder(member, repeat, fold) / "done.json"
        return json.loads(file.read_text()) if file.is_file() else None

    def mark_done(self, member: str, repeat: int, fold: int, facts: dict[str, Any]) -> None:
        write_json(self.fold_folder(member, repeat, fold) / "done.json", facts)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time; the lock ends with its process, however that ends."""
        with (self.path / ".lock").open("w") as file:
            for _ in range(LOOKS):
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    time.sleep(0.05)
            else:
                raise BadInput(f"{self.path}: another `holdfast train` is writing here")
            yield


class Run(RunFolder):
    """A run folder, to read. `run.scores`, `run.oof`, `run.predictions("conv")`, `run.test_predictions()`."""

    def __init__(self, path: str | Path):
        super().__init__(path)
        if not (self.path / "recipe.yaml").is_file():
            raise BadInput(
                f"{self.path} is no run folder (it has no recipe.yaml); `holdfast train RECIPE -o {self.path}` makes one"
            )

    def _repr_html_(self) -> str:
        """How Jupyter shows it."""
        from holdfast.store.notebook import line, run_html

        if not self.finished:
            return line(f"{self.path}: not finished; the same `holdfast train` command again continues it")
        return run_html(str(self.path), self.scores, self.findings)

    def refuse_refit(self) -> None:
        """Raises BadInput where no row was held out."""
        if (self.path / REFIT).is_file():
            raise BadInput(
                f"{self.path} is a refit on all rows: it held none out; name the run that it was made from"
            )

    @property
    def finished(self) -> bool:
        return (self.path / "scores.json").is_file()

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The resolved recipe, as plain values."""
        import yaml

        return yaml.safe_load((self.path / "recipe.yaml").read_text(encoding="utf-8"))

    @cached_property
    def environment(self) -> dict[str, Any]:
        return json.loads((self.path / "environment.json").read_text(encoding="utf-8"))

    @cached_property
    def scores(self) -> dict[str, Any]:
        """Members' and the ensemble's out-of-fold scores with their intervals, and the floor."""
        if not self.finished:
            raise BadInput(
                f"{self.path} is not finished; the same `holdfast train` command again continues it"
            )
        return json.loads((self.path / "scores.json").read_text(encoding="utf-8"))

    @cached_property
    def findings(self) -> dict[str, Any]:
        """What checks said: `accepted` codes, and `findings` of data, folds and predictions."""
        file = self.path / FINDINGS
        held = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        parts = [held[part]["findings"] for part in ("before", "after") if part in held]
        return {"accepted": held.get("accepted", []), "findings": [one for part in parts for one in part]}

    @cached_property
    def oof(self) -> pd.DataFrame:
        """The index of the out-of-fold rows: id, group, repeat, fold, truth."""
        self.refuse_refit()
        return pd.read_parquet(self.path / "oof.parquet")

    def predictions(self, member: str = ENSEMBLE) -> np.ndarray:
        """Out-of-fold predictions of a member, a row for each row of `oof`."""
        return np.load(self.path / f"oof-{member}.npy")

    def test_predictions(self, member: str = ENSEMBLE, mapped: bool = False) -> np.ndarray:
        """Predictions of the test samples, the mean over folds and repeats, rows as in `test_ids`.

        `mapped`: as a memory map, of which only what is asked for is read.
        """
        file = self.path / f"test-{member}.npy"
        if not file.is_file():
            raise BadInput(
                f"{self.path} has no test predictions of {member!r}: did the recipe name data.test?"
            )
        return np.load(file, mmap_mode="r" if mapped else None)

    @cached_property
    def test_ids(self) -> np.ndarray:
        return pd.read_parquet(self.path / "test.parquet")["id"].to_numpy(dtype=str)
