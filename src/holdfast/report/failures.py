"""Where does it fail? By class, attribute, value or rain, by group, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.report.blocks import Block, Chart, Section, Text
from holdfast.report.mistakes import mistakes_of_classes, mistakes_of_values
from holdfast.report.rain import failures_of_rain
from holdfast.report.told import Told
from holdfast.store.run import ENSEMBLE
from holdfast.study.explain import confusions
from holdfast.view.classes import class_scores, classes_figure, confusion_figure
from holdfast.view.groups import group_scores, groups_figure
from holdfast.view.scores import attributes_figure
from holdfast.view.values import truth_figure


def failures(told: Told) -> Section:
    blocks = BY_TARGET[told.target.kind](told)
    return Section("failures", "Where does it fail?", blocks)


def _of_classes(told: Told) -> list[Block]:
    rows = class_scores(told.truth, told.said.argmax(axis=1), told.names, told.groups)
    found = confusions(told.target, told.truth, told.said)
    blocks: list[Block] = []
    if told.target.attributes:
        blocks.append(Chart(attributes_figure(told.scores)))
        for number, (name, held) in enumerate(found["attributes"].items()):
            blocks.append(Chart(confusion_figure(held["names"], held["counts"], name, f"confusion-{number}")))
    blocks += [
        Chart(confusion_figure(told.names, found["classes"]["counts"])),
        Chart(classes_figure(rows)),
        *_by_group(told),
        *mistakes_of_classes(told),
    ]
    return blocks


def _of_values(told: Told) -> list[Block]:
    return [Chart(truth_figure(told.truth, told.said)), *_by_group(told), *mistakes_of_values(told)]


def _by_group(told: Told) -> list[Block]:
    if told.groups is None:
        return []
    if told.scorer is None:
        return [Text(f"no score by group: the file of the metric {told.metric} is not there any more.")]
    rows = group_scores(told.scorer, told.truth, told.said, told.groups)
    whole = told.scores["members"][ENSEMBLE][told.metric]["value"]
    return [Chart(groups_figure(rows, told.metric, told.greater, whole))]


BY_TARGET: dict[str, Callable[[Told], list[Block]]] = {
    "classes": _of_classes,
    "real": _of_values,
    "grid": failures_of_rain,
}
