"""Heat maps as pictures: overlays, the real/generated panel, and the maps beside those of randomised networks.

Within one figure, colours mean the same raw values for every map of a target, except where a caption says otherwise.
A map that is empty or hardly varies is never coloured: the plain image stands there, with the word "empty" or
"near-blank".
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganoscope.explanation.evidence import Answer, Evidence
from ganoscope.explanation.targets import TARGETS
from ganoscope.figures.overlays import (
    blend,
    break_name,
    caption,
    draw_colour_bar,
    enlarge,
    find_colour_scale,
    name_blank,
    name_look,
    show,
    show_map,
    write_word,
)
from ganoscope.figures.sheets import save_picture

OVERLAYS = 16
"""Images per set that get overlays of their own."""
PANEL_ROWS = 6
STRIP_IMAGES = 3
HEAD_LETTERS = 150
"""Letters of titles that fit beside each other on the width of a figure."""
WORDS = {"why_real": "why real (+logit)", "why_generated": "why generated (-logit)"}


def find_scale(answer: Answer, target: str) -> float:
    """Returns the raw value at the upper end of a target's colours: nearly the largest of both sets; 0 without any."""
    return find_colour_scale(np.concatenate([one.maps[target].max((1, 2)) for one in answer.sets]))


def save_overlays(folder: Path, answer: Answer) -> None:
    """Writes a PNG per image and target, at least 256 pixels a side, for at most 16 images of each set."""
    folder.mkdir()
    for target in TARGETS:
        scale = find_scale(answer, target)
        for one in answer.sets:
            for index, name in enumerate(one.subjects.ids[:OVERLAYS]):
                heat = one.maps[target][index]
                shown, word = 0.0 if name_blank(heat) else scale, name_look(heat, scale)
                picture = blend(enlarge(one.subjects.pictures[index]), enlarge(heat), shown)
                picture = write_word(picture, word) if word else picture
                save_picture(folder / f"{one.subjects.name}_{name}_{target}.png", picture)


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
    """Draws one image with its maps; nothing where there is no such image.

    Args:
        axes: A row of axes.
        one: The evidence about a set.
        index: Position of the image.
        scales: Raw value at the upper end of the colours, by target.
    """
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


def make_strip(answer: Answer, target: str) -> Figure:
    """Returns maps beside those of more and more randomised networks, for some images of both sets."""
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


def choose_shown(one: Evidence, target: str) -> list[int]:
    """Returns the first images to show: those with a map before those without."""
    order = np.argsort(one.is_empty(target)[: one.checked], kind="stable")
    return [int(index) for index in order[:STRIP_IMAGES]]


def draw_strip_row(row: Sequence[Axes], answer: Answer, target: str, one: Evidence, index: int) -> None:
    """Draws one image, its map, and its map after every stage of randomisation.

    Args:
        row: A row of axes.
        answer: All evidence.
        target: Name of the target.
        one: The evidence about the image's set.
        index: Position of the image in it.
    """
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
