"""What runs said of their samples, out of fold: the worst mistakes of one, and one sample by all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from holdfast.errors import BadInput
from holdfast.recipe.strict import nearest
from holdfast.recipe.target import TargetSpec
from holdfast.store.run import ENSEMBLE, Run

Row = dict[str, Any]


@dataclass(frozen=True)
class Mistakes:
    """Some rows of a run's mistakes, the worst first, and how many there are of how many samples."""

    rows: list[Row]
    wrong: int
    samples: int
    what: str  # how "worst" is meant


def mistakes(run: Run, member: str, offset: int, limit: int) -> Mistakes:
    """Raises BadInput for an unknown member, and for forecasts: their worst samples are by `holdfast explain`."""
    if member not in run.scores["members"]:
        raise BadInput(f"{run.path.name} has no member {member!r}; {nearest(member, run.scores['members'])}")
    target = TargetSpec.model_validate(run.scores["target"])
    if target.kind == "grid":
        return _explained(run, offset, limit)
    oof = first_repeat(run)
    said = run.predictions(member)[: len(oof)]
    if target.kind == "real":
        off = said - oof["truth"].to_numpy(dtype=float)
        order = np.argsort(-np.abs(off), kind="stable")
        rows = [
            {"id": str(oof["id"].iloc[i]), "truth": oof["truth"].iloc[i], "said": float(said[i]), "error": float(off[i])}
            for i in order[offset : offset + limit]
        ]  # fmt: skip
        return Mistakes(rows, len(oof), len(oof), "by the size of the error")
    from holdfast.study.explain import tell, worst

    truth = target.codes_of(list(oof["truth"]), run.path.name)
    wrong = worst(truth, said, len(oof))
    at = wrong[offset : offset + limit]
    told = tell(target, truth[at], said[at]).to_dict("records")
    ids = oof["id"].iloc[at].astype(str)
    return Mistakes(
        [{"id": one, **_named(row)} for one, row in zip(ids, told, strict=True)],
        len(wrong), len(oof), "by how far the class said lies above the true one",
    )  # fmt: skip


def _named(row: dict[Any, Any]) -> Row:
    return {str(key): value for key, value in row.items()}


def _explained(run: Run, offset: int, limit: int) -> Mistakes:
    file = run.path / "explain" / "samples.csv"
    if not file.is_file():
        raise BadInput(f"the worst forecasts are listed by `holdfast explain {run.path}`; it has not run yet")
    frame = pd.read_csv(file)
    rows = [_named(row) for row in frame.to_dict("records")]
    return Mistakes(
        rows[offset : offset + limit], len(rows), len(first_repeat(run)), "as `holdfast explain` chose"
    )


def first_repeat(run: Run) -> pd.DataFrame:
    """The out-of-fold rows of the first repeat."""
    run.refuse_refit()
    return _index(run.path, (run.path / "oof.parquet").stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _index(path: Path, changed: int) -> pd.DataFrame:
    frame = pd.read_parquet(path / "oof.parquet")
    return frame[frame["repeat"] == 0].reset_index(drop=True)


def prediction(run: Run, sample: str) -> Row | None:
    """What a run's ensemble said of a sample in the first repeat; None where it does not know the id."""
    oof = first_repeat(run)
    (rows,) = np.nonzero(oof["id"].astype(str).to_numpy() == sample)
    if not len(rows):
        return None
    row, target = int(rows[0]), TargetSpec.model_validate(run.scores["target"])
    told: Row = {"truth": oof["truth"].iloc[row], "fold": int(oof["fold"].iloc[row]), "kind": target.kind}
    group = oof["group"].iloc[row]
    told["group"] = None if pd.isna(group) else str(group)
    if target.kind == "grid":
        return {**told, "said": "a forecast"}
    made = np.load(run.path / f"oof-{ENSEMBLE}.npy", mmap_mode="r", allow_pickle=False)[row]
    if target.kind == "real":
        return {**told, "said": float(made), "error": float(made) - float(told["truth"])}
    (truth,) = target.codes_of([told["truth"]], run.path.name)
    return {
        **told,
        "said": target.names[int(np.argmax(made))],
        "p_said": float(np.max(made)),
        "p_truth": float(made[truth]),
        "right": int(np.argmax(made)) == truth,
    }


def predictions(runs: Iterable[tuple[str, Run]], like: Run, sample: str) -> list[Row]:
    """A row for each run on the same data that knows the sample; a damaged run is left out."""
    mark, found = like.environment["data"]["hash"], []
    for name, run in runs:
        try:
            if run.environment["data"]["hash"] == mark and (told := prediction(run, sample)) is not None:
                found.append({"run": name, **told})
        except Exception:  # a run folder may hold anything; others are shown all the same
            continue
    return found
