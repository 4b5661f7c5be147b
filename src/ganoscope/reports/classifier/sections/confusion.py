"""Classes and confusion: the metrics of each class, and which classes are confused with which."""

from typing import Any

import numpy as np

from ganoscope.evaluate.classification.metrics import CLASS_METRICS, SplitScores
from ganoscope.figures.axes import INK, make_figure, name_plainly
from ganoscope.reports.classifier.artefacts import Measured
from ganoscope.reports.classifier.sections.scores import write_metric
from ganoscope.reports.kit.chart_files import WIDE_PX, save_chart, show_chart
from ganoscope.reports.kit.content import Chapter, Section, Table

MATRIX_CLASSES = 12
"""Classes up to which a confusion matrix has numbers in its cells."""


def show(findings: Measured) -> Chapter:
    """Returns the metrics of each class, and the confusion matrix."""
    scores = findings.results.scores
    alt = f"Confusion matrix of the {findings.shown} split: " + "; ".join(
        f"of {sum(row):,} {name}: " + ", ".join(f"{n:,} as {said}" for n, said in zip(row, scores.counts, strict=True))
        for name, row in zip(scores.counts, scores.confusion.tolist(), strict=True)
    )
    width = min(WIDE_PX, 330 + 105 * len(scores.counts))
    text = (
        f"Measured on the {findings.shown} split. The matrix shows images by true and predicted class, and shares of "
        f"each row."
    )
    svg = save_chart(findings.pictures / "confusion.png", draw_confusion, scores)
    content = Section((text,), (list_class_metrics(scores),), (show_chart(svg, alt, width),))
    return Chapter("confusion", "Classes and confusion", (content,))


def list_class_metrics(scores: SplitScores) -> Table:
    """Returns the metrics of each class against the rest."""
    rows = [
        (label, *(write_metric(metrics[name]) for name in CLASS_METRICS)) for label, metrics in scores.by_class.items()
    ]
    names = tuple(title[:1].upper() + title[1:] for title in CLASS_METRICS.values())
    return Table("Each class against the rest", ("Class", *names), tuple(rows))


def draw_confusion(scores: SplitScores) -> Any:
    """Returns a figure of the confusion matrix: counts and percentages of each row; shade is the percentage."""
    names = [name_plainly(label) for label in scores.counts]
    number, counts = len(names), scores.confusion
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = min(8.6, 1.6 + 1.0 * number)
    figure = make_figure(side, side + 1.4)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(number, number) if number <= MATRIX_CLASSES else ():
        colour = "white" if shares[row, column] > 0.55 else INK
        text = f"{counts[row, column]:,}\n{shares[row, column]:.0%}" if counts[row].sum() else "no image"
        axes.text(column, row, text, ha="center", va="center", fontsize=9.5, color=colour)
    totals = [f"{name} ({count:,})" for name, count in zip(names, counts.sum(1), strict=True)]
    axes.set(xticks=range(number), yticks=range(number), yticklabels=totals)
    axes.set_xticklabels(names, rotation=30 if number > 3 else 0, ha="right" if number > 3 else "center")
    axes.set(xlabel="predicted", ylabel="true class (images)")
    axes.grid(visible=False)
    return figure
