"""The libraries for radar, imported where they are used, with one clear error where they are missing."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import warnings
from importlib.metadata import version
from types import ModuleType

from holdfast.errors import BadInput

INSTALL = 'install them in Holdfast\'s folder: pip install -c constraints.txt -e ".[radar]"'


def pysteps(module: str) -> ModuleType:
    """A module of pysteps, as `motion.lucaskanade`; it greets at its first import, which nobody needs to see."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _needed(f"pysteps.{module}")


def has_pysteps() -> bool:
    return importlib.util.find_spec("pysteps") is not None


def pysteps_version() -> str:
    """Its version, without the seconds that importing it takes."""
    if not has_pysteps():
        raise _missing("pysteps")
    return version("pysteps")


def opencv() -> ModuleType:
    """What pysteps follows corners with; it does not bring it along."""
    return _needed("cv2")


def xarray() -> ModuleType:
    return _needed("xarray")


def xradar() -> ModuleType:
    return _needed("xradar")


def zarr() -> ModuleType:
    return _needed("zarr")


def h5py() -> ModuleType:
    return _needed("h5py")


def _needed(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _missing(error.name) from None


def _missing(name: str | None) -> BadInput:
    return BadInput(f"radar data need {name}, which is not installed; {INSTALL}")
