"""Every check finds its planted faults in data of every kind that it is for; in clean twins no check finds anything.

Data are simulated. How often weaker faults are found, over many seeds: `benchmarks/detection.py`.
"""

from __future__ import annotations

import pytest
from fault import Fault, Twin, asked_of
from faults import FAULTS
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.check.all import all_checks
from holdfast.check.base import run_checks

CHECKS = {one.code: one for one in all_checks()}
TWINS = sorted({(one.twin, one.kind) for one in FAULTS}, key=lambda pair: (pair[0].__name__, pair[1]))


def test_every_check_has_a_fault_for_every_kind_that_it_is_for() -> None:
    assert {(one.code, one.kind) for one in FAULTS} == {
        (code, kind) for code, one in CHECKS.items() for kind in one.kinds
    }


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@settings(max_examples=1, deadline=None)
@given(data=st.data(), seed=st.integers(0, 3))
def test_a_fault_of_ordinary_strength_or_more_is_found(fault: Fault, data: st.DataObject, seed: int) -> None:
    from_, to = sorted((fault.levels["ordinary"], fault.strengths[-1]))
    assert fault.finding(CHECKS, data.draw(st.floats(from_, to), label="strength"), seed).status == "found"


@pytest.mark.parametrize(("twin", "kind"), TWINS, ids=[f"{twin.__name__}, {kind}" for twin, kind in TWINS])
def test_no_check_finds_anything_in_a_clean_twin(twin: Twin, kind: str) -> None:
    findings = run_checks(twin(kind, 0), list(CHECKS.values()), asked_of(twin))
    assert [(one.code, one.said) for one in findings if one.status == "found"] == []
