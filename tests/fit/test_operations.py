"""How much networks compute."""

from __future__ import annotations

import pytest
import torch

from holdfast.fit.operations import operations_of_a_layer


def test_operations_of_a_plain_layer_are_those_of_its_product() -> None:
    """10 rows by a matrix of 8 × 4: 320 products and as many sums; a layer without any halves the mean."""
    assert operations_of_a_layer(lambda: torch.nn.Linear(8, 4), (10, 8)) == 640
    build = lambda: torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.ReLU())  # noqa: E731
    assert operations_of_a_layer(build, (10, 8)) == 320


def test_a_recurrent_layer_counts_each_step() -> None:
    long = operations_of_a_layer(lambda: torch.nn.GRU(3, 5, batch_first=True), (2, 40, 3))
    short = operations_of_a_layer(lambda: torch.nn.GRU(3, 5, batch_first=True), (2, 10, 3))
    assert long == pytest.approx(short)


def test_what_a_machine_could_not_hold_is_counted_too() -> None:
    wide = operations_of_a_layer(lambda: torch.nn.Linear(10**6, 10**6), (1000, 10**6))
    assert wide == 2e15
