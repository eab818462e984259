"""Fitted objects as data alone: the skops format, read with the types of an allowlist and nothing else.

A pickle may call whatever its writer chose. A skops file names types and holds their attributes; here a type must be a
class that is defined, under that very name, in a module of those listed. Other functions than those listed are refused.
"""

from __future__ import annotations

import importlib
import inspect
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from holdfast.errors import BadInput
from holdfast.trust import refuse_untrusted

INSTALL = "pip install holdfast[share]"
PLAIN = ".skops"  # the ending of such a file
# Where classes that fitted members hold are defined: a module's name, or the beginning of one up to a dot.
MODULES = (
    "holdfast.ensemble.", "holdfast.features.", "holdfast.fit.", "holdfast.metrics.", "holdfast.models.",
    "holdfast.predict.", "holdfast.prepare.", "holdfast.recipe.", "holdfast.select.",
    "sklearn.", "scipy.sparse.", "aeon.transformations.",
    "lightgbm.basic", "lightgbm.sklearn", "xgboost.core", "xgboost.sklearn", "catboost.core",
)  # fmt: skip
# Functions of arrays that preparations hold, with their settings; they are called with samples.
FUNCTIONS = frozenset(
    f"holdfast.prepare.{name}"
    for name in (
        "calculus.derivative", "calculus.integral", "motion.norms", "motion.slow_and_rest", "shift.deltas", "shift.lags",
        "smooth.moving_average",
    )
)  # fmt: skip
# Types beside those that skops trusts by itself; a partial is one of the functions above with its settings.
TYPES = FUNCTIONS | {"collections.OrderedDict", "functools.partial", "numpy.dtype"}
CALLS = frozenset({"MethodNode", "OperatorFuncNode"})  # skops' names of what is called by who uses the object
RUNS = "__main__"  # a module that does something when it is imported


class NotPlain(Exception):
    """What an object holds that no data-only file can."""


def dump_plain(value: Any) -> bytes:
    """A fitted object as the bytes of a skops file. Raises NotPlain where it holds what `load_plain` would refuse."""
    sio = _skops()
    try:
        data: bytes = sio.dumps(value)
    except Exception as error:  # skops and the objects themselves raise many kinds
        raise NotPlain(f"{type(error).__name__}: {error}") from None
    if strange := _strange(sio, data):
        raise NotPlain(", ".join(strange))
    return data


def load_plain(file: Path) -> Any:
    """The object in a skops file. Raises BadInput where it holds another type than those allowed, or is damaged."""
    sio = _skops()
    data = file.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # stored only: what is unpacked is no larger than the file
            if any(one.compress_type != zipfile.ZIP_STORED for one in archive.infolist()):
                raise BadInput(f"{file}: its parts are compressed; holdfast writes them as they are")
        if strange := _strange(sio, data):
            names = ", ".join(strange)
            raise BadInput(f"{file}: holds {names}, which is not among the types that may be loaded")
        return sio.loads(data, trusted=sio.get_untrusted_types(data=data))
    except BadInput:
        raise
    except Exception as error:  # of a damaged file nearly any
        raise BadInput(f"{file}: cannot be loaded: {type(error).__name__}: {error}") from None


def load_either(stem: Path) -> Any:
    """What `STEM.skops` holds, else `STEM.joblib`, a pickle: that runs code, so load only what you trust.

    Raises BadInput for a pickle in an unpacked folder that is not trusted.
    """
    plain, pickled = (stem.with_name(f"{stem.name}{ending}") for ending in (PLAIN, ".joblib"))
    if plain.is_file():
        return load_plain(plain)
    refuse_untrusted(pickled)
    import joblib

    return joblib.load(pickled)


def allowed(name: str) -> bool:
    """Whether `module.Class` is a class, defined in one of the listed modules under this name.

    >>> allowed("sklearn.linear_model._logistic.LogisticRegression"), allowed("os.system"), allowed("sklearn.os.system")
    (True, False, False)
    """
    if name in TYPES:
        return True
    module, _, own = name.rpartition(".")
    listed = any(module == one or (one.endswith(".") and module.startswith(one)) for one in MODULES)
    if not listed or RUNS in module.split("."):
        return False
    try:
        found = getattr(importlib.import_module(module), own, None)
    except ImportError:
        return False
    return inspect.isclass(found) and found.__module__ == module and found.__name__ == own


def _strange(sio: Any, data: bytes) -> list[str]:
    """What stands in a skops file and may not be loaded."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read("schema.json"))
    return sorted(
        {name for name in sio.get_untrusted_types(data=data) if not allowed(name)} | set(_calls(schema))
    )


def _calls(node: Any) -> Iterator[str]:
    """Methods, operators, and partials of anything but the listed functions."""
    if isinstance(node, dict):
        loader, inside = node.get("__loader__"), node.get("content")
        if loader in CALLS:
            yield f"{node.get('__module__')}.{node.get('__class__')} ({loader})"
        if loader == "PartialNode":
            called = inside.get("func", {}) if isinstance(inside, dict) else {}
            name = f"{called.get('__module__')}.{called.get('__class__')}"
            if called.get("__loader__") != "FunctionNode" or name not in FUNCTIONS:
                yield f"functools.partial of {name}"
    for inside in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _calls(inside)


def _skops() -> Any:
    try:
        import skops.io
    except ImportError:
        raise BadInput(
            f"data-only files are read and written by skops, which is not installed: {INSTALL}"
        ) from None
    return skops.io
