"""Frames: some radar pictures in a row, and the next ones to predict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from holdfast.data.base import DataSpec
from holdfast.data.columns import groups_of, ids_of
from holdfast.data.dataset import Dataset, Loaded
from holdfast.data.files import TABLE_ENDINGS, need_column, read_table
from holdfast.data.form import Form
from holdfast.data.frame_files import array_at, found, is_array, names_of, packed
from holdfast.data.frame_samples import Cut, Samples, Sequences, rows_of, windows_of
from holdfast.data.frame_sequences import named_sequences, sequences_at
from holdfast.data.frame_source import Layout
from holdfast.data.frame_survey import kept, refuse, remarks, survey
from holdfast.data.long import numbers64
from holdfast.data.radar_spec import RadarFiles
from holdfast.data.units import AsUnit, Unit
from holdfast.data.wide import read_wide
from holdfast.errors import BadInput
from holdfast.recipe.registry import component
from holdfast.recipe.target import TargetSpec
from holdfast.store.hashes import hash_arrays, hash_value

MANY = 24  # inputs from which on it is asked whether they are meant
INPUTS = 4  # frames that a window cut from a sequence starts from, where nothing is said


@component("frames")
class Frames(DataSpec):
    """Radar frames in mm/h: some in a row, then those to predict, the leads; missing pixels are NaN.

    One file for each row of a table (`frames` a folder of `.npy` named by the ids), one array `(n, t, h, w)` with the
    table's rows in its order (`.npy`, zarr), or with `cut` long sequences `(t, h, w)` cut into windows, also of radar
    files. Training samples hold inputs and leads, test samples inputs only. Frames stay on disk.
    """

    default_prepare: ClassVar[tuple[str, ...]] = ("log_rain",)

    train: str = Field(
        description="CSV with a row a sample, or with cut a sequence; or what holds the frames, where there is no CSV",
        examples=["train.csv"],
    )
    labels: str | None = Field(
        None, description="CSV of ids and groups, where train names the frames themselves"
    )
    frames: str | None = Field(
        None, description="folder of .npy, one .npy or a zarr of the training frames; null: the CSV's folder"
    )
    test: str | None = Field(
        None, description="CSV with a row a test sample, or what holds the frames: as train"
    )
    test_frames: str | None = Field(None, description="as frames, of the test frames: inputs only")
    order: str | None = Field(None, description="column of time: dates, or minutes")
    target: str = Field("rain", description="a name for what is predicted")
    target_kind: Literal["grid"] | None = Field(None, description="always a grid")  # type: ignore[assignment]
    unit: AsUnit = Field(
        Unit(of="mm/h"),
        description="of the numbers in arrays and in submissions: '0.01 mm/h', 'dBZ', '0.5 dBZ - 32', or {of, scale,"
        " offset, a, b, missing}",
    )
    layout: Layout = Field("thw", description="axes of a sample: thw is (frames, height, width)")
    inputs: int | None = Field(
        None, ge=1, description="frames that a forecast starts from; null: all but the leads, with cut 4"
    )
    leads: int = Field(1, ge=1, description="frames to predict")
    step: float = Field(10.0, gt=0, description="minutes between frames")
    cut: Cut | None = Field(None, description="cut long sequences into windows; null: each is one sample")
    radar: RadarFiles = Field(RadarFiles(), description="how radar files are read, where sequences are such")

    def load(self, base: Path) -> Loaded:
        notes: list[str] = []
        samples = self.samples(base, "train", notes)
        inputs = self._inputs(samples)
        if self.inputs is None and inputs > MANY:
            notes.append(
                f"training samples hold {samples.length} frames, so {inputs} are inputs; to cut long sequences into windows,"
                " say data.cut; or say data.inputs"
            )
        tested = None if self.test is None else self.samples(base, "test", notes)
        if tested is not None:
            self._same_form(samples, tested, inputs)
        train, mark = self._train(samples, inputs, notes)
        hashes = {**self.file_hashes(base), f"frames of {self.train}": mark}
        test = None
        if tested is not None:
            test, hashes[f"frames of {self.test}"] = self._test(tested, inputs, notes)
        spec = TargetSpec(
            kind="grid", column=self.target, shape=(self.leads, *samples.size), unit=self.unit.text,
            leads=tuple(self.step * (lead + 1) for lead in range(self.leads)), top=samples.top,
        )  # fmt: skip
        return Loaded(train, spec, test, self.path(base, "sample"), notes, hashes)

    def path(self, base: Path, field: str) -> Path | None:
        """The file that a field names, or for train and test an array or a folder."""
        name = getattr(self, field)
        if name is not None and field in ("train", "test") and not name.endswith(TABLE_ENDINGS):
            return found(base / self.folder, name, field)
        return super().path(base, field)

    def file_hashes(self, base: Path) -> dict[str, str]:
        """Hashes of the tables; those of frames are made while they are looked through."""
        arrays = [
            field for field in ("train", "test") if not str(getattr(self, field)).endswith(TABLE_ENDINGS)
        ]
        return DataSpec.file_hashes(self.model_copy(update=dict.fromkeys(arrays)), base)

    def new_samples(self, path: Path, form: Form, ids: Path | None, whole: bool) -> Iterator[Dataset]:
        from holdfast.data.new_frames import new_frames

        return new_frames(self, path, form, ids)

    # Which samples there are.

    def samples(self, base: Path, side: Literal["train", "test"], notes: list[str]) -> Samples:
        table, path, field = self._places(base, side)
        if self.cut is not None and (side == "train" or table is None):
            length = (self.inputs or INPUTS) + (self.leads if side == "train" else 0)
            sequences = self._sequences(table, path, field, side == "train", notes)
            return windows_of(sequences, self.cut, length, self.step, field, notes)
        frame = None if table is None else self._table(table)
        ids = None if table is None or frame is None else ids_of(table, frame, self.id)
        if is_array(path):
            samples = self._of_array(base, path, field, table, ids)
        else:
            samples = self._of_folder(path, field, table, ids, notes)
        if table is None or frame is None or side == "test":
            return samples
        return replace(samples, **self.beside(table, frame, samples.ids))

    def _places(self, base: Path, side: Literal["train", "test"]) -> tuple[Path | None, Path, str]:
        """The table of a side, where there is one; where its frames lie; and the field that says so."""
        field = "frames" if side == "train" else "test_frames"
        main = self.needed(base, side)
        if not main.name.endswith(TABLE_ENDINGS):
            if getattr(self, field) is not None:
                raise BadInput(
                    f"data.{field}: data.{side} names frames already ({main}); leave {field} out, or name a CSV in {side}"
                )
            return (self.path(base, "labels") if side == "train" else None), main, side
        if side == "train" and self.labels is not None:
            raise BadInput(
                "data.labels: data.train is a CSV already; leave labels out, or name the frames in train"
            )
        root = base / self.folder
        return main, (root if (name := getattr(self, field)) is None else found(root, name, field)), field

    def _table(self, path: Path) -> pd.DataFrame:
        frame = read_table(path, (self.id, self.group))
        if self.id is not None:
            need_column(path, frame.columns, self.id, "id")
        return frame

    def _of_array(
        self, base: Path, path: Path, field: str, table: Path | None, ids: np.ndarray | None
    ) -> Samples:
        file = array_at(path, field, (4,), self.layout)
        if ids is None and field == "test" and (sample := self.path(base, "sample")) is not None and self.id:
            table, ids = sample, read_wide(sample, self.id).ids
        ids = np.arange(file.shape[0]).astype(str) if ids is None else ids
        if len(ids) != file.shape[0]:
            raise BadInput(
                f"data.{field}: {path} holds {file.shape[0]} samples, {table} names {len(ids)}; expected a row for each,"
                " in the same order"
            )
        names = np.array([f"sample {row} of {path.name} (id {one})" for row, one in enumerate(ids)])
        return rows_of(path, file, ids, names)

    def _of_folder(
        self, path: Path, field: str, table: Path | None, ids: np.ndarray | None, notes: list[str]
    ) -> Samples:
        if ids is None:
            ids = np.array(sorted(one.stem for one in path.glob("*.npy")))
            if not len(ids):
                raise BadInput(
                    f"data.{field}: {path} holds no .npy file; for radar files and folders of them, as for long"
                    " sequences, say data.cut"
                )
        elif self.id is None:
            raise BadInput(f"data.id: name the column of {table} by which the files in {path} are named")
        names = names_of(path, ids, table, field, notes)
        return rows_of(path, packed(path, names, field, self.layout), ids, np.array(names))

    def _sequences(
        self, table: Path | None, path: Path, field: str, train: bool, notes: list[str]
    ) -> Sequences:
        if table is None:
            for name in ("group", "order") if train else ():
                if (column := getattr(self, name)) is not None:
                    raise BadInput(
                        f"data.{name}: there is no table that could hold the column {column!r}: a sequence is a group,"
                        " and frames are in order; leave it out, or name a CSV with a row a sequence"
                    )
            return sequences_at(path, field, self.layout, self.radar, self.step, notes)
        frame = self._table(table)
        ids = ids_of(table, frame, self.id)
        made = named_sequences(path, ids, field, self.layout, self.radar, self.step, notes)
        side = self.beside(table, frame, ids)
        starts = made.starts if side["order"] is None else tuple(float(one) for one in side["order"])
        return replace(made, groups=side["groups"], starts=starts)

    def beside(self, path: Path, frame: pd.DataFrame, ids: np.ndarray) -> dict[str, Any]:
        """Groups, and order in minutes."""
        for field in ("group", "order"):
            if (column := getattr(self, field)) is not None:
                need_column(path, frame.columns, column, field)
        groups = groups_of(path, frame, ids, self.group) if self.group else None
        order = numbers64(path, frame, self.order) if self.order else None
        if order is not None and not pd.api.types.is_numeric_dtype(frame[self.order]):
            order = order / 60  # dates came as seconds
        return {"groups": groups, "order": order}

    # How many frames.

    def _inputs(self, samples: Samples) -> int:
        inputs = self.inputs or (samples.length - self.leads)
        if inputs < 1 or inputs + self.leads != samples.length:
            wanted = f"{self.inputs} inputs and " if self.inputs else "inputs and "
            raise BadInput(
                f"data.{'inputs' if self.inputs else 'leads'}: training samples of {samples.path} hold {samples.length}"
                f" frames; expected {wanted}{self.leads} to predict; set data.inputs, data.leads or data.layout"
            )
        return inputs

    def _same_form(self, train: Samples, test: Samples, inputs: int) -> None:
        if test.length != inputs:
            more = (
                f"; is it data.leads: {train.length - test.length}?"
                if 0 < test.length < train.length
                else "; test samples hold inputs only"
            )
            raise BadInput(
                f"data.test: samples of {test.path} hold {test.length} frames, training samples {inputs} before the"
                f" {self.leads} to predict{more}"
            )
        if test.size != train.size:
            raise BadInput(
                f"data.test: frames of {test.path} are {test.size} (h, w), training frames {train.size}"
            )

    # What they hold.

    def _train(self, samples: Samples, inputs: int, notes: list[str]) -> tuple[Dataset, str]:
        seen = survey(samples.source(0, inputs, self.unit), samples.source(inputs, self.leads, self.unit))
        refuse(seen, "frames", samples.where, self.unit.text)
        samples, seen = kept(
            samples, seen, 0.0 if self.cut is None else self.cut.min_rain, self.unit.text, notes
        )
        notes += remarks(seen, "training samples", self.unit.text)
        mark = hash_arrays(
            samples.ids, samples.index, seen["rain"], samples.groups, samples.order, samples.place
        )
        if samples.groups is None and self.cut is not None:
            notes.append(
                f"{samples.path.name} is one sequence, so its windows have no groups: only folds by blocks with a guard"
                " keep those that overlap on one side"
            )
        data = Dataset(
            "frames",
            samples.ids,
            samples.source(0, inputs, self.unit),  # type: ignore[arg-type]
            names_of_inputs(inputs),
            target=seen["rain"],
            groups=samples.groups,
            order=samples.order,
            span=(inputs + self.leads) * self.step,
            grids=samples.source(inputs, self.leads, self.unit),
            place=samples.place,
            fingerprint=hash_value([mark, inputs, self.leads, samples.size, self.unit.text]),
        )
        return data, seen.hash

    def _test(self, samples: Samples, inputs: int, notes: list[str]) -> tuple[Dataset, str]:
        source = samples.source(0, inputs, self.unit)
        seen = survey(source, None)
        refuse(seen, "test_frames", samples.where, self.unit.text)
        notes += remarks(seen, "test samples", self.unit.text)
        mark = hash_value([hash_arrays(samples.ids, samples.index), self.unit.text])
        data = Dataset(
            "frames", samples.ids, source, names_of_inputs(inputs), order=samples.order, groups=samples.groups,  # type: ignore[arg-type]
            place=samples.place, fingerprint=mark,
        )  # fmt: skip
        return data, seen.hash


def names_of_inputs(inputs: int) -> tuple[str, ...]:
    """A name for each input frame, the newest last.

    >>> names_of_inputs(3)
    ('t-2', 't-1', 't-0')
    """
    return tuple(f"t-{ago}" for ago in reversed(range(inputs)))
