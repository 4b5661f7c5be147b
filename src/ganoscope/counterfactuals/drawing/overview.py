"""Figures of all images: the contact sheet, the mean dose-response curve, and the adversarial control."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganoscope.counterfactuals.drawing.panels import DIVERGING
from ganoscope.counterfactuals.translation.batches import Setting, Translated
from ganoscope.data.writers import TRANSLATED
from ganoscope.data.writers.png import save_marked
from ganoscope.evaluate.counterfactual.measures import Response
from ganoscope.evaluate.counterfactual.set_findings import ALL, Findings
from ganoscope.figures.sheets import make_sheet
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate

SHOWN, COLUMNS = 32, 8
"""Most images on the contact sheet, and in one of its rows."""
ROWS = ("original", "counterfactual", "difference", "and back")
"""Captions of the rows of a block."""
GROUND = 64
"""Grey value where the last block has no more images."""
LEAST_PX = 96
"""Smallest side of an image on the sheet; smaller images are enlarged."""
LOOKS = {
    "explained": ("explained classifier", "o-", "#0072B2"),
    "judge": ("independent classifier", "s-", "#D55E00"),
    "attack_explained": ("explained classifier, noise", "o:", "#0072B2"),
    "attack_judge": ("independent classifier, noise", "s:", "#D55E00"),
}
"""Label, line style and colour of each mean curve."""
BARS = {"counterfactual": "#0072B2", "noise of equal L2 norm": "#E69F00"}
"""Colours of the bars."""
CONTROLS = {
    "explained classifier\npredicts target": ("flip", "attack_flip"),
    "and still does\nafter a blur": ("flip_after_blur", "attack_flip_after_blur"),
    "independent classifier\npredicts target": ("judge_flip", "attack_judge_flip"),
}


def show_cases(
    setting: Setting, batch: Translated, scale: float, indices: NDArray[np.int64]
) -> list[NDArray[np.uint8]]:
    """Returns some images of a batch as RGB pictures for the sheet, shape (R, S, S, 3), in the order of `ROWS`.

    The last row is left out where no generator translates back.

    Args:
        setting: Generators and intensity map.
        batch: The translated cases.
        scale: Change in stored units at the ends of the colours.
        indices: Which of the cases, shape (N,).
    """
    half = (setting.intensity.high - setting.intensity.low) / 2
    images = np.stack(
        [getattr(batch.pairs, name)[indices, 0].cpu().numpy() for name in ("image", "counterfactual", "cycle")], 1
    )
    grey = np.rint((np.nan_to_num(setting.intensity.to_view(images), nan=-1.0) + 1) * 127.5).astype(np.uint8)
    pictures = np.repeat(grey[..., None], 3, axis=-1)
    change = (images[:, 1] - images[:, 0]) * half / scale
    colours = np.rint(colormaps[DIVERGING]((change + 1) / 2)[..., :3] * 255).astype(np.uint8)
    rows = len(ROWS) if len(setting.translator.generators) > 1 else len(ROWS) - 1
    return list(np.insert(pictures, 2, colours, axis=1)[:, :rows])


def save_contact_sheet(path: Path, pictures: list[NDArray[np.uint8]], already: int, scale: str) -> None:
    """Writes the contact sheet: blocks of a few rows, eight images wide.

    Args:
        path: File to write.
        pictures: Results of `show_cases` for each image, shape (R, S, S, 3).
        already: How many of them, the last ones, already belong to the target.
        scale: The change at the ends of the colours, in words.
    """
    columns = min(COLUMNS, len(pictures))
    blank = [np.full_like(pictures[0], GROUND)] * (-len(pictures) % columns)
    blocks = np.stack([*pictures, *blank]).reshape(-1, columns, *pictures[0].shape)
    cells = blocks.swapaxes(1, 2).reshape(-1, *pictures[0].shape[1:])
    factor = max(1, -(-LEAST_PX // cells.shape[1]))
    cells = cells.repeat(factor, axis=1).repeat(factor, axis=2)
    numbers = [min(columns, len(pictures) - start) for start in range(0, len(pictures), columns)]
    lasts = np.clip(np.cumsum(numbers) - (len(pictures) - already), 0, numbers).tolist()
    rest = [ROWS[1], f"{ROWS[2]}, {scale}", *ROWS[3 : len(pictures[0])]]
    captions = [row for number, last in zip(numbers, lasts, strict=True) for row in (name_row(number, last), *rest)]
    sheet = np.stack([make_sheet(cells[..., channel], columns, captions) for channel in range(3)], axis=-1)
    save_marked(path, sheet, {}, TRANSLATED.text)


def name_row(number: int, already: int) -> str:
    """Returns the caption of a row of originals, the last of which already belong to the target.

    Example:
        >>> name_row(8, 0), name_row(8, 2), name_row(8, 8)
        ('original', 'original, last 2 of the target already', 'original, of the target already')
    """
    if not already:
        return ROWS[0]
    return f"{ROWS[0]}, {f'last {already} ' if already < number else ''}of the target already"


def draw_response(
    strengths: NDArray[np.float64], response: Response, already: NDArray[np.bool_], groups: list[str], seed: int
) -> Figure | None:
    """Returns the mean probability of the target class over the strength of the change; None without classifiers.

    Args:
        strengths: Strengths that were tried, shape (S,).
        response: Curves of N images.
        already: Images that already belong to the target, shape (N,): they are left out, since their curves would
            flatten the mean.
        groups: Patient or near-duplicate cluster of each image.
        seed: Seed of the resampling.
    """
    figure = Figure(figsize=(7, 4), dpi=100, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    for name, (label, style, colour) in LOOKS.items():
        curves = getattr(response, name)
        if np.isfinite(curves).all() and not already.all():
            ends = [estimate_mean(np.where(already, np.nan, column), groups, seed) for column in curves.T]
            axes.plot(strengths, [end.value for end in ends], style, color=colour, label=label, clip_on=False)
            if not name.startswith("attack"):
                low, high = [end.low for end in ends], [end.high for end in ends]
                axes.fill_between(strengths, low, high, color=colour, alpha=0.15, linewidth=0)
    if not axes.lines:
        return None
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="strength s: x + s (G(x) - x), or x + s times the noise")
    axes.set_ylabel(f"mean probability of the target class (n = {(~already).sum()})")
    finish(axes)
    return figure


def draw_controls(findings: Findings) -> Figure | None:
    """Returns how often counterfactuals and noise of equal norm flip classifiers; None without the noise."""
    found = findings.summary[ALL]
    if "attack_flip" not in found:
        return None
    figure = Figure(figsize=(7, 4), dpi=100, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    for place, (label, colour) in enumerate(BARS.items()):
        estimates = [found.get(names[place]) for names in CONTROLS.values()]
        draw_bars(axes, estimates, 0.36 * (place - 0.5), {"color": colour, "label": label})
    axes.set(xticks=range(len(CONTROLS)), xticklabels=list(CONTROLS), ylim=(0, 1), ylabel="share of images")
    finish(axes)
    return figure


def draw_bars(axes: Axes, estimates: list[Estimate | None], shift: float, look: Mapping[str, Any]) -> None:
    """Draws estimates as bars with their intervals.

    Args:
        axes: Where to draw.
        estimates: One per place; None leaves its place empty.
        shift: Added to the places.
        look: Colour and label.
    """
    there = [(place, one) for place, one in enumerate(estimates) if one]
    values = np.array([one.value for _, one in there])
    ends = np.array([[one.low, one.high] for _, one in there]).T
    errors = np.abs(ends - values)
    axes.bar([place + shift for place, _ in there], values, 0.34, yerr=np.nan_to_num(errors), capsize=4, **look)


def finish(axes: Axes) -> None:
    """Adds the grid, and the legend above the chart."""
    axes.grid(axis="y", color="#e4e7ec")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
