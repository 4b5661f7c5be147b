"""The Grad-CAM gallery as pictures: one per class, a row for each kind of answer."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.evaluate.classification.metrics import Predictions
from ganoscope.explanation.answers import COLUMNS, HeatMaps
from ganoscope.figures.overlays import SCALE_QUANTILE, blend, draw_colour_bar, show, show_map
from ganoscope.files import replacing
from ganoscope.reports.store.charts import name_plainly

FINDING = "#00d0ff"
"""Outline of an annotated finding: a colour that the maps do not have."""
DPI = 120
WIDTH_INCHES, ROW_INCHES, BAR_INCHES = 11.4, 1.55, 0.85
NAME_LENGTH = 16


def save_gallery(
    path: Path, store: Store, predictions: Predictions, indices: NDArray[np.int64], heat: HeatMaps, label: str
) -> Path:
    """Draws images and maps of one class's right and wrong answers, writes them as PNG, and returns the path.

    Args:
        path: File to write.
        store: Where the images are.
        predictions: Of one part.
        indices: Positions of their images in the store, shape (N,).
        heat: The maps.
        label: Name of the class.
    """
    kinds = heat.galleries[label]
    height = ROW_INCHES * len(kinds) + BAR_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor="white")
    edges = {"left": 0.03, "right": 0.995, "bottom": BAR_INCHES / height, "top": 1 - 0.22 / height}
    grid = figure.subplots(
        len(kinds), 2 * COLUMNS, squeeze=False, gridspec_kw={**edges, "wspace": 0.05, "hspace": 0.16}
    )
    scale = find_scale(heat)
    for cells, (kind, rows) in zip(grid, kinds.items(), strict=True):
        for cell in cells:
            cell.set_axis_off()
        title = f"{kind}{'' if len(rows) else ': none'}"
        cells[0].text(-0.06, 0.5, title, transform=cells[0].transAxes, rotation=90, va="center", ha="right", fontsize=9)
        for place, row in enumerate(rows):
            draw_pair(cells[2 * place : 2 * place + 2], store, predictions, indices, heat, (int(row), scale))
    bar = figure.add_axes((0.25, 0.52 / height, 0.5, 0.12 / height))
    draw_colour_bar(bar, scale, f"Grad-CAM of the predicted class, layer {heat.layer}")
    with replacing(path) as partial:
        figure.savefig(partial, format="png")
    return path


def find_scale(heat: HeatMaps) -> float:
    """Returns the raw value at the upper end of the colours: nearly the largest of all maps; 0 where all are empty."""
    peaks = heat.maps.max((1, 2))
    return float(np.quantile(peaks[peaks > 0], SCALE_QUANTILE)) if (peaks > 0).any() else 0.0


def draw_pair(
    cells: NDArray[Any],
    store: Store,
    predictions: Predictions,
    indices: NDArray[np.int64],
    heat: HeatMaps,
    shown: tuple[int, float],
) -> None:
    """Draws one image, the outline of its finding where there is one, and its map beside it."""
    row, scale = shown
    index = int(indices[row])
    image = store.intensity.to_view(store.load_images(np.array([index]))[0, 0])
    show(cells[0], blend(image, np.zeros_like(image), 0.0))
    outline(cells[0], store, index)
    show_map(cells[1], image, heat.find_map(row), scale)
    said = int(predictions.predicted[row])
    cells[0].set_title(f"is {shorten(predictions.classes[int(predictions.codes[row])])}", fontsize=8, loc="left")
    cells[1].set_title(
        f"{shorten(predictions.classes[said])} {predictions.probabilities[row, said]:.2f}", fontsize=8, loc="left"
    )


def outline(axes: Axes, store: Store, index: int) -> None:
    """Draws the outline of an image's mask, where it has one."""
    if store.masks is not None and store.masks[index].any():
        axes.contour(np.asarray(store.masks[index]), [0.5], colors=FINDING, linewidths=0.9)


def shorten(label: str) -> str:
    """Returns a class name that fits above a small picture."""
    return name_plainly(label if len(label) <= NAME_LENGTH else label[: NAME_LENGTH - 1] + "…")
