"""Radar files that the test writes: netCDF, ODIM composites and sweeps, KNMI's; times, gaps, units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast.data.dataset import Loaded
from holdfast.data.radar_files import unit_said
from holdfast.errors import BadInput
from holdfast.recipe.registry import parse

h5py = pytest.importorskip("h5py")
xarray = pytest.importorskip("xarray")
pytest.importorskip("pysteps")

T0 = np.datetime64("2020-06-01T12:00", "ns")
STEP = np.timedelta64(5, "m")


def codes(seed: int, steps: int = 6, size: tuple[int, int] = (14, 12)) -> np.ndarray:
    """Simulated codes of 0.5 dBZ - 32: 0 is no echo, 255 nothing measured."""
    made = np.random.default_rng(seed).integers(40, 150, (steps, *size)).astype(np.uint8)
    made[:, 0] = 0
    made[:, 1] = 255
    return made


def rain_of(made: np.ndarray) -> np.ndarray:
    rain = (10 ** ((0.5 * made.astype(np.float64) - 32) / 10) / 200) ** (1 / 1.6)
    return np.where(made == 255, np.nan, np.where(made == 0, 0, rain))


def load(folder: Path, **over: Any) -> Loaded:
    fields = {"kind": "frames", "train": "events", "cut": {}, "inputs": 2, "step": 5, **over}
    return parse("data", fields).load(folder)  # type: ignore[attr-defined]


def close(loaded: Loaded, event: str, truth: np.ndarray) -> bool:
    """Whether the windows of an event show this sequence in mm/h."""
    train = loaded.train
    mine = np.flatnonzero(train.groups == event) if train.groups is not None else np.arange(len(train))
    shown = np.concatenate([train.read(mine), train.read_grids(mine)], axis=1)
    starts = [int(one.rsplit("-", 1)[1]) for one in train.ids[mine]]
    there = np.stack([truth[start : start + 3] for start in starts])
    return len(mine) > 0 and np.allclose(shown, there, rtol=1e-4, atol=1e-6, equal_nan=True)


# netCDF


def write_netcdf(path: Path, values: np.ndarray, at: int = 0, units: str = "mm h-1", **more: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    times = T0 + STEP * np.arange(at, at + len(values))
    data = xarray.DataArray(values, dims=("time", "y", "x"), coords={"time": times}, attrs={"units": units})
    packing = {"rain": {"dtype": "int16", "scale_factor": 0.01, "_FillValue": -1}}
    xarray.Dataset({"rain": data, "height": (("y", "x"), np.zeros(values.shape[1:])), **more}).to_netcdf(
        path, encoding=packing
    )


def test_netcdf_with_an_axis_of_time(tmp_path: Path) -> None:
    truth = {}
    for seed, name in enumerate(("a", "b")):
        truth[name] = np.random.default_rng(seed).integers(0, 900, (6, 14, 12)) / 100
        truth[name][2, 3] = np.nan
        write_netcdf(tmp_path / "events" / f"{name}.nc", truth[name], at=100 * seed)
    loaded = load(tmp_path)
    assert loaded.train.shape == (2, 14, 12)
    assert close(loaded, "a", truth["a"])
    assert close(loaded, "b", truth["b"])
    minutes = (T0.astype("datetime64[s]").astype(np.int64)) / 60
    assert loaded.train.order[[0, 1, 4]].tolist() == [minutes, minutes + 5, minutes + 500]  # type: ignore[index]
    assert loaded.target.unit == "mm/h"


def test_netcdf_of_one_step_each_in_a_folder_an_event(tmp_path: Path) -> None:
    truth = {
        name: np.random.default_rng(seed).integers(0, 900, (7, 14, 12)) / 100
        for seed, name in enumerate("ab")
    }
    for name, rain in truth.items():
        for step in (3, 0, 1, 2, 5, 6):  # written in any order, named without a time; the fourth is not there
            write_netcdf(tmp_path / "events" / name / f"{(step * 5) % 7}.nc", rain[step : step + 1], at=step)
        rain[4] = np.nan
    loaded = load(tmp_path)
    assert "a: 1 missing frames are NaN" in loaded.notes
    assert close(loaded, "a", truth["a"])
    assert close(loaded, "b", truth["b"])
    assert "a-2" not in loaded.train.ids  # its frame to predict is not there


def test_netcdf_in_other_units(tmp_path: Path) -> None:
    rain = np.random.default_rng(0).integers(0, 900, (6, 14, 12)) / 100
    write_netcdf(tmp_path / "events" / "a.nc", rain / 12, units="mm")
    with pytest.raises(BadInput, match=r"a.nc holds amounts \(mm\); .*data.radar.unit: '12 mm/h'"):
        load(tmp_path)
    loaded = load(tmp_path, radar={"unit": "12 mm/h"})
    assert np.abs(loaded.train.read()[0] - rain[:2]).max() < 0.0051 * 12
    write_netcdf(tmp_path / "events" / "a.nc", rain, units="")
    with pytest.raises(BadInput, match=r"a.nc: it states no unit; .*data.radar.unit"):
        load(tmp_path, radar={"variable": "rain"})


@pytest.mark.parametrize(
    ("said", "rain"),
    [("mm/h", 2), ("mm hr-1", 2), ("kg m-2 s-1", 7200), ("kg m**-2 s**-1", 7200), ("m s-1", 7.2e6)],
)
def test_units_of_files(said: str, rain: float) -> None:
    assert np.allclose(unit_said(said, Path("a.nc")).rain(np.array([2.0])), rain)


def test_several_variables_of_rain_are_asked_about(tmp_path: Path) -> None:
    rain = np.random.default_rng(0).integers(0, 900, (6, 14, 12)) / 100
    more = (("time", "y", "x"), rain * 2, {"units": "mm/h"})
    write_netcdf(tmp_path / "events" / "a.nc", rain, other=more)
    with pytest.raises(BadInput, match=r"data.radar.variable: .*a.nc holds rain, other"):
        load(tmp_path)
    with pytest.raises(BadInput, match=r"no frames 'othr'; did you mean 'other'"):
        load(tmp_path, radar={"variable": "othr"})
    assert close(load(tmp_path, radar={"variable": "other"}), "", rain * 2)


def test_steps_that_do_not_fit(tmp_path: Path) -> None:
    rain = np.ones((6, 14, 12))
    write_netcdf(tmp_path / "events" / "a.nc", rain)
    with pytest.raises(
        BadInput, match=r"data.step: .* between the frames of every 10 .*; the files are 5 minutes"
    ):
        load(tmp_path, step=10)
    with pytest.raises(
        BadInput, match=r"data.step: of .*a.nc, 20 of 26 frames of every 1 minutes are not there"
    ):
        load(tmp_path, step=1)


def test_the_same_time_twice(tmp_path: Path) -> None:
    for name in ("1", "2"):
        write_netcdf(tmp_path / "events" / "a" / f"{name}.nc", np.ones((1, 14, 12)))
    with pytest.raises(BadInput, match=r"the same time twice in .*a: 1.nc, 2.nc"):
        load(tmp_path)


def test_frames_of_another_shape(tmp_path: Path) -> None:
    for step in range(4):
        write_netcdf(tmp_path / "events" / "a" / f"{step}.nc", np.ones((1, 14, 12 + step // 3)), at=step)
    with pytest.raises(BadInput, match=r"3.nc holds frames of \(14, 13\)"):
        load(tmp_path)


def test_damaged_files(tmp_path: Path) -> None:
    write_netcdf(tmp_path / "events" / "a.nc", np.ones((6, 14, 12)))
    (tmp_path / "events" / "a.nc").write_bytes(b"no radar")
    with pytest.raises(BadInput, match=r"a.nc cannot be read as netCDF"):
        load(tmp_path)
    (tmp_path / "events" / "a.nc").rename(tmp_path / "events" / "a.h5")
    with pytest.raises(BadInput, match=r"a.h5 cannot be read as HDF5"):
        load(tmp_path)


# ODIM HDF5


def write_odim(path: Path, made: np.ndarray, step: int, kind: str = "COMP", quantity: str = "DBZH") -> None:
    """A frame of codes by the ODIM_H5 information model, version 2.2."""
    path.parent.mkdir(parents=True, exist_ok=True)
    moment = str(T0 + STEP * step)
    with h5py.File(path, "w") as file:
        what = {"object": kind, "version": "H5rad 2.2", "source": "ORG:247"}
        time = {"date": moment[:10].replace("-", ""), "time": moment[11:19].replace(":", "")}
        file.create_group("what").attrs.update({k: np.bytes_(v) for k, v in {**what, **time}.items()})
        where = file.create_group("where").attrs
        if kind == "COMP":
            where["projdef"] = np.bytes_("+proj=laea +lat_0=55 +lon_0=10 +ellps=WGS84")
            where.update(
                {"LL_lon": 9.0, "LL_lat": 54.0, "UR_lon": 11.0, "UR_lat": 56.0, "xscale": 2e3, "yscale": 2e3}
            )
        else:
            where.update({"lon": 10.0, "lat": 55.0, "height": 100.0})
        dataset = file.create_group("dataset1")
        ends = {
            "startdate": time["date"],
            "starttime": time["time"],
            "enddate": time["date"],
            "endtime": time["time"],
        }
        dataset.create_group("what").attrs.update(
            {k: np.bytes_(v) for k, v in {"product": "SCAN", **ends}.items()}
        )
        if kind != "COMP":
            rays, gates = made.shape
            around = {
                "elangle": 0.5,
                "nrays": rays,
                "nbins": gates,
                "rstart": 0.0,
                "rscale": 1000.0,
                "a1gate": 0,
            }
            dataset.create_group("where").attrs.update(around)
        data = dataset.create_group("data1")
        data["data"] = made
        scale = {"gain": 0.5, "offset": -32.0, "nodata": 255.0, "undetect": 0.0}
        data.create_group("what").attrs.update({"quantity": np.bytes_(quantity), **scale})


def test_odim_composites(tmp_path: Path) -> None:
    truth = {name: codes(seed) for seed, name in enumerate("ab")}
    for name, made in truth.items():
        for step, frame in enumerate(made):
            write_odim(tmp_path / "events" / name / f"T{step}.h5", frame, step)
    loaded = load(tmp_path)
    assert loaded.train.shape == (2, 14, 12)
    assert close(loaded, "a", rain_of(truth["a"]))
    assert close(loaded, "b", rain_of(truth["b"]))
    assert np.diff(loaded.train.order[:4]).tolist() == [5, 5, 5]  # type: ignore[index]
    with pytest.raises(BadInput, match=r"has no quantity 'RATE'; Known: DBZH"):
        load(tmp_path, radar={"variable": "RATE"})
    other = load(tmp_path, radar={"unit": {"of": "dBZ", "a": 300, "b": 1.4}})
    assert not close(other, "a", rain_of(truth["a"]))


def test_files_of_one_step_beside_one_another_are_one_event(tmp_path: Path) -> None:
    made = codes(3)
    for step, frame in enumerate(made):
        write_odim(tmp_path / "events" / f"T{step}.h5", frame, step)
    loaded = load(tmp_path)
    assert loaded.train.ids[0] == "events-0"
    assert close(loaded, "", rain_of(made))


def test_odim_sweeps_are_brought_onto_a_grid(tmp_path: Path) -> None:
    """Rain in the east alone, no echo elsewhere: north is up, and beyond reach nothing is measured."""
    made = np.zeros((360, 20), dtype=np.uint8)
    made[45:135, 10:] = 110  # 23 dBZ, 1 mm/h
    for step in range(4):
        write_odim(tmp_path / "events" / "a" / f"T{step}.h5", made, step, kind="SCAN")
    loaded = load(tmp_path, radar={"cell": 1000})
    frame = loaded.train.read()[0, 0]
    half = frame.shape[0] // 2
    assert frame.shape == (2 * half + 1,) * 2
    assert half == 19
    assert np.isnan(frame[0, 0])
    y, x = np.mgrid[half : -half - 1 : -1, -half : half + 1]
    away, angle = np.hypot(x, y), np.degrees(np.arctan2(x, y)) % 360
    inside = (away < 19) & (np.abs(away - 10) > 1) & (np.abs(angle - 45) > 2) & (np.abs(angle - 135) > 2)
    wet = (away > 10) & (angle > 45) & (angle < 135)
    assert np.allclose(frame[inside & wet], 0.9986, atol=1e-3)
    assert (frame[inside & ~wet] == 0).all()
    with pytest.raises(BadInput, match=r"sweep 3 cannot be read by xradar"):
        load(tmp_path, radar={"sweep": 3})


# importers of pysteps


def write_knmi(path: Path, made: np.ndarray) -> None:
    """A frame of hundredths of a millimetre in five minutes, as KNMI writes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["image1/image_data"] = made
        place = file.create_group("geographic")
        names = (
            "column_offset",
            "row_offset",
            "number_columns",
            "number_rows",
            "pixel_size_x",
            "pixel_size_y",
        )
        for name in names:
            place.attrs[f"geo_{name}"] = np.array([1.0])
        place.attrs["geo_dim_pixel"] = np.bytes_("KM,KM")
        projection = np.bytes_("+proj=stere +lat_0=90 +lon_0=0 +lat_ts=60")
        place.create_group("map_projection").attrs["projection_proj4_params"] = projection


def test_other_importers_by_name(tmp_path: Path) -> None:
    amounts = np.random.default_rng(0).integers(0, 90, (6, 14, 12)).astype(np.uint16)
    amounts[2, 3, 4] = 65535
    for step, frame in enumerate(amounts):
        write_knmi(tmp_path / "events" / "a" / f"{step}.h5", frame)
    with pytest.raises(
        BadInput, match=r"data.radar.format: pysteps has no importer 'knmi_hdf'; did you mean 'knmi_hdf5'"
    ):
        load(tmp_path, radar={"format": "knmi_hdf"})
    loaded = load(tmp_path, radar={"format": "knmi_hdf5"})
    assert close(loaded, "", np.where(amounts == 65535, np.nan, amounts * 0.12))
    assert "a: frames are taken in order, as no times are known" in loaded.notes
    hourly = load(tmp_path, radar={"format": "knmi_hdf5", "options": {"accutime": 60}})
    assert close(hourly, "", np.where(amounts == 65535, np.nan, amounts * 0.01))
    write_odim(tmp_path / "events" / "a" / "9.h5", codes(0)[0], 9)
    with pytest.raises(BadInput, match=r"9.h5 cannot be read by pysteps' importer knmi_hdf5"):
        load(tmp_path, radar={"format": "knmi_hdf5"})
