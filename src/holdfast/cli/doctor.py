"""`holdfast doctor`: whether this machine can do the work, and what to do where it cannot."""

from __future__ import annotations

import typer


def doctor() -> None:
    """Check Python, torch and its partners, GPU, cores, memory, disk, and that a training step runs.

    Ends with exit code 1 where something is in error.
    """
    from holdfast.cli.columns import columns
    from holdfast.engine.diagnosis import diagnose
    from holdfast.engine.machine import gather

    findings = diagnose(gather())
    for line, finding in zip(columns([[f.level, f.what, f.seen] for f in findings]), findings, strict=True):
        typer.echo(line)
        if finding.advice:
            typer.echo(f"       do: {finding.advice}")
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)
