"""Heat maps: Grad-CAM of right and wrong predictions, a gallery per class with a row for each kind."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.explanation.answers import COLUMNS, HeatMaps
from ganoscope.figures.axes import name_plainly
from ganoscope.figures.overlays import SCALE_QUANTILE, blend, draw_colour_bar, show_map
from ganoscope.figures.overlays import show as show_image
from ganoscope.files import replacing
from ganoscope.reports.classifier.artefacts import Findings
from ganoscope.reports.kit.chart_files import WIDE_PX
from ganoscope.reports.kit.content import Chapter, Section, write_interval
from ganoscope.reports.kit.pictures import Picture, embed_image, open_picture

FINDING = "#00d0ff"
"""Outline of an annotated finding: a colour that the maps do not have."""
DPI = 120
WIDTH_INCHES, ROW_INCHES, BAR_INCHES = 11.4, 1.55, 0.85
NAME_LENGTH = 16
"""Characters of a class name above a small picture, at most."""


def show(findings: Findings) -> Chapter:
    """Returns the Grad-CAM galleries, with the checks in words."""
    galleries = findings.heat.galleries
    pictures = []
    for number, (label, kinds) in enumerate(galleries.items()):
        name = "grad_cam.png" if len(galleries) == 1 else f"grad_cam_{number + 1}.png"
        path = save_gallery(findings.pictures / name, findings, label)
        source = embed_image(open_picture(path, "RGB"))
        alt = f"Grad-CAM for {label}: " + ", ".join(f"{len(rows)} {kind}" for kind, rows in kinds.items())
        caption = f"Class {label}. Left of each pair: the image and its class; right: the map and the predicted class."
        pictures.append(Picture(source, alt, caption, width_px=WIDE_PX))
    content = Section(describe_heat_maps(findings.heat, findings.shown), figures=tuple(pictures))
    return Chapter("heat_maps", "Heat maps", (content,))


def describe_heat_maps(heat: HeatMaps, shown: str) -> tuple[str, ...]:
    """Returns how the maps were made, and the results of their checks; `shown` is the name of the split."""
    blank = ((heat.empty, "empty"), (heat.near_blank, "near-blank (they hardly vary)"))
    named = " and ".join(f"{count} {word}" for count, word in blank if count)
    empty = f"Of {len(heat.rows)} maps, {named}; these are left uncoloured." if named else "No map is empty."
    sentences = [
        f"Grad-CAM of layer `{heat.layer}` for the logit of the predicted class, on images of the {shown} split chosen "
        "at random, at most one of each group and kind. All maps share one colour scale; none is stretched. "
        f"{empty}"
    ]
    check = heat.dependence
    if check is None:
        sentences.append("The randomisation check was not possible: fewer than two maps are not empty.")
    else:
        sentences.append(
            f"Randomisation check on {check.images} images: after all weights are destroyed, the maps' rank "
            f"correlation with the originals is {write_interval(check.correlation, check.low, check.high)} on average "
            f"(absolute; unrelated maps of this smoothness: {check.chance:.2f}). A value near 1 would mean that the "
            "maps do not depend on what was learned."
        )
    if heat.inside and heat.area:
        inside, area = (write_interval(one.value, one.low, one.high) for one in (heat.inside, heat.area))
        sentences.append(
            f"Share of a map's sum inside the annotated finding: {inside}, against {area} for a uniform map (n = "
            f"{heat.inside.n} correctly classified images with a mask, {heat.inside.groups} groups)."
        )
    if heat.background:
        share, area = (
            write_interval(one.value, one.low, one.high) for one in (heat.background.share, heat.background.area)
        )
        sentences.append(
            f"Share of a map's sum in the background (outside the outline that brightness gives): {share}, against "
            f"{area} for a uniform map (n = {heat.background.share.n} images that are shown)."
        )
    return tuple(sentences)


def save_gallery(path: Path, findings: Findings, label: str) -> Path:
    """Draws images and maps of one class's right and wrong predictions, writes them as PNG, and returns the path.

    Args:
        path: File to write.
        findings: What the page shows.
        label: Name of the class.
    """
    heat = findings.heat
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
            draw_pair(cells[2 * place : 2 * place + 2], findings, int(row), scale)
    bar = figure.add_axes((0.25, 0.52 / height, 0.5, 0.12 / height))
    draw_colour_bar(bar, scale, f"Grad-CAM of the predicted class, layer {heat.layer}")
    with replacing(path) as partial:
        figure.savefig(partial, format="png")
    return path


def find_scale(heat: HeatMaps) -> float:
    """Returns the raw value at the upper end of the colours: nearly the largest of all maps; 0 where all are empty."""
    peaks = heat.maps.max((1, 2))
    return float(np.quantile(peaks[peaks > 0], SCALE_QUANTILE)) if (peaks > 0).any() else 0.0


def draw_pair(cells: NDArray[Any], findings: Findings, row: int, scale: float) -> None:
    """Draws one image, the outline of its finding where there is one, and its map beside it.

    Args:
        cells: Matplotlib axes, shape (2,): for the image and for the map.
        findings: What the page shows.
        row: Row of the predictions.
        scale: Raw value at the upper end of the colours.
    """
    store, predictions = findings.store, findings.predictions
    index = int(findings.results.indices[row])
    image = store.intensity.to_view(store.load_images(np.array([index]))[0, 0])
    show_image(cells[0], blend(image, np.zeros_like(image), 0.0))
    outline(cells[0], store, index)
    show_map(cells[1], image, findings.heat.find_map(row), scale)
    said = int(predictions.predicted[row])
    cells[0].set_title(f"is {shorten(predictions.classes[int(predictions.codes[row])])}", fontsize=8, loc="left")
    cells[1].set_title(
        f"{shorten(predictions.classes[said])} {predictions.probabilities[row, said]:.2f}", fontsize=8, loc="left"
    )


def outline(axes: Axes, store: Store, index: int) -> None:
    """Draws the outline of an image's mask, where it has one.

    Args:
        axes: Matplotlib axes to draw into.
        store: Store of the image.
        index: Position of the image in the store.
    """
    if store.masks is not None and store.masks[index].any():
        axes.contour(np.asarray(store.masks[index]), [0.5], colors=FINDING, linewidths=0.9)


def shorten(label: str) -> str:
    """Returns a class name that fits above a small picture."""
    return name_plainly(label if len(label) <= NAME_LENGTH else label[: NAME_LENGTH - 1] + "…")
