"""Grad-CAM of every arm's network, side by side on the same images."""

from typing import Any

import numpy as np

from ganoscope.figures.axes import make_figure, name_plainly
from ganoscope.figures.overlays import blend, find_colour_scale, show_map
from ganoscope.figures.overlays import show as show_image
from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Arrays, Findings
from ganoscope.studies.analysis.arm_grad_cams import GradCams

CELL_INCHES = 1.35


def show(findings: Findings) -> Chapter | None:
    """Returns the grid of maps; None where it was left out, or no family is a network."""
    if findings.cams is None:
        return None
    cams, arrays = findings.cams
    layers = ", ".join(dict.fromkeys(one.layer for one in cams.arms))
    text = (
        f"What the {cams.family} of every arm looks at (first split, first seed; layer {layers}): the evidence for the "
        f"image's own class, and the probability that the network gives to that class. Real images are held-out ones. "
        f"Negative is {cams.negative}; every other class is positive. Colours are scaled for each arm by itself, as "
        "logits of different networks have no common unit. The maps show places, not reasons, and single images prove "
        "nothing about an arm."
    )
    rows = tuple(
        (f"{one.kind} {number + 1}", one.label, *(f"{arm.probabilities[number]:.2f}" for arm in cams.arms))
        for number, one in enumerate(cams.subjects)
    )
    header = ("Image", "class", *(arm.arm for arm in cams.arms))
    table = Table("Calibrated probability of the image's own class", header, rows)
    alt = f"Heat maps of {len(cams.arms)} arms on {len(cams.subjects)} images."
    figures = findings.draw_pixels("grad_cams", alt, draw_grid, cams, arrays)
    return Chapter("grad_cams", "Grad-CAM", (Section((text,), figures=figures), Section(tables=(table,))))


def draw_grid(cams: GradCams, arrays: Arrays) -> Any:
    """Returns a figure with a row for each image and a column for each arm.

    Args:
        cams: Images and arms.
        arrays: `images` and `maps/ARM`, shape (N, H, W).
    """
    count, columns = len(cams.subjects), len(cams.arms) + 1
    figure = make_figure(0.4 + CELL_INCHES * count, 1.3 + CELL_INCHES * columns)
    grid: Any = figure.subplots(count, columns, squeeze=False)
    scales = [find_colour_scale(arrays[f"maps/{arm.arm}"].max((1, 2))) for arm in cams.arms]
    for row, (cells, subject) in enumerate(zip(grid, cams.subjects, strict=True)):
        image = arrays["images"][row]
        show_image(cells[0], blend(image, np.zeros_like(image), 0.0))
        label = f"{subject.kind}\n{name_plainly(subject.label)}"
        cells[0].text(-0.08, 0.5, label, transform=cells[0].transAxes, ha="right", va="center", fontsize=8.5)
        for cell, arm, scale in zip(cells[1:], cams.arms, scales, strict=True):
            show_map(cell, image, arrays[f"maps/{arm.arm}"][row], scale)
            text = f"{arm.probabilities[row]:.2f}"
            cell.set_title(f"{arm.arm}\n{text}" if row == 0 else text, fontsize=8.5, loc="center", pad=2)
    return figure
