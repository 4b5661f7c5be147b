"""Where the patient is in a picture: to crop to it, and to take the CT table away."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import ConvexHull

from ganoscope.data.picture import PADDING_HU, Unit, UnreadableError

BODY_HU = -500
"""Between air (-1000) and fat (-100): what lies above belongs to a body, a table or clothes."""
BACKGROUND_SHARE = 0.06
"""Pixels of other pictures that are no brighter than this share of the way from the lowest to a high value are
background: black borders and padding."""
OPENING_AT_512 = 2
"""Radius, in pixels of a 512-pixel slice, of the opening that takes away thin things: table tops, tubes, blankets."""
LUNG_HU, OPEN_LUNG = (-930, -500), 0.03
"""Lung is denser than air; from this share of the convex hull on, lung outside the mask means that the chest is
open."""
SMALLEST_PART = 0.03
"""Share of the largest part that another part (an arm, a leg) must have to be a part of the body."""


def find_content(pixels: NDArray[np.generic], unit: Unit) -> NDArray[np.bool_]:
    """Returns a mask, shape (H, W), of what is not background: the body in HU, what is not black elsewhere.

    Raises:
        UnreadableError: There is nothing but background.
    """
    if unit == "HU":
        return find_body(pixels)
    low, high = np.percentile(pixels.astype(np.float32), (0.5, 99))
    mask = pixels > low + BACKGROUND_SHARE * (float(high) - float(low))
    if not mask.any():
        raise UnreadableError("nothing but background: it can't be cropped to the body")
    return np.asarray(ndimage.binary_opening(mask, iterations=max(1, max(mask.shape) // 256)) if mask.any() else mask)


def find_body(pixels: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Returns a mask of the body in a CT slice in HU, shape (H, W), lungs and bowel gas filled.

    Everything denser than `BODY_HU` is opened, so that tables, tubes and blankets, which are thin, fall off; parts
    large enough stay unless they lie wholly below the largest, as a table does; they regain their outline, and their
    holes are filled. Where much lung would get lost, because the chest wall lies outside the scanner's field of view,
    the convex hull is taken instead.

    Raises:
        UnreadableError: There is no body.
    """
    dense = np.greater(pixels, BODY_HU)
    radius = max(1, round(OPENING_AT_512 * max(pixels.shape) / 512))
    thick = ndimage.binary_erosion(dense, iterations=radius)
    parts, count = ndimage.label(thick)
    if not count:
        raise UnreadableError("no body was found in the CT slice")
    sizes = np.bincount(parts.ravel())[1:]
    rows = [part[0] for part in ndimage.find_objects(parts)]
    bottom = rows[int(sizes.argmax())].stop - 2 * radius
    beside = np.array([row.start < bottom for row in rows])
    kept = np.isin(parts, 1 + np.flatnonzero(beside & (sizes >= SMALLEST_PART * sizes.max())))
    body = np.asarray(ndimage.binary_fill_holes(ndimage.binary_dilation(kept, iterations=radius + 1, mask=dense)))
    hull = fill_hull(body)
    lung = hull & ~body & np.greater(pixels, LUNG_HU[0]) & np.less(pixels, LUNG_HU[1])
    return hull if lung.sum() > OPEN_LUNG * hull.sum() else body


def fill_hull(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns the convex hull of a mask that is not empty, shape (H, W)."""
    edge = mask & ~ndimage.binary_erosion(mask)
    rows, columns = np.nonzero(edge)
    points = np.stack([columns, rows], axis=1)
    canvas = Image.new("1", (mask.shape[1], mask.shape[0]))
    corners = points[ConvexHull(points, qhull_options="QJ").vertices]
    ImageDraw.Draw(canvas).polygon([(int(x), int(y)) for x, y in corners], fill=1, outline=1)
    return np.asarray(canvas)


def remove_table(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Returns the CT slice with air (-1024 HU) wherever no body is; pixels that were not measured stay marked."""
    outside = ~find_body(pixels) & (pixels != PADDING_HU)
    return np.where(outside, pixels.dtype.type(-1024), pixels)


def find_bounds(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Returns top, left, height and width of the rectangle around a mask; of the whole where the mask is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return 0, 0, mask.shape[0], mask.shape[1]
    return int(rows[0]), int(columns[0]), int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)
