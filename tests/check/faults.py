"""Every planted fault. `benchmarks/detection.py` says how often each is found; `test_faults.py` asks for all."""

from __future__ import annotations

import faults_leaks
import faults_rest
import faults_values
from fault import Fault

FAULTS: list[Fault] = [*faults_leaks.FAULTS, *faults_rest.FAULTS, *faults_values.FAULTS]
