"""How well every arm does: bars with intervals, the single splits as points, joined where they are the same split."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganoscope.errors import write_count
from ganoscope.evaluate.classification.metrics import METRICS
from ganoscope.figures.axes import COLOURS, INK, make_figure, measure_arms
from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.wording import describe_intervals, name_metric, write_level
from ganoscope.studies.analysis.endpoint_means import EndpointMean
from ganoscope.studies.arms import ARMS
from ganoscope.studies.families import suits
from ganoscope.studies.judgement import ArmLevel
from ganoscope.studies.result_files import HELD_OUT, SYNTHETIC

SHOWN = (
    ("auroc", "auprc", "balanced_accuracy", "accuracy"),
    ("precision_weighted", "recall_weighted", "f1_weighted"),
    ("sensitivity", "specificity", "brier"),
)
"""Metrics of each table."""
TESTED = {"held_out": "held-out patients", "external": "the external store", "synthetic": "synthetic images"}
UNSCORED = "-"
"""Stands in place of a metric of synthetic images that the arm's own were drawn with."""
CHANCE = {"auroc": 0.5}
"""Value of a metric at chance, where bars begin."""


def show(findings: Findings) -> Chapter:
    """Returns the bars, and tables of all metrics."""
    found = findings.judgement
    metric, splits = name_metric(found.endpoint), findings.design.plan.count
    text = (
        f"Bars are means of {metric} over {splits} splits of held-out patients, black lines their 95% intervals. "
        "Every point is one split; a line joins the same split from arm to arm, as arms are compared within splits: "
        "intervals of bars may overlap where all splits differ in the same direction."
    )
    intervals = describe_intervals(findings.design.config)
    levels = [one for one in found.levels if one.part == HELD_OUT and one.arm in findings.arms]
    alt = f"Bars of {metric} for {len(levels)} pairs of arm and classifier; the numbers are in the tables below."
    figures = findings.draw("levels", alt, draw_levels, levels, metric, CHANCE.get(found.endpoint, 0.0))
    tables = [
        Section(tables=(list_means(findings, part, family, metrics),))
        for part, family in list_places(findings)
        for metrics in SHOWN
    ]
    return Chapter("levels", "Results by split", (Section((text, intervals), figures=figures), *tables))


def list_places(findings: Findings) -> list[tuple[str, str]]:
    """Returns every pair of what was tested on and family."""
    return list(dict.fromkeys((one.part, one.family) for one in findings.endpoints if one.family))


def list_means(findings: Findings, part: str, family: str, metrics: tuple[str, ...]) -> Table:
    """Returns some metrics of every arm.

    Args:
        findings: What the page shows.
        part: What was tested on.
        family: Family of classifiers.
        metrics: The metrics.
    """
    cells = {(one.arm, metric): one for metric in metrics for one in findings.list_means(part, family, metric)}
    arms = [arm for arm in findings.arms if (arm, metrics[0]) in cells]
    rows = tuple(
        (arm, *(write_mean(cells[arm, metric], findings.design.plan.count) for metric in metrics)) for arm in arms
    )
    unscored = [arm for arm in findings.arms if part == SYNTHETIC and arm not in arms and suits(family, ARMS[arm])]
    rows += tuple((arm, *[UNSCORED] * len(metrics)) for arm in unscored)
    kind = "95% interval over splits: these images are of no patient" if part == SYNTHETIC else "95% interval"
    left_out = f"; {UNSCORED}: not scored, as the arm may have learned from these images" if unscored else ""
    caption = f"{family}, tested on {TESTED[part]}: mean over splits ({kind}){left_out}"
    return Table(caption, ("Arm", *(METRICS[metric] for metric in metrics)), rows)


def write_mean(one: EndpointMean, splits: int) -> str:
    """Returns a mean with its interval, and in how many splits it is defined where that is not all of them.

    Args:
        one: The mean.
        splits: Number of splits of the study.
    """
    few = f", {write_count(one.splits, 'split')}" if 0 < one.splits < splits else ""
    return f"{write_level(one.mean, one.low, one.high)}{few}"


def draw_levels(levels: Sequence[ArmLevel], metric: str, bottom: float) -> Any:
    """Returns the bars of all arms, a panel for each family.

    Args:
        levels: How well every arm does.
        metric: Title of the endpoint.
        bottom: Where bars begin.
    """
    families = list(dict.fromkeys(one.family for one in levels))
    figure = make_figure(3.6)
    grid: Any = figure.subplots(1, len(families), sharey=True, squeeze=False)[0]
    for axes, family in zip(grid, families, strict=True):
        own = [one for one in levels if one.family == family]
        for place, one in enumerate(own):
            bar = one.mean - bottom
            axes.bar(place, bar, 0.66, bottom, color=COLOURS[0], alpha=0.3, edgecolor=COLOURS[0], linewidth=0.8)
            low, high = (min(max(end, 0), 1) for end in (one.low, one.high))
            axes.errorbar(
                place - 0.18, one.mean, measure_arms(one.mean, low, high), color=INK, capsize=3, linewidth=1.4
            )
        values = np.array([one.values for one in own])
        for split in values.T:
            axes.plot(np.arange(len(own)) + 0.1, split, "-", color=INK, linewidth=0.5, alpha=0.4)
        places = np.repeat(np.arange(len(own)) + 0.1, values.shape[1])
        axes.plot(places, values.ravel(), "o", color=COLOURS[1], markersize=3.5, alpha=0.8)
        axes.set(xticks=range(len(own)), title=family)
        axes.set_xticklabels([one.arm for one in own], rotation=30, ha="right")
        axes.grid(axis="x", visible=False)
    lowest = np.nanmin([value for one in levels for value in one.values])
    grid[0].set(ylabel=metric, ylim=(min(bottom, lowest - 0.02), 1.0))
    return figure
