"""Intensities: the distribution of stored values per class, with the window that networks see."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.inspection.brightness import Measurements, find_range
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.figures.axes import COLOURS, INK, STYLES, make_figure, name_plainly, styled, to_svg
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter, show_chart

ANCHOR, TITLE = "intensities", "Intensities"
BINS = 160
"""Steps of an intensity curve."""
OUTSIDE = 0.0005
"""Share of pixels that may lie beyond the ends of the intensity chart."""


def show(evidence: Evidence) -> StoreChapter:
    """Returns the distribution of stored values per class."""
    measured = evidence.findings.measured
    number, total = len(measured.indices), evidence.store.count
    which = "all" if number == total else f"a random sample of {number:,} of all {total:,}"
    text = f"Stored values of {which} images; pixels that a scanner did not measure are left out."
    if not measured.histograms:
        return StoreChapter(ANCHOR, TITLE, ("No pixel was measured in any image.",))
    intensity = evidence.store.intensity
    inside = f"Grey areas lie outside the range that networks see ({intensity.low:g} to {intensity.high:g})"
    caption = f"{inside}, where they fall into the chart. The share of pixels is on a logarithmic scale."
    shown = [label for label in evidence.classes if label in measured.histograms]
    alt = f"Curves of stored values by class: {', '.join(shown[: len(COLOURS)])}."
    chart = show_chart(draw_intensities(measured, shown, intensity), alt, caption)
    return StoreChapter(ANCHOR, TITLE, (text,), figures=(chart,))


@styled
def draw_intensities(measured: Measurements, classes: Sequence[str], intensity: IntensityMap) -> str:
    """Returns the distribution of stored values per class as SVG, with the window that networks see marked.

    Args:
        measured: Histograms of stored values by class.
        classes: Classes, most images first; as many are drawn as there are colours.
        intensity: The window.
    """
    figure = make_figure(3.0)
    axes = figure.add_subplot()
    first, last = find_range(measured.histograms, OUTSIDE)
    group = max(1, -(-(last - first + 1) // BINS))
    for number, label in enumerate(classes[: len(COLOURS)]):
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
    """Returns (edges, shares) of a class's histogram, shapes (M + 1,) and (M,).

    Empty shares are NaN, so that a logarithmic axis leaves them out.

    Args:
        measured: Histograms of stored values by class.
        label: Name of the class.
        span: First and last bin.
        group: Number of bins joined into one.
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
    """Shades the part of the chart that lies outside the window, and marks the window's ends.

    Args:
        axes: Matplotlib axes to draw into.
        intensity: The window.
        low: Lowest stored value of the chart.
        high: Highest stored value of the chart.
    """
    margin = 0.03 * (high - low)
    axes.set_xlim(low - margin, high + margin)
    for end, beyond in ((intensity.low, low - margin), (intensity.high, high + margin)):
        if low - margin < end < high + margin:
            axes.axvspan(min(end, beyond), max(end, beyond), color="#667085", alpha=0.13, linewidth=0)
            axes.axvline(end, color=INK, linewidth=1, linestyle=(0, (1, 2)))
