"""Source geometry: sizes, shapes and spacings of the source images by class."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ganoscope.figures.axes import COLOURS, INK, make_figure, name_plainly, styled, to_svg
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter, show_chart
from ganoscope.seeds import Stream, stream

ANCHOR, TITLE = "geometry", "Source geometry"
POINTS = 120
"""Points per class in a strip plot."""
Panels: TypeAlias = Mapping[str, Mapping[str, NDArray[np.float64]]]
"""By the name of a quantity: its values in each class."""


def show(evidence: Evidence) -> StoreChapter:
    """Returns sizes, shapes and spacings of the source images by class."""
    shown = evidence.classes[: len(COLOURS)]
    panels, sentences = sort_quantities(evidence, shown)
    modalities, numbers = np.unique(evidence.columns["modality"], return_counts=True)
    named = ", ".join(f"{number:,} {name or 'unknown'}" for name, number in zip(modalities, numbers, strict=True))
    sentences.append(f"Modalities by image: {named}.")
    if not panels:
        return StoreChapter(ANCHOR, TITLE, tuple(sentences))
    caption = "Box: middle half of a class; line: median; points: single images. Classes should not differ here."
    if len(evidence.classes) > len(shown):
        caption += f" The {len(shown)} classes with the most images."
    alt = f"Strip plots by class: {', '.join(panels)}. {describe_medians(panels)}"
    chart = show_chart(draw_strips(panels, evidence.findings.seed), alt, caption)
    return StoreChapter(ANCHOR, TITLE, tuple(sentences), figures=(chart,))


def sort_quantities(evidence: Evidence, shown: tuple[str, ...]) -> tuple[Panels, list[str]]:
    """Returns (quantities that differ between images, by class; sentences about those that are not drawn)."""
    height, width = evidence.numbers("height_px"), evidence.numbers("width_px")
    spacing = np.array([float((text.split() or ["nan"])[0]) for text in evidence.columns["spacing_mm"]])
    quantities = {
        "long side of the source (px)": np.maximum(height, width),
        "width / height of the source": width / height,
        "pixel spacing in the store (mm)": spacing,
    }
    panels, constant, unknown, partly = {}, [], [], []
    for name, values in quantities.items():
        there = np.isfinite(values)
        parts = {label: values[there & (evidence.labels == label)] for label in shown}
        if not there.any():
            unknown.append(name)
        elif values[there].min() == values[there].max():
            constant.append(f"{name} {values[there][0]:.4g}")
        elif all(map(len, parts.values())):
            panels[name] = parts
        else:
            partly.append(name)
    found = {"The same for all": constant, "Not known": unknown, "Known for some classes only": partly}
    return panels, [f"{title}: {', '.join(names)}." for title, names in found.items() if names]


def describe_medians(panels: Panels) -> str:
    """Returns the median of each quantity in each class, for readers who can't see the chart."""
    return " ".join(
        f"Median {name}: {', '.join(f'{label} {np.median(values):.4g}' for label, values in parts.items())}."
        for name, parts in panels.items()
    )


@styled
def draw_strips(panels: Panels, seed: int) -> str:
    """Returns quantities per class as SVG: the middle half as a box, the median as a line, some images as points.

    Args:
        panels: By the quantity's name: values of each class, each of shape (n,) with n of 1 or more.
        seed: Random seed of the choice of points and their scatter.
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
    """Draws the values of one class in one row.

    Args:
        axes: Matplotlib axes to draw into.
        values: Shape (n,).
        row: Number of the row.
        rng: Source of the choice of points and their scatter.
    """
    shown = values if len(values) <= POINTS else rng.choice(values, POINTS, replace=False)
    scatter = rng.uniform(-0.28, 0.28, len(shown))
    colour = COLOURS[row % len(COLOURS)]
    axes.plot(shown, row + scatter, ".", markersize=4.5, alpha=0.5, markeredgewidth=0, color=colour)
    low, middle, high = np.percentile(values, (25, 50, 75))
    box = {"facecolor": "none", "edgecolor": INK, "linewidth": 0.9, "zorder": 4}
    axes.barh(row, max(high - low, 1e-9), left=low, height=0.62, **box)
    axes.plot([middle, middle], [row - 0.31, row + 0.31], color=INK, linewidth=1.8, zorder=5)
