"""A checkpoint goes into a network whole, or the error says which arrays do not fit."""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from holdfast.errors import BadInput
from holdfast.models.weights import load_into, must_be_weights, read_weights


class Small(nn.Module):
    def __init__(self, outputs: int = 3, width: int = 4):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))
        self.fc = nn.Linear(width, outputs)


def small(outputs: int = 3, width: int = 4, seed: int = 0) -> Small:
    torch.manual_seed(seed)
    return Small(outputs, width)


def equal(a: nn.Module, b: nn.Module) -> bool:
    theirs = b.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in a.state_dict().items())


def prefixed(state: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {prefix + name: value for name, value in state.items()}


WRAPPED = {
    "plain": lambda s: s,
    "state_dict": lambda s: {"epoch": 3, "state_dict": s},
    "parallel": lambda s: prefixed(s, "module."),
    "compiled and parallel": lambda s: prefixed(s, "module._orig_mod."),
    "lightning": lambda s: {"global_step": 9, "state_dict": prefixed(s, "model.")},
    "model": lambda s: {"model": s, "args": argparse.Namespace(lr=0.1)},
    "averaged by torch": lambda s: {"n_averaged": torch.tensor(4), **prefixed(s, "module.")},
    "of a Holdfast run": lambda s: prefixed(s, "backbone."),
}


@pytest.mark.parametrize("way", WRAPPED)
def test_what_was_saved_comes_back_whatever_is_wrapped_around_it(way: str, tmp_path: Path) -> None:
    there, file = small(seed=1), tmp_path / "saved.pth"
    torch.save(WRAPPED[way](there.state_dict()), file)
    net = small(seed=2)
    assert not equal(net, there)
    assert load_into(net, file, ["fc"]) == []
    assert equal(net, there)


def test_safetensors(tmp_path: Path) -> None:
    there, net = small(seed=1), small(seed=2)
    save_file(there.state_dict(), tmp_path / "saved.safetensors")
    load_into(net, tmp_path / "saved.safetensors")
    assert equal(net, there)


def test_averaged_weights_come_before_the_last_ones(tmp_path: Path) -> None:
    last, averaged, net = small(seed=1), small(seed=2), small(seed=3)
    torch.save({"state_dict": last.state_dict(), "state_dict_ema": averaged.state_dict()}, tmp_path / "a.pt")
    load_into(net, tmp_path / "a.pt")
    assert equal(net, averaged)


def test_head_of_another_size_starts_new_and_is_said(tmp_path: Path) -> None:
    there, net = small(outputs=7, seed=1), small(outputs=3, seed=2)
    new = net.fc.weight.clone()
    torch.save(there.state_dict(), tmp_path / "seven.pth")
    (note,) = load_into(net, tmp_path / "seven.pth", ["fc"])
    assert note == "the head (fc) starts new: seven.pth has 7 outputs, 3 are needed"
    assert torch.equal(net.fc.weight, new)
    assert equal(net.body, there.body)


def test_file_without_head(tmp_path: Path) -> None:
    state = {name: value for name, value in small(seed=1).state_dict().items() if not name.startswith("fc")}
    torch.save(state, tmp_path / "headless.pth")
    (note,) = load_into(small(), tmp_path / "headless.pth", ["fc"])
    assert note.endswith("headless.pth has none")


def test_wrong_file_is_told_by_counts_and_names_and_changes_nothing(tmp_path: Path) -> None:
    state = small(width=5).state_dict()
    state["stem.weight"] = torch.ones(1)
    del state["body.1.bias"]
    torch.save(state, tmp_path / "wrong.pth")
    net = small(seed=4)
    with pytest.raises(BadInput) as caught:
        load_into(net, tmp_path / "wrong.pth", ["fc"], where="members.a.weights")
    said = str(caught.value)
    assert said.startswith("members.a.weights: ")
    assert "1 of the network's 9 arrays are missing (body.1.bias)" in said
    assert "1 of the file's 9 are unexpected (stem.weight)" in said
    # body.0: weight, bias; body.1: weight, running mean, running variance
    assert "5 have another shape (body.0.weight, body.0.bias, body.1.weight, …;" in said
    assert "body.0.weight is (5, 2), expected (4, 2)" in said
    assert equal(net, small(seed=4))


def test_arrays_that_only_the_file_has_are_left_and_said(tmp_path: Path) -> None:
    there, net = small(seed=1), small(seed=2)
    torch.save({**there.state_dict(), "aux.weight": torch.ones(2)}, tmp_path / "more.pth")
    (note,) = load_into(net, tmp_path / "more.pth")
    assert note == "1 arrays of more.pth are not in the network: aux.weight"
    assert equal(net, there)


def test_old_files_without_counters_load(tmp_path: Path) -> None:
    state = small(seed=1).state_dict()
    del state["body.1.num_batches_tracked"]
    torch.save(state, tmp_path / "old.pth")
    assert load_into(small(), tmp_path / "old.pth") == []


class Planted:
    """Writes a file when it is unpickled."""

    def __init__(self, file: Path):
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    torch.save({"state_dict": Planted(tmp_path / "touched")}, tmp_path / "bad.pth")
    with pytest.raises(BadInput, match=r"no checkpoint of arrays alone.*torch\.save\(net\.state_dict"):
        read_weights(tmp_path / "bad.pth")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("name", ["cut.pth", "cut.safetensors"])
def test_truncated_file_is_named(name: str, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    (save_file if name.endswith("safetensors") else torch.save)(small().state_dict(), whole)
    (tmp_path / name).write_bytes(whole.read_bytes()[:300])
    with pytest.raises(BadInput, match=rf"{name}"):
        read_weights(tmp_path / name)


def test_empty_text_and_other_pickles_are_refused(tmp_path: Path) -> None:
    contents = {
        "empty.pth": b"",
        "page.bin": b"<html>404</html>",
        "list.pt": pickle.dumps([1, 2], protocol=2),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput, match=name):
            read_weights(tmp_path / name)


def test_file_that_is_not_there_or_of_another_kind() -> None:
    with pytest.raises(BadInput, match=r"m\.weights: no/such\.pth does not exist.*folder that holdfast"):
        must_be_weights("no/such.pth", "m.weights")
    with pytest.raises(BadInput, match=r"ends in '\.onnx', expected one of \.safetensors"):
        must_be_weights("net.onnx", "m.weights")
