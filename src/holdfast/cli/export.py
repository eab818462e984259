"""`holdfast export RUN --onnx`: networks for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    run: Annotated[
        Path, typer.Argument(help="finished run, its refit, or an unpacked pack", show_default=False)
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="folder to make", show_default=False)],
    onnx: Annotated[bool, typer.Option("--onnx", help="as ONNX files, the one format there is")] = True,
    samples: Annotated[
        Path | None, typer.Option(metavar="DATA", help="real samples to compare on; by default the run's own")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="where the data lie now, if they have moved")
    ] = None,
) -> None:
    """Write each network of a run as an ONNX file: prepared samples in, probabilities out.

    Each file must say what its network says on real samples. A JSON beside it tells shapes, classes and preparation.
    """
    from holdfast.pack.export import export as write

    made = write(run, output, samples, data, typer.echo)
    typer.echo(f"wrote {output}: {', '.join(file.name for file in made)}")
