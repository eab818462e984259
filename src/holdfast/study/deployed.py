"""A finished run's models, ready for new samples: what `train` did for the test part, for any other file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from holdfast.data.base import DataSpec
from holdfast.data.dataset import Dataset
from holdfast.data.form import Form, form_of
from holdfast.engine.threads import limited
from holdfast.ensemble.chain import FittedChain
from holdfast.errors import BadInput
from holdfast.fit.member import Fitted, load_fitted
from holdfast.recipe.registry import load_user_components, parse
from holdfast.recipe.strict import nearest
from holdfast.store.plain import load_either
from holdfast.store.run import CHAIN, ENSEMBLE, FORM, REFIT, Run
from holdfast.study.refit import claim_of, plan_of

FOLD = re.compile(r"fold-(\d+)(?:\.r(\d+))?")


@dataclass(frozen=True)
class Deployed:
    """The models of each member, in the order in which their predictions are averaged, and what follows them."""

    spec: DataSpec
    form: Form
    models: dict[str, list[Fitted]]
    learned: list[FittedChain]  # one a repeat
    pooled: bool  # groups speak together, so all samples must be there at once
    threads: int

    def predict(self, data: Dataset) -> dict[str, np.ndarray]:
        """Predictions by name, as `Run.test_predictions` gives them: those of one member, or of all and the ensemble."""
        if self.pooled and data.groups is None:
            raise BadInput(
                "predict.pool: these samples do not tell their groups, over which the run pools its attributes; give a"
                " table with the column of data.group"
            )
        data = self.with_flow(data)
        with limited(self.threads):
            means = {name: _mean([one.predict(data) for one in held]) for name, held in self.models.items()}
        views = [self._through(one, means) for one in self.learned]
        return {name: _as_kept(np.mean([view[name] for view in views], axis=0)) for name in views[0]}

    def _through(self, learned: FittedChain, means: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if set(means) == set(learned.chain.calibrate):
            made = learned.predict(means)
            return {name: made[name] for name in (*means, ENSEMBLE)}
        return {name: learned.calibrated(name, one) for name, one in means.items()}

    def with_flow(self, data: Dataset) -> Dataset:
        """The samples with optical flow, where a model sees it."""
        models = [getattr(one, "model", None) for held in self.models.values() for one in held]
        if not any(getattr(model, "uses_flow", False) for model in models):
            return data
        from holdfast.data.flow import CHUNK, flow_of

        parts = [data.read(slice(start, start + CHUNK)) for start in range(0, len(data), CHUNK)]
        return replace(
            data, flow=np.concatenate([flow_of(part, self.form.target.shape[0]) for part in parts])
        )

    def stream(self, path: Path, ids: Path | None = None) -> Iterator[Dataset]:
        """The samples of a file or folder, some at a time. Raises BadInput where they do not have the run's form."""
        if not path.exists():
            raise BadInput(f"{path}: no such file or folder")
        if ids is not None and not ids.is_file():
            raise BadInput(f"--ids: {ids}: no such file")
        return self.spec.new_samples(path, self.form, ids, self.pooled)


def deployed(path: str | Path, member: str | None = None, data: Path | None = None) -> Deployed:
    """The models of a finished run, of a refit or of an unpacked pack; those of one `member`, or all.

    `data`: where the data lie now, for runs of versions that kept neither form nor chain. Pickles run code: load
    only what you trust. Raises BadInput.
    """
    run = Run(path)
    names = [name for name in run.scores["members"] if name != ENSEMBLE]  # raises where it is not finished
    refuse_blend(run)
    if member is not None and member not in (*names, ENSEMBLE):
        raise BadInput(
            f"--member: {run.path} has no member {member!r}; {nearest(member, [*names, ENSEMBLE])}"
        )
    load_components(run)
    spec = parse("data", run.recipe["data"])
    assert isinstance(spec, DataSpec)
    form, learned = form_and_chain(run, data)
    wanted = names if member in (None, ENSEMBLE) else [str(member)]
    models = {name: [load_fitted(folder) for folder in model_folders(run, name)] for name in wanted}
    pooled = bool((run.recipe.get("predict") or {}).get("pool"))
    return Deployed(spec, form, models, learned, pooled, run.recipe.get("threads") or 1)


def refuse_blend(run: Run) -> None:
    """Raises BadInput for a blend, whose models lie with other runs."""
    if "runs" in run.environment:
        runs = ", ".join(run.environment["runs"])
        raise BadInput(f"{run.path} is a blend of other runs, and holds no models; take those: {runs}")


def load_components(run: Run) -> None:
    """Import the user's own components as they were when the run was trained. Raises BadInput where they changed."""
    base = (run.path / run.environment.get("recipe_folder", ".")).resolve()
    files = [base / file for file in run.recipe.get("components") or ()]
    if load_user_components(files) != run.environment["components"]:
        names = ", ".join(str(file) for file in files)
        raise BadInput(f"components: {names}: not as they were when {run.path} was trained; put them back")


def model_folders(run: Run, member: str) -> list[Path]:
    """The folders of a member's models: one a repeat and fold, or one of all rows. Raises BadInput for gaps."""
    inside = run.path / "members" / member
    if (run.path / REFIT).is_file():
        folders = [inside / "all"]
    else:
        found = {path: match for path in inside.glob("fold-*") if (match := FOLD.fullmatch(path.name))}
        folders = sorted(found, key=lambda path: (int(found[path][2] or 0), int(found[path][1])))
    if not folders or not all((folder / "done.json").is_file() for folder in folders):
        raise BadInput(f"{run.path}: models of {member!r} are missing in {inside}; train it again")
    return folders


def form_and_chain(run: Run, data: Path | None) -> tuple[Form, list[FittedChain]]:
    """What new samples must look like, and what out-of-fold rows taught; of old runs made again of their data."""
    file = run.path / FORM
    if file.is_file():
        form = Form.of(json.loads(file.read_text(encoding="utf-8")))
        return form, load_either(run.path / CHAIN)
    if (run.path / REFIT).is_file():
        raise BadInput(f"{run.path}: made by a version that did not keep {FORM}; refit the run again")
    plan = plan_of(run, data)
    return form_of(plan.loaded), claim_of(run, plan, list(plan.work.members)).learned


def _mean(said: list[np.ndarray]) -> np.ndarray:
    """As `oof.table.gather_test` has it."""
    return np.asarray(np.stack(said).mean(axis=0, dtype=np.float64), dtype=np.float32)


def _as_kept(made: np.ndarray) -> np.ndarray:
    """As `oof.table.save_predictions` writes it: grids as float32."""
    return made.astype(np.float32, copy=False) if made.ndim > 2 else made
