"""Does each technique of a recipe help? The recipe with one of them changed, against itself, on the same folds.

    runs/motion-ablate/
      base/  drop-augment.roll/  swap-loss-focal/ …     a run folder each, with the folds that were trained
      results.json

Folds go in order over the variants, so that all have some before one has many. A variant whose answer is clear at a
look is not trained further.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from holdfast.check.gate import before_training, known_codes, tell_found
from holdfast.engine.budget import seconds_of
from holdfast.engine.chosen import chosen, refuse_devices, refuse_engine
from holdfast.engine.folder import settle
from holdfast.engine.watchdog import LIMIT, limit_of
from holdfast.errors import BadInput
from holdfast.recipe.load import load_recipe
from holdfast.recipe.schema import BUDGET, Recipe
from holdfast.recipe.strict import nearest
from holdfast.store.run import Run
from holdfast.study.ablate_all import everything
from holdfast.study.ablate_changes import Variant, variant, variants
from holdfast.study.ablate_folds import Clock, Shelf, Side, plan_of
from holdfast.study.ablate_result import Ablation, kept
from holdfast.study.ablate_work import Turns
from holdfast.train import Plan, prepare, spread

Report = Callable[[dict[str, Any]], None]
BASE = "base"


def ablate(
    recipe: str | Path | dict[str, Any] | Recipe,
    drop: Sequence[str] = (),
    swap: Sequence[str] = (),
    add: Sequence[str] = (),
    all_: bool = False,
    member: str | None = None,
    output: str | Path | None = None,
    overrides: list[str] | None = None,
    jobs: int | None = 1,
    threads: int | None = None,
    rope: float | None = None,
    budget: str | None = None,
    report: Report = lambda event: None,
    accept: Sequence[str] = (),
    watchdog: str = LIMIT,
    engine: str = "auto",
    address: str | None = None,
) -> Ablation:
    """Train a recipe and variants of it on the same folds and seeds, and tell for each whether its change helps.

    `drop`: paths such as `augment.roll`, several as one by `+`; `swap`: `loss=focal,soft_f1`; `add`:
    `augment.jitter`; `all_`: each technique off, one at a time. `member`: this member alone, not the ensemble.
    `rope`: half the width of the region of practical equivalence, by default a tenth of the width of the base's
    interval. `budget`: time for training over all calls, as 40m. `jobs`: folds that train at a time, in processes
    where they are several; None: as `train --engine auto` decides. Called again it goes on where it stopped, with the
    variants of earlier calls in the count. Data and folds are checked once, for the base; `accept`: codes of errors
    that may stand. `watchdog`: when a worker process hangs, `engine` and `address`: where folds
    train, as `train` says. Raises BadInput before any work starts.
    """
    started = time.monotonic()
    limit_of(watchdog)
    refuse_engine(engine, address)
    accept = known_codes(accept)
    if budget is not None and not re.fullmatch(BUDGET, budget):
        raise BadInput(f"--budget: expected a time, as 90s, 40m or 1h, got {budget!r}")
    folder = Path(recipe).parent if isinstance(recipe, str | Path) else Path.cwd()
    given = _asked(load_recipe(recipe, overrides), member)
    path = Path(output) if output else Path("runs") / f"{given.name}-ablate{f'-{member}' if member else ''}"
    whole = Path("runs") / given.name  # an ordinary run of the recipe, whose folds may be taken over
    beside = [Run(whole)] if (whole / "recipe.yaml").is_file() else []
    if threads is None and given.threads is None and beside and not (path / BASE / "recipe.yaml").is_file():
        threads = beside[0].recipe.get("threads")
    plan, at_a_time = prepare(settle(given, path / BASE, threads, jobs or 1), folder), jobs or 1
    if jobs is None:
        plan, at_a_time = spread(plan, given, path / BASE, threads)
    refuse_devices(engine, plan.work)
    if plan.work.target.kind == "grid":
        raise BadInput(
            "ablate: radar grids are not served yet; train both recipes and let `holdfast compare` tell"
        )
    asked, skipped = _variants(plan, drop, swap, add, all_)
    before = {row["variant"]: row for row in kept(path)}
    plans = {one.said: (one, plan_of(one.recipe, plan)) for one in asked}
    for said in before:
        if said not in plans:
            one = variant(plan.recipe, plan.work.train.kind, said)
            plans[said] = (one, plan_of(one.recipe, plan))
    findings = before_training(plan.recipe, plan.loaded, plan.work, accept, path / BASE)
    base = Side.begin(BASE, plan, path / BASE, folder)
    with base.run.locked():
        findings.save(base.run.path)
        tell_found(findings.before, findings.accepted, report)
        sides = {said: Side.begin(said, its, path / one.folder, folder) for said, (one, its) in plans.items()}
        shelf = Shelf()
        for run in beside:
            shelf.take_in(run, own=False)
        for side in (base, *sides.values()):
            shelf.take_in(side.run, own=True)
        clock = Clock(None if budget is None else seconds_of(budget), shelf.seconds, started)
        looks = {said: tuple(before.get(said, {}).get("looks", ())) for said in sides}
        files = [folder / file for file in plan.recipe.components]
        assert plan.recipe.threads is not None
        with chosen(engine, at_a_time, plan.recipe.threads, files, watchdog, address, jobs) as runner:
            return Turns(
                path, base, sides, {one.said for one in asked}, shelf, clock, rope, looks, skipped, runner, report
            ).go()  # fmt: skip


def _asked(recipe: Recipe, member: str | None) -> Recipe:
    """The recipe without what would make its folds uneven, or with one member alone."""
    if member is None:
        return recipe.model_copy(update={"budget": None})
    if member not in recipe.members:
        raise BadInput(f"--member: no member is named {member!r}; {nearest(member, recipe.members)}")
    return recipe.model_copy(update={"budget": None, "members": {member: recipe.members[member]}})


def _variants(
    plan: Plan, drop: Sequence[str], swap: Sequence[str], add: Sequence[str], all_: bool
) -> tuple[list[Variant], dict[str, str]]:
    """What is asked for, and what `all_` finds; of that, what cannot be left out, and why."""
    kind = plan.work.train.kind
    made = {one.said: one for one in variants(plan.recipe, kind, drop, swap, add)}
    for said, one in made.items():
        try:
            plan_of(one.recipe, plan)
        except BadInput as error:
            raise BadInput(f"--{said}: {error}") from None
    skipped: dict[str, str] = {}
    for path in everything(plan.recipe, kind) if all_ else ():
        said = f"drop {path}"
        try:
            one = variant(plan.recipe, kind, said)
            its = plan_of(one.recipe, plan)
        except BadInput as error:
            skipped[said] = str(error)
            continue
        if its.work.members == plan.work.members and its.chain == plan.chain:
            skipped[said] = "what it leaves is the default, and the same"
        else:
            made.setdefault(said, one)
    if not made:
        raise BadInput(
            "ablate: nothing to compare with; name changes with --drop, --swap, --add, or take --all"
            + "".join(f"\n{said}: {why}" for said, why in skipped.items())
        )
    return list(made.values()), skipped
