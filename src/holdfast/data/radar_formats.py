"""One radar file: netCDF by xarray, ODIM HDF5 by pysteps and xradar, other formats by pysteps' importers."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from holdfast import radar
from holdfast.data.columns import some
from holdfast.data.radar_spec import NETCDF, ODIM, Head, RadarFiles
from holdfast.data.radar_sweeps import gridded
from holdfast.errors import BadInput
from holdfast.recipe.strict import nearest

RAIN = ("mm", "dbz", "kg m-2", "kg/m2")  # what the units of rain begin with
QUANTITIES = ("RATE", "DBZH", "TH", "ACRR")  # of ODIM, as we would rather have them
POLAR = ("SCAN", "PVOL")  # what ODIM calls sweeps and volumes
BLOCK = 1 << 26  # bytes of a netCDF that are read at once
Frames = Iterator[tuple[np.ndarray, str]]


def head(path: Path, kind: str, spec: RadarFiles) -> Head:
    """How many frames a file holds, and when."""
    if kind == NETCDF:
        with _netcdf(path) as data:
            values = _variable(path, data, spec)
            time = _time(path, values)
            return Head(1 if time is None else values.sizes[time], _minutes(data, time))
    if kind == ODIM:
        return Head(1, _odim_time(path))
    return Head(1, None)


def frames(path: Path, kind: str, spec: RadarFiles) -> Frames:
    """Frames `(steps, h, w)` of a file, some at a time, each with the text of their unit."""
    if kind == NETCDF:
        return _of_netcdf(path, spec)
    if kind == ODIM:
        held, found = _odim_content(path)
        if held in POLAR:
            return iter([gridded(path, spec, quantity(path, found, spec))])
        return iter([_imported(path, ODIM, {"qty": quantity(path, found, spec), **spec.options})])
    return iter([_imported(path, kind, spec.options)])


# netCDF


@contextlib.contextmanager
def _netcdf(path: Path) -> Iterator[Any]:
    try:
        data = radar.xarray().open_dataset(path)
    except BadInput:
        raise
    except Exception as error:  # xarray's engines raise many kinds for a damaged file
        raise BadInput(f"{path} cannot be read as netCDF: {_line(error)}") from None
    with data:
        yield data


def _variable(path: Path, data: Any, spec: RadarFiles) -> Any:
    """The variable with rain."""
    there = [str(name) for name, one in data.data_vars.items() if one.ndim >= 2 and one.dtype.kind in "uif"]
    if spec.variable is not None:
        if spec.variable not in there:
            raise BadInput(
                f"data.radar.variable: {path} has no frames {spec.variable!r}; {nearest(spec.variable, there)}"
            )
        return data[spec.variable]
    rainy = [name for name in there if str(data[name].attrs.get("units", "")).lower().startswith(RAIN)]
    choice = rainy or there
    if len(choice) != 1:
        raise BadInput(
            f"data.radar.variable: {path} holds {some(choice) if choice else 'no frames'}; name the variable with rain"
        )
    return data[choice[0]]


def _time(path: Path, values: Any) -> str | None:
    """The axis of time; others beside the last two may have one place only."""
    long = [str(name) for name in values.dims[:-2] if values.sizes[name] > 1]
    named = [name for name in long if name.lower() in ("time", "t", "valid_time", "step")]
    dated = [
        name for name in long if name in values.coords and values.coords[name].dtype.kind == "M"
    ] or named
    times = dated or long
    if len(long) > 1 or len(times) > 1:
        raise BadInput(f"{path}: {values.name} has the axes {values.dims}; expected (time, y, x)")
    if times:
        return times[0]
    short = [str(name) for name in values.dims[:-2] if str(name).lower() == "time"]
    return short[0] if short else None


def _minutes(data: Any, time: str | None) -> np.ndarray | None:
    """Minutes since 1970 of each step, where the file tells them."""
    name = time or ("time" if "time" in data.variables else None)
    if name is None or name not in data.variables or data[name].dtype.kind != "M":
        return None
    moments = np.atleast_1d(data[name].values).astype("datetime64[s]")
    return moments.astype(np.int64) / 60.0


def _of_netcdf(path: Path, spec: RadarFiles) -> Frames:
    with _netcdf(path) as data:
        values = _variable(path, data, spec)
        time = _time(path, values)
        unit = str(values.attrs.get("units", ""))
        height, width = (int(values.sizes[name]) for name in values.dims[-2:])
        steps = 1 if time is None else int(values.sizes[time])
        size = max(BLOCK // (height * width * 8), 1)
        for start in range(0, steps, size):
            part = values if time is None else values.isel({time: slice(start, start + size)})
            try:
                block = np.asarray(part.values)
            except Exception as error:  # as above
                raise BadInput(f"{path} cannot be read: {_line(error)}") from None
            yield block.reshape(-1, height, width), unit


# ODIM HDF5, and pysteps


def _odim_content(path: Path) -> tuple[str, tuple[str, ...]]:
    """What kind of object a file is, and its quantities, the best first."""
    with _hdf5(path) as file:
        held = _text(file["what"].attrs.get("object", b"")) if "what" in file else ""
        found: set[str] = set()

        def look(name: str, node: Any) -> None:
            if name.endswith("what") and "quality" not in name and "quantity" in node.attrs:
                found.add(_text(node.attrs["quantity"]))

        file.visititems(look)
    known = [name for name in QUANTITIES if name in found]
    return held, (*known, *sorted(found - set(known)))


def _odim_time(path: Path) -> np.ndarray | None:
    with _hdf5(path) as file:
        what = file["what"].attrs if "what" in file else {}
        if "date" not in what or "time" not in what:
            return None
        date, time = _text(what["date"]), _text(what["time"])
    try:
        moment = np.datetime64(
            f"{date[:4]}-{date[4:6]}-{date[6:8]}T{time[:2]}:{time[2:4]}:{time[4:6] or '00'}"
        )
    except ValueError:
        raise BadInput(f"{path}: its time, {date} {time}, is none") from None
    return np.array([moment.astype("datetime64[s]").astype(np.int64) / 60.0])


def quantity(path: Path, found: tuple[str, ...], spec: RadarFiles) -> str:
    if spec.variable is None and found:
        return found[0]
    if spec.variable not in found:
        raise BadInput(
            f"data.radar.variable: {path} has no quantity {spec.variable!r}; {nearest(str(spec.variable), found)}"
        )
    return str(spec.variable)


@contextlib.contextmanager
def _hdf5(path: Path) -> Iterator[Any]:
    try:
        file = radar.h5py().File(path, "r")
    except OSError as error:
        raise BadInput(f"{path} cannot be read as HDF5: {_line(error)}") from None
    with file:
        yield file


def _imported(path: Path, name: str, options: dict[str, Any]) -> tuple[np.ndarray, str]:
    """One frame `(1, h, w)` by an importer of pysteps, and its unit."""
    importers = radar.pysteps("io.importers")
    known = [one.removeprefix("import_") for one in dir(importers) if one.startswith("import_")]
    if name not in known:
        raise BadInput(
            f"data.radar.format: pysteps has no importer {name!r}; {nearest(name, [NETCDF, *known])}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values, _, facts = getattr(importers, f"import_{name}")(str(path), **options)
    except Exception as error:  # each importer raises its own kinds
        raise BadInput(f"{path} cannot be read by pysteps' importer {name}: {_line(error)}") from None
    unit = str(facts.get("unit", ""))
    if unit == "mm" and name != ODIM:  # of ODIM it states 15 minutes, whatever the file says
        return values[None] * (60.0 / float(facts["accutime"])), "mm/h"
    return values[None], unit


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__
