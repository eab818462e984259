"""Checks that look in a process of their own find what they find here."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
from simulated import seen_of, windows

from holdfast.check.all import all_checks
from holdfast.check.aside import Here, There, beside
from holdfast.check.base import run_checks


@pytest.fixture(scope="module")
def there() -> Iterator[There]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        yield There(pool)


def test_the_other_process_finds_the_same(there: There) -> None:
    data = windows(groups=6, each=8)
    seen = replace(seen_of(data), test=data.take(np.arange(30)))
    here = run_checks(seen, all_checks())
    assert run_checks(replace(seen, aside=there, held={}), all_checks()) == here
    assert {one.code for one in all_checks() if one.where != "here"} == {"HF103", "HF105", "HF106", "HF401"}


def test_what_cannot_travel_is_done_here(there: There) -> None:
    assert there.begin(lambda: 3)() == 3


def test_a_fault_over_there_is_raised_here(there: There) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        there.begin(int, "x")()


def test_one_core_begins_no_process() -> None:
    with beside(cores=1) as aside:
        assert type(aside) is Here
