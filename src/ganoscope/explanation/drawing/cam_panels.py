"""Panels of a CAM-guided GAN's maps.

All maps are in [0, 1] and drawn on one scale, 0 to 1, never stretched; an empty one is the plain image with the word
"empty".
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganoscope.data.store.intensity import IntensityMap
from ganoscope.explanation.cam_maps import CamPanel, Maps
from ganoscope.figures.overlays import COLOURS, blend, show, show_map


def chart_cam_panels(panels: Mapping[str, CamPanel], intensity: IntensityMap) -> dict[str, Figure]:
    """Returns a figure per panel, by name, with images drawn by a run's map of intensities."""
    return {name: make_cam_panel(panel, intensity) for name, panel in panels.items()}


def make_cam_panel(panel: CamPanel, intensity: IntensityMap) -> Figure:
    """Returns a panel: a row per image, a column per map; sets side by side, and a colour bar for all."""
    content = {name: (intensity.to_view(images), maps) for name, (images, maps) in panel.sets.items()}
    columns = [1 + len(maps) for _, maps in content.values()]
    rows = max(len(images) for images, _ in content.values())
    cell = 12 / sum(columns)
    figure = Figure(figsize=(12, cell * rows * 1.06 + 1.9), dpi=100, facecolor="white", layout="constrained")
    halves: Any = figure.subfigures(2, 1, height_ratios=(cell * rows * 1.06 + 1.1, 0.8))
    halves[0].suptitle(panel.title, fontsize=13, weight="bold")
    sides = halves[0].subfigures(1, len(content), width_ratios=columns, squeeze=False)[0]
    for side, (name, (images, maps)) in zip(sides, content.items(), strict=True):
        side.suptitle("held-out real images" if name == "real" else "generated images", fontsize=11)
        grid = side.subplots(rows, 1 + len(maps), squeeze=False)
        draw_side(grid, images, maps)
    mapping = ScalarMappable(Normalize(0, 1), COLOURS)
    figure.colorbar(mapping, cax=halves[1].subplots(), orientation="horizontal").set_label(panel.scale, fontsize=10)
    return figure


def draw_side(grid: Any, images: NDArray[np.float32], maps: Maps) -> None:
    """Draws images with their maps, and the titles of the columns.

    Args:
        grid: Axes, shape (rows, 1 + number of maps).
        images: Shape (N, 1, H, W), -1 (black) to 1 (white).
        maps: Their maps.
    """
    for axes, head in zip(grid[0], ("image", *maps), strict=True):
        axes.set_title(head, fontsize=10)
    for row in grid:
        for axes in row:
            axes.set_axis_off()
    for index, image in enumerate(images[:, 0]):
        show(grid[index, 0], blend(image, np.zeros_like(image), 0.0))
        for axes, heat in zip(grid[index, 1:], maps.values(), strict=True):
            show_map(axes, image, heat[index], 1.0)
