"""Charts of the inspection page as SVG: intensities, images per patient, source geometry and shortcuts per class."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store.intensity import IntensityMap
from ganoscope.figures.axes import COLOURS, STYLES, make_figure, styled, to_svg
from ganoscope.reports.store.measurements import Measurements, find_range
from ganoscope.seeds import Stream, stream

CLASSES = 6
"""Classes in a chart, at most: as many as there are colours."""
POINTS = 120
"""Points per class in a strip plot."""
BINS = 160
"""Steps of an intensity curve."""
OUTSIDE = 0.0005
"""Share of pixels that may lie beyond the ends of the intensity chart."""
LABEL_LENGTH = 26
INK = "#344054"
Panels: TypeAlias = Mapping[str, Mapping[str, NDArray[np.float64]]]
"""By the name of a quantity: its values in each class."""


def name_plainly(label: str) -> str:
    r"""Returns a class name fit for a chart: shortened, and with no part of it taken for a formula.

    Example:
        >>> name_plainly("cost in $"), len(name_plainly("x" * 99))
        ('cost in \\$', 26)
    """
    short = label if len(label) <= LABEL_LENGTH else label[: LABEL_LENGTH - 1] + "…"
    return short.replace("$", r"\$")


@styled
def draw_intensities(measured: Measurements, classes: Sequence[str], intensity: IntensityMap) -> str:
    """Returns the distribution of stored values per class as SVG, with the window that networks see marked."""
    figure = make_figure(3.0)
    axes = figure.add_subplot()
    first, last = find_range(measured.histograms, OUTSIDE)
    group = max(1, -(-(last - first + 1) // BINS))
    for number, label in enumerate(classes[:CLASSES]):
        values, shares = thin_histogram(measured, label, (first, last), group)
        look = {"color": COLOURS[number], "linestyle": STYLES[number % len(STYLES)], "linewidth": 1.4}
        axes.stairs(shares, values, label=name_plainly(label), baseline=None, **look)
    low, high = measured.values[first], measured.values[last] + measured.step
    mark_window(axes, intensity, float(low), float(high))
    axes.set_axisbelow(True)
    axes.set(xlabel=f"stored value ({intensity.unit})", ylabel="share of pixels", yscale="log")
    axes.legend(frameon=False, ncols=4, loc="lower right", bbox_to_anchor=(1, 1.0), borderaxespad=0, fontsize=9)
    return to_svg(figure)


def thin_histogram(
    measured: Measurements, label: str, span: tuple[int, int], group: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns edges and shares of a class's histogram between two bins, `group` bins joined into one.

    Shares are per stored value's bin width joined; empty ones are NaN, so that a logarithmic axis leaves them out.
    """
    first = span[0]
    groups = -(-(span[1] - first + 1) // group)
    counts = measured.histograms.get(label, np.zeros(len(measured.values), np.int64))
    padded = np.zeros(groups * group)
    part = counts[first : first + groups * group]
    padded[: len(part)] = part
    shares = padded.reshape(groups, group).sum(axis=1) / max(1, counts.sum())
    edges = (measured.values[first] + np.arange(groups + 1) * group * measured.step).astype(np.float64)
    return edges, np.where(shares > 0, shares, np.nan).astype(np.float64)


def mark_window(axes: Any, intensity: IntensityMap, low: float, high: float) -> None:
    """Shades what lies outside the window, where some of the chart does, and names its ends."""
    margin = 0.03 * (high - low)
    axes.set_xlim(low - margin, high + margin)
    for end, beyond in ((intensity.low, low - margin), (intensity.high, high + margin)):
        if low - margin < end < high + margin:
            axes.axvspan(min(end, beyond), max(end, beyond), color="#667085", alpha=0.13, linewidth=0)
            axes.axvline(end, color=INK, linewidth=1, linestyle=(0, (1, 2)))


@styled
def draw_images_per_patient(counts: NDArray[np.int64]) -> str:
    """Returns how many patients have how many images, as SVG.

    Args:
        counts: Images of each patient, shape (P,).
    """
    figure = make_figure(2.4)
    axes = figure.add_subplot()
    most = int(counts.max())
    width = max(1, -(-most // 40))
    edges = np.arange(0.5, most + width + 0.5, width)
    heights = np.histogram(counts, edges)[0]
    bars = axes.bar(edges[:-1] + width / 2, heights, width=0.86 * width, color=COLOURS[0])
    axes.bar_label(bars, [f"{height:,}" if height else "" for height in heights], fontsize=8, color=INK, padding=1)
    axes.margins(y=0.12)
    axes.set_axisbelow(True)
    wide = "" if width == 1 else f", {width} to a bar"
    axes.set(xlabel=f"images of one patient{wide}", ylabel="patients", xlim=(0, edges[-1] + 0.5))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="x", visible=False)
    return to_svg(figure)


@styled
def draw_strips(panels: Panels, seed: int) -> str:
    """Returns quantities per class as SVG: the middle half as a box, the median as a line, some images as points.

    Args:
        panels: By the quantity's name: values of each class, each of shape (n,) with n of 1 or more.
        seed: Of the choice of points and their scatter.
    """
    classes = list(next(iter(panels.values())))
    figure = make_figure(0.8 + 0.42 * len(classes))
    rng = stream(seed, Stream.STRIP_POINTS)
    for number, (name, values) in enumerate(panels.items()):
        axes = figure.add_subplot(1, len(panels), number + 1)
        for row, label in enumerate(classes):
            draw_strip(axes, values[label], row, rng)
        ticks = [name_plainly(label) for label in classes] if number == 0 else [""] * len(classes)
        axes.set(title=name, yticks=range(len(classes)), yticklabels=ticks, ylim=(len(classes) - 0.5, -0.5))
        axes.grid(axis="y", visible=False)
        axes.locator_params(axis="x", nbins=5)
    return to_svg(figure)


def draw_strip(axes: Any, values: NDArray[np.float64], row: int, rng: np.random.Generator) -> None:
    """Draws the values of one class in one row."""
    shown = values if len(values) <= POINTS else rng.choice(values, POINTS, replace=False)
    scatter = rng.uniform(-0.28, 0.28, len(shown))
    colour = COLOURS[row % len(COLOURS)]
    axes.plot(shown, row + scatter, ".", markersize=4.5, alpha=0.5, markeredgewidth=0, color=colour)
    low, middle, high = np.percentile(values, (25, 50, 75))
    box = {"facecolor": "none", "edgecolor": INK, "linewidth": 0.9, "zorder": 4}
    axes.barh(row, max(high - low, 1e-9), left=low, height=0.62, **box)
    axes.plot([middle, middle], [row - 0.31, row + 0.31], color=INK, linewidth=1.8, zorder=5)


@styled
def draw_shortcuts(rows: Sequence[tuple[str, float, float, float]]) -> str:
    """Returns how well single facts tell the class as SVG: (name, AUC, lowest, highest) per row."""
    figure = make_figure(0.75 + 0.34 * len(rows))
    axes = figure.add_subplot()
    for row, (_, auc, low, high) in enumerate(rows):
        strong = low > 0.5
        colour = COLOURS[1] if strong else "#98a2b3"
        axes.barh(row, auc - 0.5, left=0.5, height=0.5, color=colour, alpha=0.35)
        ends = [[max(0.0, auc - low)], [max(0.0, high - auc)]]
        axes.errorbar(auc, row, xerr=ends, fmt="D" if strong else "o", color=colour, markersize=4.5, capsize=4)
    axes.axvline(0.5, color=INK, linewidth=1, linestyle=(0, (1, 2)))
    axes.set_axisbelow(True)
    lowest = min(0.45, *(low for _, _, low, _ in rows)) if rows else 0.45
    axes.set(
        yticks=range(len(rows)),
        yticklabels=[name_plainly(name) for name, *_ in rows],
        ylim=(len(rows) - 0.5, -0.5),
        xlim=(max(0.0, lowest - 0.02), 1.0),
        xlabel="cross-validated AUC of the label (0.5: chance; 1: this fact alone gives the label away)",
    )
    return to_svg(figure)
