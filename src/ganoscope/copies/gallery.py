"""Picture of the images that resemble a real one most, each beside that real one, aligned, with the part marked."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from ganoscope.copies.bands import BAND_PX, SIDE_PX, apply_twice, make_scaling
from ganoscope.copies.compared_regions import Region
from ganoscope.copies.views import View, shift, turn
from ganoscope.data.checks.duplicates import INVERSE
from ganoscope.figures.sheets import GAP_GREY, make_sheet

Floats = NDArray[np.float32]

SHOWN_PX = 96
"""Least side at which images are shown."""


def align_original(original: Floats, view: View, inverted: bool) -> Floats:
    """Returns a real image (H, H), moved and inverted to look like the image that was found to resemble it.

    Args:
        original: Network range.
        view: How that image was moved to look like it.
        inverted: Whether it resembles the inverted image.
    """
    lowest = float(original.min())
    placed: Floats = move_back(original - lowest, view) + lowest
    return -placed if inverted else placed


def move_back(picture: Floats, view: View) -> Floats:
    """Returns a picture (H, H) that lies as an image did before it was moved to a view; what comes in is zero.

    Args:
        picture: In the frame of the real images.
        view: How the image was moved.
    """
    scale = len(picture) / SIDE_PX
    moved = shift(picture, round(-view.down * scale), round(-view.right * scale))
    turned = turn(moved, int(INVERSE[view.transform]))
    return apply_twice(make_scaling(len(picture), 1 / view.reduction, False), turned[None])[0]


def frame(image: Floats, region: Region, view: View) -> Floats:
    """Returns an image (H, H) with a thin frame around the part that was compared; as it is for whole images.

    Args:
        image: Network range; the image as it was found, or the real one from `align_original`.
        region: What was compared, in the frame of the real image.
        view: How the image was moved to look like the real one.
    """
    if region.whole:
        return image
    scale = len(image) / BAND_PX
    marked = np.zeros_like(image)
    rows, columns = (slice(round(at * scale), round((at + region.side) * scale)) for at in (region.top, region.left))
    marked[rows, columns] = 1
    inside = move_back(marked, view) > 0.5
    around = maximum_filter(inside, 3) & ~inside
    return np.where(around, np.where(image > 0, np.float32(-1), np.float32(1)), image)


def draw_gallery(images: Floats, originals: Floats, captions: Sequence[str]) -> NDArray[np.uint8]:
    """Returns a picture with a row for each image: its caption, the image, and the aligned original.

    Args:
        images: Network range, shape (n, H, H).
        originals: The aligned originals, same shape.
        captions: A caption for each.
    """
    pairs = np.stack([images, originals], axis=1).reshape(-1, *images.shape[1:])
    grey = np.rint((pairs.clip(-1, 1) + 1) * 127.5).astype(np.uint8)
    zoom = -(-SHOWN_PX // grey.shape[1])
    sheet = make_sheet(grey.repeat(zoom, axis=1).repeat(zoom, axis=2), 2, captions)
    title = make_sheet(np.full((2, 20, grey.shape[2] * zoom), GAP_GREY, np.uint8), 2, ["image, and the real image"])
    width = max(sheet.shape[1], title.shape[1])
    widened = (np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=GAP_GREY) for part in (title, sheet))
    return np.concatenate(list(widened))
