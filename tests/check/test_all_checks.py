"""All checks together: codes, docs, what they say where they cannot look."""

from __future__ import annotations

import re
from pathlib import Path

from simulated import MAKERS, seen_of

from holdfast.check.all import all_checks
from holdfast.check.base import KINDS, SHOWN, Check, Finding, Seen, run_checks, standing

DOCS = Path(__file__).parents[2] / "docs" / "checks.md"


def test_codes_names_and_severities_are_stated() -> None:
    checks = all_checks()
    codes = [one.code for one in checks]
    assert codes == sorted(codes)
    for one in checks:
        assert re.fullmatch(r"HF[1-5]\d\d", one.code)
        assert one.name
        assert one.__doc__
        assert one.severity in ("error", "warning", "info")
        assert one.when in ("data", "folds", "oof")
        assert set(one.kinds) <= set(KINDS)


def test_every_leak_has_its_anchor_in_the_docs() -> None:
    headings = {line.removeprefix("### ").strip() for line in DOCS.read_text(encoding="utf-8").splitlines()}
    assert {one.code for one in all_checks() if one.code.startswith("HF1")} <= headings


def test_without_folds_only_the_data_are_looked_at() -> None:
    for one in run_checks(seen_of(MAKERS["table"]()), all_checks(), ["folds", "oof"]):
        assert one.status == "not applicable"


def test_a_finding_keeps_some_ids_and_counts_all() -> None:
    class Loud(Check):
        code, name, severity, when = "HF199", "loud", "error", "data"

        def look(self, seen: Seen) -> Finding:
            return self.found("many", "nothing", ((i, i + 1) for i in range(100)))

    (finding,) = run_checks(seen_of(MAKERS["table"]()), [Loud])
    assert (len(finding.ids), finding.total, finding.ids[0]) == (SHOWN, 100, ("0", "1"))
    assert standing([finding]) == [finding]
    assert standing([finding], ["HF199"]) == []
    assert finding.plain()["anchor"] == "docs/checks.md#hf199"
