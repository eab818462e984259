"""The samples of a run, read from its data only: no component of the user's is imported for it."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path, PurePosixPath
from threading import Lock

import numpy as np

from holdfast.board.settings import Settings
from holdfast.data.base import DataSpec
from holdfast.data.dataset import Dataset
from holdfast.data.files import read_table
from holdfast.errors import BadInput
from holdfast.recipe.registry import parse
from holdfast.recipe.target import TargetSpec
from holdfast.store.run import ENSEMBLE, Run
from holdfast.view.sample import Drawn, Forecast, draw_sample

FILES = (
    "train",
    "labels",
    "images",
    "frames",
)  # fields of data that name what training samples are read from
KEPT = 2  # data sets in memory
DRAWINGS = 200
TABLES = (".csv", ".csv.gz", ".tsv", ".parquet")


class Samples:
    """Draws samples by run and id; keeps the data that it read last."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.lock = Lock()  # one reads at a time
        self.data: OrderedDict[tuple[str, str], Dataset] = OrderedDict()
        self.drawings: OrderedDict[tuple[Path, str], Drawn] = OrderedDict()

    def drawn(self, run: Run, sample: str) -> Drawn:
        """The sample's picture or values. Raises BadInput where the data cannot be read or may not be shown."""
        key = (run.path, sample)
        with self.lock:
            if key not in self.drawings:
                data = self._data_of(run)
                (rows,) = np.nonzero(data.ids.astype(str) == sample)
                if not len(rows):
                    raise BadInput(f"the data of {run.path.name} have no sample {sample!r}")
                self.drawings[key] = draw_sample(data, int(rows[0]), forecast_of(run))
                if len(self.drawings) > DRAWINGS:
                    self.drawings.popitem(last=False)
            return self.drawings[key]

    def _data_of(self, run: Run) -> Dataset:
        base = (run.path / run.environment["recipe_folder"]).resolve()
        key = (run.environment["data"]["hash"], str(base))
        if key not in self.data:
            self.data[key] = self._read(run, base)
            if len(self.data) > KEPT:
                self.data.popitem(last=False)
        self.data.move_to_end(key)
        return self.data[key]

    def _read(self, run: Run, base: Path) -> Dataset:
        spec = parse("data", run.recipe["data"])
        assert isinstance(spec, DataSpec)
        self._check_places(spec, base)
        spec = spec.model_copy(update={name: None for name in ("test", "sample") if hasattr(spec, name)})
        before = run.environment["data"]["files"]
        for name, now in spec.file_hashes(base).items():
            if before.get(name, now) != now:
                raise BadInput(f"data: {name} is not the file that {run.path.name} was trained on")
        return spec.load(base).train

    def _check_places(self, spec: DataSpec, base: Path) -> None:
        """A foreign run folder may name any file of this machine as its data: what lies elsewhere is not read."""
        for field in FILES:
            name = getattr(spec, field, None)
            if name is None:
                continue
            path = (base / spec.folder / name).resolve()
            if not any(path.is_relative_to(folder) for folder in self.settings.readable):
                raise BadInput(
                    f"data.{field}: {path} lies outside {self.settings.readable[0]}, the folder that holds the runs"
                    " folder; if you trust the run, name the data's folder with `holdfast board --data FOLDER`"
                )
            if {"path_column", "frames"} & set(type(spec).model_fields) and path.name.endswith(TABLES):
                _check_rows(path)


def _check_rows(path: Path) -> None:
    """The rows of a table may name a photo or a file of frames: none of them outside the data's folder."""
    frame = read_table(path).select_dtypes(exclude="number")
    for column in frame:
        for value in frame[column].dropna().astype(str).unique():
            if value.startswith(("/", "~", "\\")) or ".." in PurePosixPath(value.replace("\\", "/")).parts:
                raise BadInput(
                    f"{path}: {value!r} leads out of the data's folder; the board does not follow it"
                )


def forecast_of(run: Run) -> Forecast | None:
    """The ensemble's forecasts, where a run predicts grids."""
    target = TargetSpec.model_validate(run.scores["target"])
    if target.kind != "grid":
        return None
    said = np.load(run.path / f"oof-{ENSEMBLE}.npy", mmap_mode="r", allow_pickle=False)
    return Forecast(ENSEMBLE, said, target)
