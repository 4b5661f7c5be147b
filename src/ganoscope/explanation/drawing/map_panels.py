"""Heat maps as pictures: overlays, the real/generated panel, and the maps beside their randomised versions.

Within one figure, colours mean the same raw values for every map of a target, except where a caption says otherwise.
An empty map is never coloured: the plain image stands there, with the word "empty".
"""

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ganoscope.explanation.evidence import Answer, Evidence
from ganoscope.explanation.targets import TARGETS
from ganoscope.figures.sheets import save_picture

COLOURS = "inferno"
"""Readable without colour vision: brightness grows with the value."""
OPACITY = 0.75
OVERLAY_PX = 256
OVERLAYS = 16
"""Images per set that get overlays of their own."""
PANEL_ROWS = 6
STRIP_IMAGES = 3
HEAD_LETTERS = 150
"""Letters of titles that fit beside each other on the width of a figure."""
SCALE_QUANTILE = 0.995
WORDS = {"why_real": "why real (+logit)", "why_generated": "why generated (-logit)"}


def find_scale(answer: Answer, target: str) -> float:
    """Returns the raw value at the upper end of a target's colours: nearly the largest of both sets; 0 without any."""
    peaks = np.concatenate([one.maps[target].max((1, 2)) for one in answer.sets])
    return float(np.quantile(peaks[peaks > 0], SCALE_QUANTILE)) if (peaks > 0).any() else 0.0


def blend(image: NDArray[np.floating], heat: NDArray[np.floating], scale: float) -> NDArray[np.uint8]:
    """Returns an image with its map over it, RGB, shape (H, W, 3); the higher the value, the more opaque.

    Args:
        image: -1 is black, +1 is white, shape (H, W).
        heat: Raw values, shape (H, W).
        scale: Raw value at the upper end of the colours.
    """
    grey = np.repeat(((np.clip(image, -1, 1) + 1) / 2)[..., None], 3, axis=2)
    strength = np.clip(heat / scale, 0, 1) if scale > 0 else np.zeros_like(heat)
    alpha = OPACITY * np.sqrt(strength)[..., None]
    colour = colormaps[COLOURS](strength)[..., :3]
    return np.rint(((1 - alpha) * grey + alpha * colour) * 255).astype(np.uint8)


def save_overlays(folder: Path, answer: Answer) -> None:
    """Writes a PNG per image and target, at least 256 pixels a side, for at most 16 images of each set."""
    folder.mkdir()
    for target in TARGETS:
        scale = find_scale(answer, target)
        for one in answer.sets:
            for index, name in enumerate(one.subjects.ids[:OVERLAYS]):
                heat = one.maps[target][index]
                picture = blend(enlarge(one.subjects.pictures[index]), enlarge(heat), scale)
                if heat.max() <= 0:
                    picture = write_empty(picture)
                save_picture(folder / f"{one.subjects.name}_{name}_{target}.png", picture)


def enlarge(picture: NDArray[np.floating]) -> NDArray[np.floating]:
    """Returns a picture at least `OVERLAY_PX` wide, bilinear."""
    factor = max(1, -(-OVERLAY_PX // min(picture.shape)))
    size = (picture.shape[1] * factor, picture.shape[0] * factor)
    return np.asarray(Image.fromarray(picture.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))


def write_empty(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns an RGB picture with the word "empty" in its corner."""
    canvas = Image.fromarray(picture)
    ImageDraw.Draw(canvas).text((6, 4), "empty", fill=(255, 255, 255), font_size=20, stroke_width=2, stroke_fill=0)
    return np.asarray(canvas)


def make_panel(answer: Answer) -> Figure:
    """Returns the real/generated panel: image, why real, why generated; real images left, generated ones right."""
    rows = min(PANEL_ROWS, max(len(one.logits) for one in answer.sets))
    figure = Figure(figsize=(12, 1.98 * rows + 1.5), dpi=100, facecolor="white", layout="constrained")
    halves: Any = figure.subfigures(2, 1, height_ratios=(1.98 * rows + 0.5, 1.0))
    sides: Any = halves[0].subfigures(1, 2, wspace=0.03)
    scales = {target: find_scale(answer, target) for target in TARGETS}
    for side, one in zip(sides, answer.sets, strict=True):
        title = "held-out real images" if one.subjects.name == "real" else "generated images"
        side.suptitle(title, fontsize=13, weight="bold")
        grid = side.subplots(rows, 1 + len(TARGETS), squeeze=False)
        for row in range(rows):
            draw_panel_row(grid[row], one, row, scales)
        for axes, word in zip(grid[0, 1:], WORDS.values(), strict=True):
            axes.set_title(word, fontsize=10)
    bars = halves[1].subplots(1, len(TARGETS))
    for axes, target in zip(bars, TARGETS, strict=True):
        draw_colour_bar(axes, scales[target], WORDS[target])
    return figure


def draw_panel_row(axes: Sequence[Axes], one: Evidence, index: int, scales: dict[str, float]) -> None:
    """Draws one image with its maps; nothing where there is no such image."""
    for cell in axes:
        cell.set_axis_off()
    if index >= len(one.logits):
        return
    image = one.subjects.pictures[index]
    show(axes[0], blend(image, np.zeros_like(image), 0.0))
    opinion = "score" if one.relative else f"D {one.probability[index]:.2f}, logit"
    axes[0].set_title(f"{opinion} {one.logits[index]:.1f}", fontsize=10)
    for cell, (target, scale) in zip(axes[1:], scales.items(), strict=True):
        show_map(cell, image, one.maps[target][index], scale)


def show(axes: Axes, picture: NDArray[np.uint8]) -> None:
    """Draws a picture without axes."""
    axes.imshow(picture, interpolation="bilinear")
    axes.set_axis_off()


def show_map(axes: Axes, image: NDArray[np.floating], heat: NDArray[np.floating], scale: float) -> None:
    """Draws an overlay; an empty map is the plain image with the word "empty"."""
    show(axes, blend(image, heat, scale))
    if heat.max() <= 0:
        box = {"facecolor": "black", "alpha": 0.6, "edgecolor": "none", "pad": 2}
        axes.text(0.04, 0.95, "empty", transform=axes.transAxes, color="white", fontsize=9, va="top", bbox=box)


def draw_colour_bar(axes: Axes, scale: float, title: str) -> None:
    """Draws what the colours mean, in raw units."""
    if scale <= 0:
        axes.set_axis_off()
        axes.text(0.5, 0.5, f"{title}: every map is empty", ha="center", va="center", fontsize=10)
        return
    mapping = ScalarMappable(Normalize(0, scale), COLOURS)
    assert axes.figure is not None
    bar = axes.figure.colorbar(mapping, cax=axes, orientation="horizontal", extend="max")
    bar.set_label(f"{title}: raw value of the map (logit)", fontsize=10)


def make_strip(answer: Answer, target: str) -> Figure:
    """Returns maps beside what becomes of them while weights are destroyed, for some images of both sets."""
    check = answer.randomisation[target]
    chosen = [(one, index) for one in answer.sets for index in choose_shown(one, target)]
    columns = 2 + len(check.stages)
    stages = (f"{'' if not depth else '+ '}{name}" for depth, name in enumerate(check.stages))
    heads = [break_name(name, HEAD_LETTERS // columns) for name in ("image", "original map", *stages)]
    lines = 1 + max(head.count("\n") for head in heads)
    height = len(chosen) * (12 / columns + 0.38) + 0.17 * lines + 0.6
    figure = Figure(figsize=(12, height), dpi=100, facecolor="white", layout="constrained")
    grid = figure.subplots(len(chosen), columns, squeeze=False)
    for axes, head in zip(grid[0], heads, strict=True):
        axes.set_title(head, fontsize=10)
    for row, (one, index) in zip(grid, chosen, strict=True):
        draw_strip_row(row, answer, target, one, index)
    figure.suptitle(
        f"{WORDS[target]}: the map while weights are destroyed, from the head down\n"
        "rank correlation r with the original; each map is coloured up to its own maximum, given below it",
        fontsize=11,
    )
    return figure


def break_name(name: str, letters: int) -> str:
    """Returns a name in lines of at most so many letters, broken at spaces and behind dots where it can be.

    Example:
        >>> break_name("+ levels.2.blocks.1.depthwise", 15).splitlines()
        ['+ levels.2.', 'blocks.1.', 'depthwise']
    """
    lines = wrap(name.replace(".", ". "), letters)
    return "\n".join(line.replace(". ", ".") for line in lines)


def choose_shown(one: Evidence, target: str) -> list[int]:
    """Returns the first images to show: those with a map before those without."""
    order = np.argsort(one.is_empty(target)[: one.checked], kind="stable")
    return [int(index) for index in order[:STRIP_IMAGES]]


def draw_strip_row(row: Sequence[Axes], answer: Answer, target: str, one: Evidence, index: int) -> None:
    """Draws one image, its map, and its map after every stage."""
    check, position = answer.randomisation[target], answer.checked(one).start + index
    image = one.subjects.pictures[index]
    show(row[0], blend(image, np.zeros_like(image), 0.0))
    caption(row[0], one.subjects.name)
    original = one.maps[target][index]
    show_map(row[1], image, original, float(original.max()))
    caption(row[1], f"max {original.max():.2g}")
    for depth, axes in enumerate(row[2:]):
        heat, correlation = check.maps[depth, position], check.correlation[0, depth, position]
        show_map(axes, image, heat, float(heat.max()))
        number = "" if np.isnan(correlation) else f"r {correlation:.2f}\n"
        caption(axes, f"{number}max {heat.max():.2g}")


def caption(axes: Axes, text: str) -> None:
    """Writes below a picture."""
    axes.text(0.5, -0.04, text, transform=axes.transAxes, ha="center", va="top", fontsize=9)
