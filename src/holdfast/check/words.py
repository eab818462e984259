"""A finding in words, for terminals and messages."""

from __future__ import annotations

import textwrap

from holdfast.check.base import Finding

IDS = 5  # printed of a finding's
SHORT = 160  # letters of a sentence where there is one line only


def lines_of(finding: Finding) -> list[str]:
    """What a check found, the first ids, what to do, and where the docs explain it."""
    lines = [f"{finding.code} {finding.severity}: {finding.said}", *_ids(finding)]
    lines += [f"  to do: {finding.advice}"] if finding.advice else []
    return [*lines, f"  more: {finding.anchor}"]


def in_short(finding: Finding) -> str:
    """The beginning of what a check found, for one line."""
    return textwrap.shorten(finding.said, SHORT, placeholder=" …")


def _ids(finding: Finding) -> list[str]:
    """
    >>> _ids(Finding("HF101", "copies", "error", "found", "…", (("a", "b"), "c"), 2))
    ['  a + b, c']
    """
    if not finding.ids:
        return []
    shown = [one if isinstance(one, str) else " + ".join(one) for one in finding.ids[:IDS]]
    more = f", … ({finding.total} in all)" if finding.total > len(shown) else ""
    return [f"  {', '.join(shown)}{more}"]
