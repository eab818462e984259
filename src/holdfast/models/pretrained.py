"""timm's models by name, and where the weights of each lie on this machine or on the hub."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from holdfast.errors import BadInput
from holdfast.vision import timm

PROBE_SECONDS = 3.0  # that the hub has to answer: who is offline shall not wait
FILES = ("model.safetensors", "pytorch_model.bin")  # as timm's pages on the hub name them
NEAR = 5  # names that an error offers


def check_backbone(name: str, where: str) -> None:
    """Raises BadInput where timm has no model `name`, or none of its weights are tagged so."""
    library = timm()
    model, _, tag = name.partition(".")
    if not library.is_model(model):
        near = difflib.get_close_matches(model, library.list_models(), n=NEAR, cutoff=0.5)
        offer = f"did you mean {', '.join(near)}?" if near else 'timm.list_models("*net*") lists them'
        raise BadInput(f"{where}: timm has no model {name!r}; {offer}")
    tags = [entry.partition(".")[2] for entry in library.list_models(f"{model}.*", include_tags=True)]
    if tag and tag not in tags:
        raise BadInput(
            f"{where}: timm has no weights {tag!r} of {model}; known: {', '.join(filter(None, tags)) or 'none'}"
        )


def pretrained_file(name: str, where: str, download: bool = False) -> Path:
    """The file with timm's weights of a model, in the local cache.

    One that is not there is fetched from the hub where `download` says so. Raises BadInput that tells how to
    supply the file where it cannot be had.
    """
    source = timm().get_pretrained_cfg(name)
    if source is None or not (source.hf_hub_id or source.url):
        raise BadInput(
            f"{where}.pretrained: timm has no weights for {name}; give a file of yours as weights: PATH,"
            " or leave pretrained out"
        )
    if not source.hf_hub_id:
        return _from_url(name, source.url, where)
    repository, _, revision = str(source.hf_hub_id).partition("@")
    files = (source.hf_hub_filename,) if source.hf_hub_filename else FILES
    cached = _in_cache(repository, revision, files)
    if cached is None and download:
        cached = _fetched(repository, revision, files)
    if cached is None:
        page = f"https://huggingface.co/{repository}"
        raise BadInput(
            f"{where}.pretrained: the weights of {name} are not on this machine, and the hub cannot be reached."
            f" Download {files[0]} (the state_dict of the model) from {page} on a machine that is online, and name"
            f" the file here: weights: PATH/{files[0]}"
        )
    return cached


def _from_url(name: str, url: str, where: str) -> Path:
    """For the few models that are not on the hub."""
    import torch

    file = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if not file.is_file():
        raise BadInput(
            f"{where}.pretrained: the weights of {name} are not on this machine. Download {url} and name the file"
            f" here: weights: PATH/{file.name}"
        )
    return file


def _in_cache(repository: str, revision: str, files: tuple[str, ...]) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    for file in files:
        found = try_to_load_from_cache(repository, file, revision=revision or None)
        if isinstance(found, str):
            return Path(found)
    return None


def _fetched(repository: str, revision: str, files: tuple[str, ...]) -> Path | None:
    """The first of the files that the hub has, downloaded; None where it does not answer in time."""
    import huggingface_hub as hub
    from huggingface_hub.errors import EntryNotFoundError

    for file in files:
        place: dict[str, Any] = {"filename": file, "revision": revision or None}
        try:
            # asked first, since the download itself tries again and again
            hub.get_hf_file_metadata(hub.hf_hub_url(repository, **place), timeout=PROBE_SECONDS)
            return Path(hub.hf_hub_download(repository, **place))
        except EntryNotFoundError:
            continue
        except Exception:  # no network, a proxy's page, a full disk: the caller says what to do
            return None
    return None
