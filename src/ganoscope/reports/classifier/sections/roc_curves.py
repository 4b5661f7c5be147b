"""ROC, precision and recall: a curve per class, with the classifier's operating point."""

from typing import Any

import numpy as np

from ganoscope.evaluate.classification.curve_points import SplitCurves
from ganoscope.evaluate.classification.metrics import SplitScores
from ganoscope.figures.axes import COLOURS, FAINT, INK, STYLES, make_figure, name_plainly
from ganoscope.reports.classifier.artefacts import Measured
from ganoscope.reports.classifier.sections.scores import write_metric
from ganoscope.reports.kit.chart_files import save_chart, show_chart
from ganoscope.reports.kit.content import Chapter, Section

POINTS = 400
"""Points per line, at most."""


def show(findings: Measured) -> Chapter:
    """Returns the ROC and the precision-recall curves."""
    curves, scores = findings.results.curves, findings.results.scores
    drawn = list(curves.by_class)
    if not drawn:
        none = f"No curve is defined: every image of the {findings.shown} split is of one class."
        return Chapter("curves", "ROC, precision and recall", (Section((none,)),))
    values = "; ".join(f"{name}: {write_metric(scores.by_class[name]['auroc'])}" for name in drawn)
    roc = save_chart(findings.pictures / "roc.png", draw_roc, curves, scores)
    precision = save_chart(findings.pictures / "precision_recall.png", draw_precision_recall, curves, scores)
    pictures = (
        show_chart(roc, f"ROC curves. AUROC {values}."),
        show_chart(precision, f"Precision over recall for {', '.join(drawn)}."),
    )
    content = Section((describe_curves(findings, drawn),), pairs=pictures)
    return Chapter("curves", "ROC, precision and recall", (content,))


def describe_curves(findings: Measured, drawn: list[str]) -> str:
    """Returns how to read the curves of the classes that are drawn."""
    classes = len(findings.record.classes)
    cut = f" The {len(drawn)} classes with the most images." if 2 < len(drawn) < classes else ""
    against = "" if classes == 2 else " Each class against the rest."
    return (
        f"On the {findings.shown} split.{against}{cut} The ring marks the decision for the most probable class. Dotted "
        "lines: chance, which for precision is the prevalence."
    )


def draw_roc(curves: SplitCurves, scores: SplitScores) -> Any:
    """Returns a figure with the ROC curve of each class against the rest, and its operating point."""
    figure, axes = make_square()
    axes.plot([0, 1], [0, 1], **FAINT)
    for number, (label, curve) in enumerate(curves.by_class.items()):
        metrics = scores.by_class[label]
        point = (1 - metrics["specificity"].value, metrics["sensitivity"].value)
        text = f"{name_plainly(label)}: {write_metric(metrics['auroc'])}"
        draw_curve(axes, (curve.false_positive_rate, curve.true_positive_rate), point, number, text)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title="ROC, with AUROC")
    finish_square(axes)
    return figure


def draw_precision_recall(curves: SplitCurves, scores: SplitScores) -> Any:
    """Returns a figure with precision over recall of each class against the rest; its prevalence as a dotted line."""
    figure, axes = make_square()
    for number, (label, curve) in enumerate(curves.by_class.items()):
        metrics = scores.by_class[label]
        point = (metrics["sensitivity"].value, metrics["precision"].value)
        axes.axhline(curve.prevalence, color=COLOURS[number], linewidth=1, linestyle=(0, (1, 2)))
        worth = f"{write_metric(metrics['auprc'])}, prevalence {curve.prevalence:.2f}"
        draw_curve(axes, (curve.recall, curve.precision), point, number, f"{name_plainly(label)}: {worth}")
    axes.set(xlabel="recall (sensitivity)", ylabel="precision", title="Precision and recall, with AUPRC")
    finish_square(axes)
    return figure


def make_square() -> tuple[Any, Any]:
    """Returns (a figure half as wide as the page, its axes)."""
    figure = make_figure(4.9, 4.4)
    return figure, figure.add_subplot()


def draw_curve(axes: Any, points: tuple[Any, Any], operating: tuple[float, float], number: int, label: str) -> None:
    """Draws one class's curve, and a ring at the operating point of the classifier.

    Args:
        axes: Matplotlib axes to draw into.
        points: Coordinates of the curve, each of shape (T,).
        operating: Coordinates of the operating point.
        number: Number of the class, for colour and style.
        label: Text in the legend.
    """
    x, y = points
    thin = np.unique(np.linspace(0, len(x) - 1, min(POINTS, len(x))).astype(int))
    axes.plot(x[thin], y[thin], STYLES[number % len(STYLES)], color=COLOURS[number], linewidth=1.6, label=label)
    look = {"markerfacecolor": "white", "markeredgecolor": COLOURS[number], "markeredgewidth": 1.8, "markersize": 8}
    axes.plot(*operating, "o", clip_on=False, zorder=6, **look)


def finish_square(axes: Any) -> None:
    """Sets both axes to 0 to 1, and puts the legend below, with the ring explained."""
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.plot([], [], "o", markerfacecolor="white", markeredgecolor=INK, label="decision: most probable class")
    axes.figure.legend(frameon=False, loc="outside lower center", fontsize=8.5)
