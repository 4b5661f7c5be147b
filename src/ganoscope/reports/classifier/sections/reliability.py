"""Calibration: how often predictions of each confidence are right, before and after temperature scaling."""

from typing import Any

import numpy as np

from ganoscope.evaluate.classification.calibration import BINS
from ganoscope.evaluate.classification.curve_points import SplitCurves
from ganoscope.evaluate.classification.metrics import SplitScores
from ganoscope.figures.axes import COLOURS, FAINT, INK, make_figure
from ganoscope.reports.classifier.artefacts import Measured
from ganoscope.reports.classifier.sections.scores import write_metric
from ganoscope.reports.kit.chart_files import WIDE_PX, save_chart, show_chart
from ganoscope.reports.kit.content import Chapter, Section


def show(findings: Measured) -> Chapter:
    """Returns the reliability diagrams."""
    alt = f"Accuracy over confidence on the {findings.shown} split, before and after temperature scaling."
    path, shown = findings.pictures / "reliability.png", findings.results
    svg = save_chart(path, draw_reliability, shown.curves, shown.scores)
    content = Section(describe_calibration(findings), figures=(show_chart(svg, alt, WIDE_PX),))
    return Chapter("calibration", "Calibration", (content,))


def describe_calibration(findings: Measured) -> tuple[str, ...]:
    """Returns how probabilities were calibrated, and how to read the diagrams."""
    weighted = findings.record.config.get("class_weights") == "balanced"
    shift = (
        " Classes have equal weight in the loss, so probabilities apply to a population in which all classes are "
        "equally frequent; a single temperature can't change that."
        if weighted
        else ""
    )
    return (
        f"Temperature {findings.record.temperature:.3f} divides the logits: fitted on the validation split (Guo et al. "
        "2017), or 1 where the fitted one makes probabilities no better on validation patients that it was not fitted "
        f"on. It changes no predicted class.{shift}",
        f"Measured on the {findings.shown} split. Bars and points show how often predictions of a given confidence "
        f"were right; on the dotted line, confidence equals accuracy. The numbers of images are below; points with "
        f"few images are uncertain.",
    )


def draw_reliability(curves: SplitCurves, scores: SplitScores) -> Any:
    """Returns a figure of accuracy over confidence before and after temperature scaling, with the counts below."""
    figure = make_figure(4.2)
    grid: Any = figure.subplots(2, 2, sharex=True, height_ratios=(3, 1))
    pairs = (
        ("temperature 1", curves.uncalibrated, "ece_uncalibrated"),
        ("calibrated", curves.calibrated, "ece"),
    )
    edges = np.linspace(0, 1, BINS + 1)
    for column, (name, found, metric) in enumerate(pairs):
        above, below = grid[:, column]
        above.plot([0, 1], [0, 1], **FAINT)
        above.bar(edges[:-1], found.accuracy, 1 / BINS, align="edge", color=COLOURS[0], alpha=0.25, edgecolor="white")
        above.plot(found.confidence, found.accuracy, "o", color=COLOURS[0], markersize=5, clip_on=False, zorder=5)
        for axes in (above, below):
            axes.set_axisbelow(True)
        above.set(title=f"{name}: ECE {write_metric(scores.metrics[metric])}", ylim=(0, 1.02))
        bars = below.bar(edges[:-1], found.counts, 1 / BINS, align="edge", color="#98a2b3", edgecolor="white")
        below.bar_label(bars, [f"{count:,}" if count else "" for count in found.counts], fontsize=7.5, color=INK)
        lowest = 1 / len(scores.counts)
        below.set(xlabel="confidence: probability of the predicted class", xlim=(min(0.5, lowest) - 0.02, 1.01))
        below.margins(y=0.25)
        below.grid(axis="x", visible=False)
    grid[0, 0].set_ylabel("accuracy")
    grid[1, 0].set_ylabel("images")
    return figure
