"""The README of a pack: three commands."""

from __future__ import annotations

from typing import Any

from holdfast.pack.manifest import PINS, WHEELS, Manifest
from holdfast.store.run import ENSEMBLE, REFIT, Run


def readme(run: Run, manifest: Manifest, file: str, offline: bool, why: dict[str, str]) -> str:
    """What this is, and how to install, unpack and predict or train again; Markdown. `why`: of files that are code."""
    name, extras = manifest.name, ",".join(manifest.extras)
    trust = " --trust" if why else ""
    away = f"--no-index --find-links {WHEELS} " if offline else ""
    files = ", ".join(f"`{one}`" for one in sorted(manifest.data.get("files", {})))
    lines = [
        f"# {name}",
        "",
        f"A run of holdfast {manifest.holdfast} (Python {manifest.python}): its recipe, folds, out-of-fold predictions,"
        " scores and models.",
        "",
        *_scores(run.scores),
        "",
        "Three commands, in an empty environment, in the folder where this archive was unzipped"
        f" (`python -m zipfile -e {file} .`):",
        "",
        "```",
        f'python -m pip install {away}-c {PINS} "{manifest.wheel}[{extras}]"',
        f"holdfast unpack {file} -o {name}{trust}",
        f"holdfast predict {name} NEW_DATA -o predictions.csv",
        "```",
        "",
        "`NEW_DATA` has the form of the run's test file. The test predictions of the run are in `test-ensemble.npy`, their"
        " ids in `test.parquet`.",
        "",
    ]
    if not (run.path / REFIT).is_file():
        lines += [
            f"To train it again, put the data ({files}; not in this archive, their hashes are in"
            f" `environment.json`) into `{name}/data` and type `holdfast train {name}/recipe.yaml -o again`.",
            "",
        ]
    if why:
        lines += ["These files are code, which runs when it is used; `unpack` asks for `--trust`:", ""]
        lines += [f"- `{one}`: {said}" for one, said in why.items()] + [""]
    return "\n".join(lines)


def _scores(scores: dict[str, Any]) -> list[str]:
    metric = scores["metric"]
    rows = [(name, held[metric]) for name, held in scores["members"].items()]
    rows.sort(key=lambda row: row[0] != ENSEMBLE)
    table = [f"| member | out-of-fold {metric} | 95 % interval |", "|---|---|---|"]
    return table + [
        f"| {name} | {one['value']:.4f} | {one['low']:.4f} to {one['high']:.4f} |" for name, one in rows
    ]
