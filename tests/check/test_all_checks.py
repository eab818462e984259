"""All checks together: codes, docs, what they say where they cannot look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from simulated import MAKERS, seen_of

from holdfast.check.all import all_checks
from holdfast.check.base import KINDS, SHOWN, Check, Finding, Seen, run_checks, standing

DOCS = Path(__file__).parents[2] / "docs"
LEVELS = {"error": "error", "warning": "warning", "info": "information"}
SEES = {"data": "data", "folds": "data and folds", "oof": "predictions"}


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


def test_every_check_has_its_page_and_every_page_its_check() -> None:
    codes = {one.code.lower() for one in all_checks()}
    assert {page.stem for page in (DOCS / "checks").iterdir()} == codes


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.code)
def test_a_page_says_what_the_check_is(check: type[Check]) -> None:
    finding = check().not_applicable("")
    page = (DOCS.parent / finding.anchor).read_text(encoding="utf-8").split("\n")
    assert page[0].startswith(f"# {check.code}: ")
    assert LEVELS[check.severity] in page[2]
    assert "## What to do" in page
    assert any(f"--accept {check.code}" in line for line in page) == (check.severity == "error")
    name = page[0].removeprefix(f"# {check.code}: ")
    kinds = "all" if check.kinds == KINDS else ", ".join(check.kinds)
    cells = (
        f"[{check.code}](checks/{check.code.lower()}.md)",
        name,
        LEVELS[check.severity],
        kinds,
        SEES[check.when],
    )
    assert f"| {' | '.join(cells)} |" in (DOCS / "checks.md").read_text(encoding="utf-8")


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
    assert finding.plain()["anchor"] == "docs/checks/hf199.md"
