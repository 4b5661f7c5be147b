"""Charts about a classifier: ROC, precision and recall, reliability, confusion, training curves."""

import io
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ganoscope.evaluate.classification.calibration import BINS, compute_reliability
from ganoscope.evaluate.classification.metrics import Metric, PartScores, Predictions
from ganoscope.figures.axes import COLOURS, STYLE, STYLES, make_figure, to_svg
from ganoscope.files import replacing
from ganoscope.reports.store.charts import INK, name_plainly
from ganoscope.training.classifier.epochs import Epoch, find_best

CLASSES = 6
"""Classes in a chart, at most: as many as there are colours."""
MATRIX_CLASSES = 12
"""Classes up to which a confusion matrix has numbers in its cells."""
DPI = 160
POINTS = 400
"""Points per line, at most."""
FAINT = {"color": INK, "linewidth": 1, "linestyle": (0, (1, 2))}


def save_chart(path: Path, draw: Callable[..., Any], *arguments: Any) -> str:
    """Draws a chart in the report's style, writes it as PNG, and returns it as SVG text."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        figure = draw(*arguments)
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=DPI)
        with replacing(path) as partial:
            partial.write_bytes(content.getvalue())
        return to_svg(figure)


def list_drawn(predictions: Predictions) -> list[int]:
    """Returns the codes of the classes that have curves: of two, the second; of more, the six with the most images.

    A class that has no image, or all of them, has none.
    """
    counts = np.bincount(predictions.codes, minlength=len(predictions.classes))
    chosen = [1] if len(counts) == 2 else sorted(np.argsort(-counts, kind="stable")[:CLASSES].tolist())
    return [code for code in chosen if 0 < counts[code] < len(predictions.codes)]


def write_metric(metric: Metric) -> str:
    """Returns a metric with its interval.

    Example:
        >>> write_metric(Metric(0.9, 0.85, 0.94, images=10, groups=5)), write_metric(Metric(float("nan"), 0, 0, 1, 1))
        ('0.900 (0.850 to 0.940)', 'not defined')
        >>> write_metric(Metric(0.9, float("nan"), float("nan"), images=3, groups=3))
        '0.900 (no interval)'
    """
    if np.isnan(metric.value):
        return "not defined"
    interval = "no interval" if np.isnan(metric.low) else f"{metric.low:.3f} to {metric.high:.3f}"
    return f"{metric.value:.3f} ({interval})"


def draw_roc(predictions: Predictions, scores: PartScores) -> Any:
    """Returns a figure with the ROC curve of each class against the rest, and its operating point."""
    from sklearn.metrics import roc_curve

    figure, axes = make_square()
    axes.plot([0, 1], [0, 1], **FAINT)
    for number, code in enumerate(list_drawn(predictions)):
        label = predictions.classes[code]
        metrics = scores.by_class[label]
        across, up, _ = roc_curve(predictions.codes == code, predictions.probabilities[:, code])
        point = (1 - metrics["specificity"].value, metrics["sensitivity"].value)
        draw_curve(axes, (across, up), point, number, f"{name_plainly(label)}: {write_metric(metrics['auroc'])}")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title="ROC, with AUROC")
    finish_square(axes)
    return figure


def draw_precision_recall(predictions: Predictions, scores: PartScores) -> Any:
    """Returns a figure with precision over recall of each class against the rest; its prevalence as a dotted line."""
    from sklearn.metrics import precision_recall_curve

    figure, axes = make_square()
    for number, code in enumerate(list_drawn(predictions)):
        label = predictions.classes[code]
        metrics = scores.by_class[label]
        precision, recall, _ = precision_recall_curve(predictions.codes == code, predictions.probabilities[:, code])
        point = (metrics["sensitivity"].value, metrics["precision"].value)
        prevalence = float(np.mean(predictions.codes == code))
        axes.axhline(prevalence, color=COLOURS[number], linewidth=1, linestyle=(0, (1, 2)))
        worth = f"{write_metric(metrics['auprc'])}, prevalence {prevalence:.2f}"
        draw_curve(axes, (recall, precision), point, number, f"{name_plainly(label)}: {worth}")
    axes.set(xlabel="recall (sensitivity)", ylabel="precision", title="Precision and recall, with AUPRC")
    finish_square(axes)
    return figure


def make_square() -> tuple[Any, Any]:
    """Returns a figure half as wide as the page, and its axes."""
    figure = make_figure(4.9)
    figure.set_size_inches(4.4, 4.9)
    return figure, figure.add_subplot()


def draw_curve(axes: Any, points: tuple[Any, Any], operating: tuple[float, float], number: int, label: str) -> None:
    """Draws one class's curve, and a ring where the classifier's own decision lies."""
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


def draw_reliability(predictions: Predictions, scores: PartScores) -> Any:
    """Returns a figure of accuracy over confidence before and after temperature scaling, with the counts below."""
    figure = make_figure(4.2)
    grid: Any = figure.subplots(2, 2, sharex=True, height_ratios=(3, 1))
    pairs = (
        ("temperature 1", predictions.uncalibrated, "ece_uncalibrated"),
        ("calibrated", predictions.probabilities, "ece"),
    )
    edges = np.linspace(0, 1, BINS + 1)
    for column, (name, probabilities, metric) in enumerate(pairs):
        above, below = grid[:, column]
        found = compute_reliability(probabilities, predictions.codes)
        above.plot([0, 1], [0, 1], **FAINT)
        above.bar(edges[:-1], found.accuracy, 1 / BINS, align="edge", color=COLOURS[0], alpha=0.25, edgecolor="white")
        above.plot(found.confidence, found.accuracy, "o", color=COLOURS[0], markersize=5, clip_on=False, zorder=5)
        for axes in (above, below):
            axes.set_axisbelow(True)
        above.set(title=f"{name}: ECE {write_metric(scores.metrics[metric])}", ylim=(0, 1.02))
        bars = below.bar(edges[:-1], found.counts, 1 / BINS, align="edge", color="#98a2b3", edgecolor="white")
        below.bar_label(bars, [f"{count:,}" if count else "" for count in found.counts], fontsize=7.5, color=INK)
        lowest = 1 / len(predictions.classes)
        below.set(xlabel="confidence: probability of the predicted class", xlim=(min(0.5, lowest) - 0.02, 1.01))
        below.margins(y=0.25)
        below.grid(axis="x", visible=False)
    grid[0, 0].set_ylabel("accuracy")
    grid[1, 0].set_ylabel("images")
    return figure


def draw_confusion(scores: PartScores) -> Any:
    """Returns a figure of the confusion matrix: counts and percentages of each row; shade is the percentage."""
    names = [name_plainly(label) for label in scores.counts]
    number, counts = len(names), scores.confusion
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = min(8.6, 1.6 + 1.0 * number)
    figure = make_figure(side)
    figure.set_size_inches(side + 1.4, side)
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


def draw_curves(epochs: Sequence[Epoch]) -> Any:
    """Returns a figure of losses and validation AUROC over epochs; the epoch whose weights are kept is marked."""
    figure = make_figure(2.9)
    left, right = figure.subplots(1, 2)
    numbers = [epoch.epoch for epoch in epochs]
    best = epochs[find_best(epochs)]
    left.plot(numbers, [epoch.train_loss for epoch in epochs], color=COLOURS[0], label="training")
    left.plot(numbers, [epoch.validation_loss for epoch in epochs], "--", color=COLOURS[1], label="validation")
    left.set(title="loss (weighted cross-entropy)")
    right.plot(numbers, [epoch.validation_auroc for epoch in epochs], color=COLOURS[1], label="validation")
    right.set(title="AUROC")
    drops = [late.epoch for early, late in pairwise(epochs) if late.learning_rate < early.learning_rate]
    for axes in (left, right):
        axes.axvline(best.epoch, label=f"kept: epoch {best.epoch}", **FAINT)
        for place, epoch in enumerate(drops):
            axes.axvline(epoch - 0.5, color="#98a2b3", linewidth=0.8, label="learning rate falls" if not place else "_")
        axes.set(xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False, fontsize=8.5)
    return figure
