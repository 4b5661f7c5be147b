"""Heat maps over images: blending, colour scales, colour bars, captions.

An empty map is never coloured, nor is one that hardly varies: the plain image is shown with the word "empty" or
"near-blank". A map whose colours can hardly be seen, beside others on one scale, is called "faint".
"""

from textwrap import wrap

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from numpy.typing import NDArray
from PIL import Image, ImageDraw

COLOURS = "inferno"
"""Readable without colour vision: brightness grows with the value."""
OPACITY = 0.75
"""Opacity of the largest value."""
OVERLAY_PX = 256
"""Smallest width of an overlay that is written as a picture of its own."""
BLANK_SPREAD = 0.1
"""A map whose values differ by less than this share of the largest is near-blank: it marks no place."""
FAINT = 0.1
"""A map whose largest value is below this share of the upper end of the colours is faint: it looks like none."""
SCALE_QUANTILE = 0.995
"""Quantile of the maps' maxima at the upper end of the colours."""


def find_colour_scale(peaks: NDArray[np.floating]) -> float:
    """Returns the raw value at the upper end of the colours of some maps: nearly their largest; 0 without any.

    Args:
        peaks: Maximum of each map, shape (N,); empty maps, whose maximum is 0, are left out.

    Example:
        >>> find_colour_scale(np.array([0.0, 2.0])), find_colour_scale(np.zeros(3))
        (2.0, 0.0)
    """
    return float(np.quantile(peaks[peaks > 0], SCALE_QUANTILE)) if (peaks > 0).any() else 0.0


def blend(image: NDArray[np.floating], heat: NDArray[np.floating], scale: float) -> NDArray[np.uint8]:
    """Returns an image with its map over it, RGB, shape (H, W, 3), 0 to 255; the higher the value, the more opaque.

    Args:
        image: Shape (H, W), -1 (black) to 1 (white).
        heat: Raw values of the map, shape (H, W).
        scale: Raw value at the upper end of the colours.
    """
    grey = np.repeat(((np.clip(image, -1, 1) + 1) / 2)[..., None], 3, axis=2)
    strength = np.clip(heat / scale, 0, 1) if scale > 0 else np.zeros_like(heat)
    alpha = OPACITY * np.sqrt(strength)[..., None]
    colour = colormaps[COLOURS](strength)[..., :3]
    return np.rint(((1 - alpha) * grey + alpha * colour) * 255).astype(np.uint8)


def enlarge(picture: NDArray[np.floating]) -> NDArray[np.floating]:
    """Returns a picture (H, W), enlarged to at least `OVERLAY_PX` pixels a side by whole factors, bilinear."""
    factor = max(1, -(-OVERLAY_PX // min(picture.shape)))
    size = (picture.shape[1] * factor, picture.shape[0] * factor)
    return np.asarray(Image.fromarray(picture.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))


def is_near_blank(maps: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tells which maps hardly vary, though they are not empty; shape (...) for maps of shape (..., H, W).

    Example:
        >>> is_near_blank(np.array([[[0.0, 0.0]], [[0.95, 1.0]], [[0.5, 1.0]]])).tolist()
        [False, True, False]
    """
    highest = maps.max((-2, -1))
    return np.asarray((highest > 0) & (highest - maps.min((-2, -1)) < BLANK_SPREAD * highest))


def name_blank(heat: NDArray[np.floating]) -> str:
    """Returns `empty` or `near-blank` for a map (H, W) that marks no place, else ""."""
    if heat.max() <= 0:
        return "empty"
    return "near-blank" if is_near_blank(heat) else ""


def name_look(heat: NDArray[np.floating], scale: float) -> str:
    """Returns what is said about a map (H, W) that marks no place, or too faintly to be seen; else "".

    Args:
        heat: Raw values of the map, shape (H, W).
        scale: Raw value at the upper end of the colours.

    Example:
        >>> name_look(np.array([[0.0, 0.5]]), 10.0), name_look(np.array([[0.0, 5.0]]), 10.0)
        ('faint', '')
    """
    return name_blank(heat) or ("faint" if heat.max() < FAINT * scale else "")


def write_word(picture: NDArray[np.uint8], word: str) -> NDArray[np.uint8]:
    """Returns an RGB picture (H, W, 3) with a word in its corner."""
    canvas = Image.fromarray(picture)
    ImageDraw.Draw(canvas).text((6, 4), word, fill=(255, 255, 255), font_size=20, stroke_width=2, stroke_fill=0)
    return np.asarray(canvas)


def show(axes: Axes, picture: NDArray[np.uint8]) -> None:
    """Draws an RGB picture (H, W, 3) without axes."""
    axes.imshow(picture, interpolation="bilinear")
    axes.set_axis_off()


def show_map(axes: Axes, image: NDArray[np.floating], heat: NDArray[np.floating], scale: float) -> None:
    """Draws a map over its image; an empty or near-blank map as the plain image with that word, a faint one so called.

    Args:
        axes: Where to draw.
        image: Shape (H, W), -1 (black) to 1 (white).
        heat: Raw values of the map, shape (H, W).
        scale: Raw value at the upper end of the colours.
    """
    show(axes, blend(image, heat, 0.0 if name_blank(heat) else scale))
    if word := name_look(heat, scale):
        box = {"facecolor": "black", "alpha": 0.6, "edgecolor": "none", "pad": 2}
        axes.text(0.04, 0.95, word, transform=axes.transAxes, color="white", fontsize=9, va="top", bbox=box)


def draw_colour_bar(axes: Axes, scale: float, title: str) -> None:
    """Draws the colour bar of some maps, in raw units.

    Args:
        axes: Where to draw.
        scale: Raw value at the upper end of the colours; 0 where every map is empty.
        title: What the maps show.
    """
    if scale <= 0:
        axes.set_axis_off()
        axes.text(0.5, 0.5, f"{title}: every map is empty", ha="center", va="center", fontsize=10)
        return
    mapping = ScalarMappable(Normalize(0, scale), COLOURS)
    assert axes.figure is not None
    bar = axes.figure.colorbar(mapping, cax=axes, orientation="horizontal", extend="max")
    bar.set_label(f"{title}: raw value of the map (logit)", fontsize=10)


def break_name(name: str, letters: int) -> str:
    """Returns a name in lines of limited length, broken at spaces and after dots where possible.

    Example:
        >>> break_name("+ levels.2.blocks.1.depthwise", 15).splitlines()
        ['+ levels.2.', 'blocks.1.', 'depthwise']
    """
    lines = wrap(name.replace(".", ". "), letters)
    return "\n".join(line.replace(". ", ".") for line in lines)


def caption(axes: Axes, text: str) -> None:
    """Writes a caption below a picture."""
    axes.text(0.5, -0.04, text, transform=axes.transAxes, ha="center", va="top", fontsize=9)
