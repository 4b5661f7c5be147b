"""Panels, one per image: original, counterfactual, difference, reconstruction, and the classifiers' predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganoscope.counterfactuals.drawing.case_summary import describe_case, name_unit
from ganoscope.counterfactuals.translation.batches import Setting, Translated
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.evaluate.counterfactual.measures import CHANGED
from ganoscope.explanation.classifier_maps import choose_layer, explain_codes
from ganoscope.figures.overlays import caption, show_map

DIVERGING = "PuOr_r"
"""Orange where the counterfactual is brighter, violet where it is darker: readable without red and green."""
LESION, ANATOMY = "#00c2a8", "#e8c547"
"""Colours of the outlines of findings, and of anatomy, which is dashed."""
SCALE_QUANTILE = 0.99
"""Quantile of the absolute change at the ends of the colours."""
PARTS = (0.25, 0.5, 0.75)
"""Strengths of the change that are shown where there is no classifier."""


def find_scale(batch: Translated, intensity: IntensityMap) -> float:
    """Returns the change in stored units at the ends of the colours, the same for all panels so that they compare.

    It is nearly the largest change in the first batch, without padding and, where there are others, without images that
    already belong to the target; and never so small that noise looks like a change.
    """
    size, already = batch.pairs.change.abs()[:, 0].cpu().numpy(), batch.pairs.already
    counted = np.full(size.shape, True) if batch.pairs.padding is None else ~batch.pairs.padding
    shown = size[counted & (~already | already.all())[:, None, None]]
    return max(float(np.quantile(shown, SCALE_QUANTILE)), 2 * CHANGED) * (intensity.high - intensity.low) / 2


@dataclass(frozen=True)
class Saliency:
    """Grad-CAM of the explained classifier for the class that it predicts.

    Attributes:
        maps: Raw heat maps, shape (B, S, S); NaN without a classifier, and for images that get no panel.
        said: Name of the predicted class of each image; "" likewise.
    """

    maps: NDArray[np.float32]
    said: list[str]


def explain(setting: Setting, batch: Translated, indices: Sequence[int]) -> Saliency:
    """Returns heat maps of some images of a batch for the class that the explained classifier predicts.

    Args:
        setting: The classifier.
        batch: The translated cases.
        indices: Which of them.
    """
    classifier, image = setting.plan.explained, batch.pairs.image
    found = Saliency(np.full(image[:, 0].shape, np.nan, np.float32), [""] * len(image))
    if classifier is None or not indices:
        return found
    chosen = image[list(indices)]
    codes = classifier.compute_probabilities(chosen).argmax(dim=1).cpu().numpy()
    layer = choose_layer(classifier.network, chosen[:1])
    maps = explain_codes(classifier.network, chosen.cpu(), codes, layer).maps.numpy()
    for index, one, code in zip(indices, maps, codes, strict=True):
        found.maps[index], found.said[index] = one, classifier.record.classes[code]
    return found


def save_panels(folder: Path, setting: Setting, batch: Translated, indices: Sequence[int], scale: float) -> None:
    """Writes `NAME.png` for some images of a batch.

    Args:
        folder: Where to write.
        setting: Classifiers and intensity map.
        batch: The translated cases.
        indices: Which of them.
        scale: Change in stored units at the ends of the colours.
    """
    saliency = explain(setting, batch, indices)
    for index in indices:
        figure = draw_panel(setting, batch, index, saliency, scale)
        figure.savefig(folder / f"{batch.cases[index].name}.png", metadata={"Software": "ganoscope"})


def draw_panel(setting: Setting, batch: Translated, index: int, saliency: Saliency, scale: float) -> Figure:
    """Returns the panel of one image of a batch.

    Args:
        setting: Classifiers and intensity map.
        batch: The translated cases.
        index: Which of them.
        saliency: Heat maps of the batch.
        scale: Change in stored units at the ends of the colours.
    """
    target = str(batch.pairs.target[index])
    image, counterfactual, cycle = (
        getattr(batch.pairs, name)[index, 0].cpu().numpy() for name in ("image", "counterfactual", "cycle")
    )
    figure = Figure(figsize=(13, 7.4), dpi=100, facecolor="white", layout="constrained")
    figure.get_layout_engine().set(rect=(0, 0.005, 1, 0.985))  # type: ignore[union-attr, call-arg]
    halves: Any = figure.subfigures(2, 1, height_ratios=(1.12, 1))
    upper: Any = halves[0].subplots(1, 4)
    mask, anatomy = batch.cases[index].mask, batch.cases[index].anatomy
    view = setting.intensity.to_view
    show_grey(upper[0], view(image), name_original(batch, index), mask)
    show_grey(upper[1], view(counterfactual), f"counterfactual, to {target}")
    show_change(upper[2], counterfactual - image, setting.intensity, scale, mask)
    show_grey(upper[3], view(cycle), f"and back, to {setting.translator.find_other(target)}")
    for axes in (upper[0], upper[2]):
        outline(axes, anatomy, ANATOMY, "dashed")
    words = describe_case(setting, batch, index)
    if saliency.said[index]:
        lower: Any = halves[1].subplots(1, 3, width_ratios=(1, 1.9, 1.1))
        show_saliency(lower[0], view(image), saliency.maps[index], saliency.said[index])
        show_response(lower[1], setting, batch, index)
    else:
        lower = halves[1].subplots(1, 4)
        for axes, strength in zip(lower, PARTS, strict=False):
            show_grey(axes, view(image + strength * (counterfactual - image)), f"strength {strength}")
    show_words(lower[-1], words)
    return figure


def name_original(batch: Translated, index: int) -> str:
    """Returns the title of an original: its label, else what the explained classifier predicts."""
    own, label = batch.own[index], batch.cases[index].label
    return f"original, labelled {label}" if label else f"original, predicted {own}" if own else "original"


def show_grey(axes: Axes, image: NDArray[np.floating], title: str, mask: NDArray[np.bool_] | None = None) -> None:
    """Draws an image with the outline of an annotated finding; a sentence replaces a missing image.

    Args:
        axes: Where to draw.
        image: Values in [-1, 1], shape (S, S); NaN where there is none.
        title: Title of the image.
        mask: Annotated finding, shape (S, S); None where there is none.
    """
    axes.set_axis_off()
    axes.set_title(title, fontsize=11, parse_math=False)
    if not np.isfinite(image).all():
        axes.text(0.5, 0.5, "nothing translates back", transform=axes.transAxes, ha="center", va="center")
        return
    axes.imshow(image, cmap="gray", vmin=-1, vmax=1, interpolation="bilinear")
    outline(axes, mask)


def outline(axes: Axes, mask: NDArray[np.bool_] | None, colour: str = LESION, style: str = "solid") -> None:
    """Draws the outline of a mask.

    Args:
        axes: Where to draw.
        mask: Annotated finding or outlined anatomy, shape (S, S); None where there is none.
        colour: Colour of the line.
        style: Style of the line.
    """
    if mask is not None and mask.any() and not mask.all():
        axes.contour(mask, [0.5], colors=colour, linewidths=1.2, linestyles=style)


def show_change(
    axes: Axes, change: NDArray[np.floating], intensity: IntensityMap, scale: float, mask: NDArray[np.bool_] | None
) -> None:
    """Draws the difference map with its colour bar, in stored units.

    Args:
        axes: Where to draw.
        change: Counterfactual minus image in network range, shape (S, S).
        intensity: Map between stored units and network range.
        scale: Change in stored units at the ends of the colours.
        mask: Annotated finding, shape (S, S); None where there is none.
    """
    axes.set_axis_off()
    axes.set_title("difference", fontsize=11)
    values = change * (intensity.high - intensity.low) / 2
    axes.imshow(values, cmap=DIVERGING, vmin=-scale, vmax=scale, interpolation="nearest")
    outline(axes, mask)
    assert axes.figure is not None
    mapping = ScalarMappable(Normalize(-scale, scale), DIVERGING)
    bar = axes.figure.colorbar(mapping, ax=axes, orientation="horizontal", extend="both", fraction=0.05, pad=0.02)
    bar.set_label(f"{name_unit(intensity.unit)}, counterfactual minus original", fontsize=9)
    bar.ax.tick_params(labelsize=8)


def show_saliency(axes: Axes, image: NDArray[np.floating], heat: NDArray[np.floating], said: str) -> None:
    """Draws the heat map over the image, coloured up to its own maximum.

    Args:
        axes: Where to draw.
        image: Values in [-1, 1], shape (S, S).
        heat: Raw heat map, shape (S, S).
        said: Name of the predicted class.
    """
    show_map(axes, image, heat, float(heat.max()))
    axes.set_title(f"Grad-CAM: why {said}", fontsize=11, parse_math=False)
    caption(axes, f"coloured up to its own maximum, {heat.max():.2g} (logit)")


def show_response(axes: Axes, setting: Setting, batch: Translated, index: int) -> None:
    """Draws the dose-response curve: the probability of the target class over the strength of the change.

    Args:
        axes: Where to draw.
        setting: Strengths.
        batch: The translated cases.
        index: Which of them.
    """
    strengths = setting.plan.strengths
    curves = {
        "explained classifier": (batch.response.explained[index], "o-", "#0072B2"),
        "independent classifier": (batch.response.judge[index], "s--", "#D55E00"),
    }
    drawn = {name: look for name, look in curves.items() if np.isfinite(look[0]).all()}
    if not drawn:
        axes.set_axis_off()
        return
    for name, (curve, style, colour) in drawn.items():
        axes.plot(strengths, curve, style, color=colour, label=name, markersize=5, clip_on=False)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="strength s of the change: x + s (G(x) - x)")
    axes.set_ylabel(f"probability of {batch.pairs.target[index]}", parse_math=False)
    axes.grid(color="#e4e7ec")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="best")


def show_words(axes: Axes, lines: Sequence[str]) -> None:
    """Writes lines of text."""
    axes.set_axis_off()
    text = "\n".join(lines)
    axes.text(0, 1, text, transform=axes.transAxes, va="top", fontsize=9.5, linespacing=1.5, parse_math=False)
