"""Calibration of every arm before and after temperature scaling."""

from typing import Any

from ganoscope.figures.axes import COLOURS, INK, make_figure
from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.wording import write_level
from ganoscope.studies.analysis.endpoint_means import EndpointMean
from ganoscope.studies.result_files import HELD_OUT

METRICS = ("ece_uncalibrated", "ece", "brier")
Row = tuple[str, EndpointMean, EndpointMean]


def show(findings: Findings) -> Chapter:
    """Returns the calibration errors of all arms."""
    rows, drawn = [], []
    for family in findings.design.config.families:
        by = {metric: {one.arm: one for one in findings.list_means(HELD_OUT, family, metric)} for metric in METRICS}
        for arm in by["ece"]:
            ones = [by[metric][arm] for metric in METRICS]
            rows.append((f"{family}, {arm}", *(write_level(one.mean, one.low, one.high) for one in ones)))
            drawn.append((f"{family}, {arm}", ones[0], ones[1]))
    text = (
        "Expected calibration error (ECE): by how much confidence and accuracy differ; 0 is best. One temperature per "
        "classifier, fitted on validation patients of the split, divides the logits. Where calibration is scaled, arms "
        "are to be compared after it: an arm that is better before it may only be less sure of itself."
    )
    header = ("Classifier, arm", "ECE before", "ECE after temperature scaling", "Brier score after")
    table = Table("Held-out patients: mean over splits (95% interval)", header, tuple(rows))
    alt = f"Calibration errors of {len(drawn)} pairs of arm and classifier; the numbers are in the table."
    figures = findings.draw("calibration", alt, draw_errors, drawn)
    return Chapter("calibration", "Calibration", (Section((text,), figures=figures), Section(tables=(table,))))


def draw_errors(rows: list[Row]) -> Any:
    """Returns a figure with a line from the error before to the error after scaling, for each arm."""
    figure = make_figure(0.8 + 0.28 * len(rows))
    axes = figure.add_subplot()
    for place, (_, before, after) in enumerate(rows):
        axes.plot([before.mean, after.mean], [place, place], "-", color=INK, linewidth=1, zorder=1)
        first = {} if place else {"label": "before"}
        second = {} if place else {"label": "after temperature scaling"}
        axes.plot(before.mean, place, "o", color=COLOURS[1], markersize=6, markerfacecolor="white", **first)
        axes.plot(after.mean, place, "o", color=COLOURS[0], markersize=6, **second)
    axes.set(yticks=range(len(rows)), yticklabels=[name for name, _, _ in rows], ylim=(len(rows) - 0.4, -0.6))
    axes.set(xlabel="expected calibration error, mean over splits", xlim=(0, None))
    axes.legend(frameon=False, fontsize=8.5)
    axes.grid(axis="y", visible=False)
    return figure
