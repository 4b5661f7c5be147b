"""Figures by direction: the contact sheet, the mean dose-response curves, and the adversarial control."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from ganoscope.evaluate.counterfactual.set_findings import Findings
from ganoscope.figures.sheets import make_sheet
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate

SHOWN, COLUMNS = 32, 8
"""Most images on the contact sheet, and in one of its rows."""
ROWS = ("original", "counterfactual", "difference", "and back")
"""Captions of the rows of a block."""
SIGNS = "violet: darker\norange: brighter"
"""What the colours of a difference mean (`DIVERGING`)."""
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


def save_contact_sheet(path: Path, rows: Sequence[tuple[str, list[NDArray[np.uint8]]]], scale: str) -> None:
    """Writes the contact sheet: for each kind of images blocks of a few rows, eight images wide.

    Args:
        path: File to write.
        rows: For each kind of images: what they are, in words, and results of `show_cases`, shape (R, S, S, 3) each.
        scale: The change at the ends of the colours, in words.
    """
    columns = min(COLUMNS, max(len(pictures) for _, pictures in rows))
    blocks, captions = [], []
    for name, pictures in rows:
        blank = [np.full_like(pictures[0], GROUND)] * (-len(pictures) % columns)
        blocks.append(np.stack([*pictures, *blank]).reshape(-1, columns, *pictures[0].shape))
        rest = [ROWS[1], f"{ROWS[2]}, {scale}\n{SIGNS}", *ROWS[3 : len(pictures[0])]]
        captions += [f"{ROWS[0]}, {name}", *rest] * len(blocks[-1])
    joined = np.concatenate(blocks)
    cells = joined.swapaxes(1, 2).reshape(-1, *joined.shape[3:])
    factor = max(1, -(-LEAST_PX // cells.shape[1]))
    cells = cells.repeat(factor, axis=1).repeat(factor, axis=2)
    sheet = np.stack([make_sheet(cells[..., channel], columns, captions) for channel in range(3)], axis=-1)
    save_marked(path, sheet, {}, TRANSLATED.text)


@dataclass(frozen=True)
class Curves:
    """Dose-response curves of N images.

    Attributes:
        strengths: Strengths that were tried, shape (S,).
        response: The curves.
        already: Images that already belong to the target, shape (N,): they are left out, since their curves would
            flatten the mean.
        directions: Direction of each image, shape (N,).
        groups: Patient or near-duplicate cluster of each image, shape (N,).
    """

    strengths: NDArray[np.float64]
    response: Response
    already: NDArray[np.bool_]
    directions: NDArray[np.str_]
    groups: NDArray[np.str_]


def draw_response(curves: Curves, seed: int) -> Figure | None:
    """Returns the mean probability of the target class over the strength of the change, a chart for each direction.

    Args:
        curves: Curves of all images.
        seed: Seed of the resampling.

    Returns:
        None without classifiers, and where all images already belong to the target.
    """
    names = np.unique(curves.directions[~curves.already]).tolist()
    if not names or not any(np.isfinite(getattr(curves.response, name)).all() for name in LOOKS):
        return None
    figure, charts = make_charts(names)
    for axes, name in zip(charts, names, strict=True):
        chosen = (curves.directions == name) & ~curves.already
        draw_mean_curves(axes, curves, chosen, seed)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="strength s: x + s (G(x) - x), or x + s times the noise")
        axes.set_ylabel("mean probability of the target class")
        finish(axes, f"{name} (n = {chosen.sum()})")
    add_legend(figure, charts[0])
    return figure


def draw_mean_curves(axes: Axes, curves: Curves, chosen: NDArray[np.bool_], seed: int) -> None:
    """Draws the mean curves of some images, with the intervals of those of the change.

    Args:
        axes: Where to draw.
        curves: Curves of all images.
        chosen: Which of the images, shape (N,).
        seed: Seed of the resampling.
    """
    for name, (label, style, colour) in LOOKS.items():
        values = getattr(curves.response, name)
        if not np.isfinite(values).all():
            continue
        ends = [estimate_mean(column, curves.groups[chosen].tolist(), seed) for column in values[chosen].T]
        axes.plot(curves.strengths, [end.value for end in ends], style, color=colour, label=label, clip_on=False)
        if not name.startswith("attack"):
            low, high = [end.low for end in ends], [end.high for end in ends]
            axes.fill_between(curves.strengths, low, high, color=colour, alpha=0.15, linewidth=0)


def draw_controls(findings: Findings) -> Figure | None:
    """Returns how often counterfactuals and noise of equal norm flip classifiers, a chart for each direction.

    Returns:
        None without the noise.
    """
    measured = {name: found for name, found in findings.summary.items() if "attack_flip" in found}
    if not measured:
        return None
    figure, charts = make_charts(list(measured))
    for axes, (name, found) in zip(charts, measured.items(), strict=True):
        for place, (label, colour) in enumerate(BARS.items()):
            estimates = [found.get(names[place]) for names in CONTROLS.values()]
            draw_bars(axes, estimates, 0.36 * (place - 0.5), {"color": colour, "label": label})
        axes.set(xticks=range(len(CONTROLS)), xticklabels=list(CONTROLS), ylim=(0, 1), ylabel="share of images")
        axes.tick_params(axis="x", labelsize=8)
        finish(axes, f"{name} (n = {found['attack_flip'].n})")
    add_legend(figure, charts[0])
    return figure


def make_charts(names: Sequence[str]) -> tuple[Figure, list[Axes]]:
    """Returns a figure with a chart for each of some directions, side by side."""
    figure = Figure(figsize=(1.5 + 5.5 * len(names), 4.2), dpi=100, facecolor="white", layout="constrained")
    return figure, list(figure.subplots(1, len(names), squeeze=False)[0])


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


def finish(axes: Axes, title: str) -> None:
    """Adds grid and title to a chart."""
    axes.grid(axis="y", color="#e4e7ec")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, fontsize=11, parse_math=False)


def add_legend(figure: Figure, axes: Axes) -> None:
    """Adds a legend above all charts, from one of them."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, ncols=2, loc="outside upper center")
