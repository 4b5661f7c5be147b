"""Training curves as SVG: losses by phase, and how the discriminators score real and generated images."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.figures.axes import COLOURS, INK, STYLES, make_figure, styled, to_svg

POINTS = 600
"""Points per line, at most: a report stays small after a million steps."""
WINDOW_SHARE = 0.02
"""Width of the moving average, as a share of all steps."""
PROBABILITIES = ("d_real", "d_fake")
"""Terms of any phase that are a mean output of D: a probability of "real", or the score of a patch."""
LABELS = {"d_real": "D(x): real images", "d_fake": "D(G(z)): generated images"}
PATCH_LABELS = {"d_real": "real images", "d_fake": "translated images"}
LEGEND_COLUMNS, LEGEND_ROW_POINTS = 3, 17
History = Mapping[str, NDArray[np.float64]]


def group_terms(history: History) -> dict[str, list[str]]:
    """Returns the names of the loss terms by phase, without probabilities, images and seconds.

    Example:
        >>> group_terms({"images": np.ones(1), "critic.real": np.ones(1), "critic.d_real": np.ones(1)})
        {'critic': ['critic.real']}
    """
    phases: dict[str, list[str]] = {}
    for name in history:
        phase, _, term = name.partition(".")
        if term and term not in PROBABILITIES:
            phases.setdefault(phase, []).append(name)
    return phases


def list_probabilities(history: History) -> list[str]:
    """Returns the columns that are probabilities."""
    return [name for name in history if name.rpartition(".")[2] in PROBABILITIES]


def smooth(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Returns the centred moving average; at both ends, over the steps that exist.

    Args:
        values: Shape (T,).
        window: Steps to average over, an odd number.

    Example:
        >>> smooth(np.array([0.0, 3.0, 6.0]), window=3).tolist()
        [1.5, 3.0, 4.5]
    """
    position = np.arange(len(values))
    first = np.maximum(position - window // 2, 0)
    after = np.minimum(position + window // 2 + 1, len(values))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return (sums[after] - sums[first]) / (after - first)


def choose_window(steps: int) -> int:
    """Returns the odd number of steps that curves are averaged over.

    Example:
        >>> [choose_window(steps) for steps in (1, 100, 10_000)]
        [1, 5, 201]
    """
    return 1 if steps < 20 else max(5, round(WINDOW_SHARE * steps) // 2 * 2 + 1)


@styled
def draw_losses(history: History) -> str:
    """Returns the loss terms over images seen as SVG, one panel per phase: every step faint, the average strong."""
    phases = group_terms(history)
    rows = -(-len(phases) // 2)
    figure = make_figure(2.7 * rows)
    for position, (phase, names) in enumerate(phases.items()):
        axes = figure.add_subplot(rows, min(2, len(phases)), position + 1)
        for index, name in enumerate(names):
            draw_line(axes, history, name, index)
        axes.set(title=phase.replace("_", " "), ylabel="loss", ylim=find_limits([history[name] for name in names]))
        finish_axes(axes)
    return to_svg(figure)


@styled
def draw_probabilities(history: History) -> str:
    """Returns the probability of "real" that D gives to real and to generated images, over images seen, as SVG."""
    figure = make_figure(2.6)
    axes = figure.add_subplot()
    axes.axhline(0.5, color=INK, linewidth=1, linestyle=(0, (1, 2)))
    axes.text(1.0, 0.5, " 0.5", transform=axes.get_yaxis_transform(), va="center", fontsize=8.5, color=INK)
    for index, name in enumerate(list_probabilities(history)):
        draw_line(axes, history, name, index)
    axes.set(ylabel="probability of real", ylim=(-0.02, 1.02))
    finish_axes(axes)
    return to_svg(figure)


@styled
def draw_patch_scores(history: History) -> str:
    """Returns the discriminators' mean scores of real and of translated patches over images seen as SVG."""
    figure = make_figure(2.6)
    axes = figure.add_subplot()
    for goal in (0, 1):
        axes.axhline(goal, color=INK, linewidth=1, linestyle=(0, (1, 2)))
    names = list_probabilities(history)
    for index, name in enumerate(names):
        draw_line(axes, history, name, index, PATCH_LABELS)
    low, high = find_limits([history[name] for name in names])
    axes.set(ylabel="score of a patch", ylim=(min(low, -0.1), max(high, 1.1)))
    finish_axes(axes)
    return to_svg(figure)


def draw_line(axes: Any, history: History, name: str, index: int, labels: Mapping[str, str] = LABELS) -> None:
    """Draws one column: every step faint, the moving average strong; steps without a value are left out.

    Args:
        axes: Where to draw.
        history: Columns of the run's history, each of shape (T,).
        name: The column's name.
        index: Its place among the lines, which sets its colour and style.
        labels: Names of terms in the legend.
    """
    there = np.isfinite(history[name])
    images, values = history["images"][there], history[name][there]
    if not len(values):
        return
    thin = np.unique(np.linspace(0, len(values) - 1, min(POINTS, len(values))).astype(int))
    mean = smooth(values, choose_window(len(values)))
    term = name.partition(".")[2]
    look = {"color": COLOURS[index % len(COLOURS)]}
    axes.plot(images[thin], values[thin], alpha=0.3, linewidth=0.7, **look)
    label = labels.get(term, term.replace("_", " "))
    axes.plot(images[thin], mean[thin], STYLES[index % len(STYLES)], linewidth=1.6, label=label, **look)


def find_limits(columns: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Returns axis limits around the middle 99% of all values, with a margin; the first steps may be outliers.

    Each column has the shape (N,).
    """
    values = np.concatenate(columns)
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, (0.5, 99.5)) if len(values) else (0.0, 1.0)
    margin = 0.06 * (high - low) or 0.5
    return float(low - margin), float(high + margin)


def finish_axes(axes: Any) -> None:
    """Labels the images axis, with separators in its numbers; puts the legend above the lines, below a title."""
    axes.set_xlabel("images seen")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.locator_params(axis="x", nbins=5)
    rows = -(-len(axes.get_legend_handles_labels()[0]) // LEGEND_COLUMNS)
    if rows:
        look = {"loc": "lower right", "bbox_to_anchor": (1, 0.98), "borderaxespad": 0, "fontsize": 9}
        axes.legend(frameon=False, ncols=LEGEND_COLUMNS, **look)
    if rows > 1:
        axes.set_title(axes.get_title("left"), pad=LEGEND_ROW_POINTS * rows)
