"""Weights from a file into a network: what the file holds, and which of its arrays fit.

Every function here works on state dicts, `{name: tensor}`, of any network.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor, nn

State = dict[str, "Tensor"]

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".tar", ".ckpt")
# Where training scripts keep a network's arrays in a checkpoint; averaged weights first, as timm takes them.
INSIDE = ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model")
AROUND = ("module.", "_orig_mod.", "model.", "backbone.")  # what wrappers put before every name
COUNTERS = ("num_batches_tracked", "n_averaged")  # of batches seen: old files lack them, nothing needs them
SHOWN = 3  # names of each sort in a message


def must_be_weights(path: str | Path, where: str) -> Path:
    """The path of a checkpoint. Raises BadInput where there is none; `where` begins the message."""
    file = Path(path)
    if file.suffix not in SUFFIXES:
        raise BadInput(f"{where}: {file} ends in {file.suffix!r}, expected one of {', '.join(SUFFIXES)}")
    if not file.is_file():
        raise BadInput(
            f"{where}: {file} does not exist (looked in {file.absolute().parent}); a relative path starts at"
            " the folder that holdfast is called in"
        )
    return file


def read_weights(file: Path, where: str = "weights") -> State:
    """The arrays of a checkpoint, freed of what was saved or wrapped around them.

    Nothing in the file is run: pickled objects other than arrays are refused with BadInput.
    """
    state = unwrapped(_read(file, where))
    if not state:
        raise BadInput(f"{where}: {file} holds no arrays; expected the state_dict of a network")
    return state


def _read(file: Path, where: str) -> Any:
    import argparse

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        with torch.serialization.safe_globals(
            [argparse.Namespace]
        ):  # timm's training script saves its arguments
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise BadInput(
            f"{where}: {file} is no checkpoint of arrays alone; save one with"
            " torch.save(net.state_dict(), path), or as .safetensors"
        ) from None
    except (SafetensorError, RuntimeError, EOFError, ValueError, OSError) as error:
        why = (str(error) or type(error).__name__).splitlines()[0]
        raise BadInput(f"{where}: {file} cannot be read ({why}); is it whole?") from None


def unwrapped(saved: Any) -> State:
    """Arrays by name from what a checkpoint holds, averaged ones before the last ones.

    >>> import torch
    >>> sorted(unwrapped({"epoch": 3, "state_dict": {"module.fc.weight": torch.ones(1)}}))
    ['fc.weight']
    """
    import torch

    while isinstance(saved, Mapping):
        inner = next((saved[name] for name in INSIDE if isinstance(saved.get(name), Mapping)), None)
        if inner is None:
            break
        saved = inner
    if not isinstance(saved, Mapping):
        return {}
    state = {str(name): value for name, value in saved.items() if isinstance(value, torch.Tensor)}
    state.pop("n_averaged", None)  # torch's AveragedModel
    while state and (first := _shared_prefix(state)):
        state = {name.removeprefix(first): value for name, value in state.items()}
    return state


def _shared_prefix(state: State) -> str:
    return next((prefix for prefix in AROUND if all(name.startswith(prefix) for name in state)), "")


def load_into(
    net: nn.Module,
    path: Path,
    skip_head: Collection[str] = (),
    adapt: Callable[[State], State] | None = None,
    where: str = "weights",
) -> list[str]:
    """Load a checkpoint into a network; returns what there is to say of it.

    `skip_head`: names of the modules that give the outputs; they keep their new weights where the file's do
    not fit. `adapt`: changes the file's arrays before. Everything else of the network must be in the file, in
    its shape: raises BadInput that counts and names what is not. What only the file has is left, and said.
    """
    state = read_weights(path, where)
    if adapt is not None:
        state = adapt(state)
    own = net.state_dict()
    heads = tuple(f"{name}." for name in skip_head)
    body = {name for name in own if not name.startswith(heads)}
    missing = [name for name in own if name in body and name not in state and not name.endswith(COUNTERS)]
    shapes = [name for name in own if name in body and name in state and state[name].shape != own[name].shape]
    extra = [name for name in state if name not in own and not name.startswith(heads)]
    if missing or shapes:
        raise BadInput(f"{where}: {path} does not fit: {_misfit(own, state, missing, extra, shapes)}")
    notes = [f"{len(extra)} arrays of {path.name} are not in the network: {_first(extra)}"] if extra else []
    taken = {name: state[name] for name in body if name in state}
    head = {name: value for name, value in own.items() if name not in body}
    if all(name in state and state[name].shape == value.shape for name, value in head.items()):
        taken |= {name: state[name] for name in head}
    else:
        notes.append(_headless(path, head, state, skip_head))
    net.load_state_dict(taken, strict=False)
    return notes


def _headless(path: Path, head: State, state: State, names: Collection[str]) -> str:
    """Why the outputs start new."""
    theirs = [state[name].shape[0] for name in head if name in state]
    ours = [value.shape[0] for value in head.values()]
    why = f"has {theirs[0]} outputs, {ours[0]} are needed" if theirs else "has none"
    return f"the head ({', '.join(names)}) starts new: {path.name} {why}"


def _misfit(own: State, state: State, missing: list[str], extra: list[str], shapes: list[str]) -> str:
    said = []
    if missing:
        said.append(f"{len(missing)} of the network's {len(own)} arrays are missing ({_first(missing)})")
    if extra:
        said.append(f"{len(extra)} of the file's {len(state)} are unexpected ({_first(extra)})")
    if shapes:
        name = shapes[0]
        sizes = f"{name} is {tuple(state[name].shape)}, expected {tuple(own[name].shape)}"
        said.append(f"{len(shapes)} have another shape ({_first(shapes)}; {sizes})")
    return "; ".join(said)


def _first(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
