"""What pseudo-labels risk, over all folds: do teachers agree, and do the classes drift towards what they say?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from holdfast.engine.job import Job
from holdfast.fit.pseudo import chosen
from holdfast.fit.student import SAID
from holdfast.recipe.pseudo import Pseudo
from holdfast.store.run import Run

ALL_FOLDS = "all folds"  # beside fold-0, fold-1, … among a member's facts


def agreement(said: Sequence[np.ndarray], asked: Pseudo) -> dict[str, Any]:
    """How far the teachers of all folds name the same class: on the pool, and on samples that any fold has taken.

    `said`: the last teachers' probabilities `(n, classes)`, by fold. Members that learn from labels which teachers
    of other folds dispute take over chance for truth (confirmation bias: Arazo et al. 2020).

    >>> a, b = np.array([[0.95, 0.05], [0.6, 0.4]]), np.array([[0.92, 0.08], [0.3, 0.7]])
    >>> agreement([a, b], Pseudo())
    {'agree': 0.5, 'taken': 1, 'agree_on_taken': 1.0}
    """
    labels = np.stack([one.argmax(axis=1) for one in said])
    same = (labels == labels[0]).all(axis=0)
    taken = np.unique(np.concatenate([chosen(one, asked) for one in said]))
    return {
        "agree": float(same.mean()),
        "taken": len(taken),
        "agree_on_taken": float(same[taken].mean()) if len(taken) else None,
    }


def agreement_of(run: Run, jobs: Sequence[Job], asked: Pseudo) -> dict[str, Any]:
    """The same from a member's folders."""
    folders = [run.fold_folder(job.member, job.repeat, job.fold) for job in jobs]
    return {"pseudo": agreement([np.load(folder / SAID) for folder in folders], asked)}


def pseudo_note(name: str, facts: Mapping[str, Mapping[str, Any]]) -> str | None:
    """One sentence of a member's pseudo-labels; None where it has none."""
    folds = [fold["pseudo"] for key, fold in facts.items() if "pseudo" in fold and key != ALL_FOLDS]
    if not folds:
        return None
    last = [fold["rounds"][-1] for fold in folds]
    taken = np.mean([sum(one["taken"].values()) for one in last])
    head = (
        f"{name}: a fold learns from {taken:.0f} of the {last[0]['pool']} pseudo-labels of {folds[0]['pool']}"
    )
    sure = [one for one in last if one["drift"] is not None]
    if not sure:
        return f"{head}: no teacher was sure enough of any"
    whole = facts[ALL_FOLDS]["pseudo"]
    confidence, drift = (np.mean([one[key] for one in sure]) for key in ("confidence", "drift"))
    return (
        f"{head}, confidence {confidence:.2f}; teachers of all folds agree on {whole['agree']:.0%} of the pool and"
        f" {whole['agree_on_taken']:.0%} of what any took; class shares drift from the labelled ones by {drift:.2f}"
        " (total variation)"
    )
