"""How radar files are read: what a recipe says of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from holdfast.data.units import AsUnit
from holdfast.recipe.strict import Strict

AUTO, NETCDF, ODIM = "auto", "netcdf", "odim_hdf5"
FORMATS = {".nc": NETCDF, ".nc4": NETCDF, ".cdf": NETCDF, ".h5": ODIM, ".hdf5": ODIM, ".hdf": ODIM}


class RadarFiles(Strict):
    """How radar files are read."""

    format: str = Field(
        AUTO,
        description="netcdf (xarray), odim_hdf5 (composites by pysteps, sweeps by xradar), or another importer of"
        " pysteps by its name, as knmi_hdf5; auto: by the files' endings",
    )
    variable: str | None = Field(
        None, description="variable of netCDF, or quantity of ODIM (RATE, DBZH); null: the one with rain"
    )
    unit: AsUnit | None = Field(None, description="of what the files hold; null: as they say")
    options: dict[str, str | float | bool] = Field(
        {}, description="further arguments of the importer of pysteps, as accutime"
    )
    sweep: int = Field(0, ge=0, description="number of the sweep, where a file holds a volume")
    cell: float = Field(1000.0, gt=0, description="metres a pixel of the grid that sweeps are brought onto")


@dataclass(frozen=True)
class Head:
    """What a file says of its frames: how many, and their times in minutes since 1970 where it knows them."""

    steps: int
    times: np.ndarray | None
