"""Finds the patient in a picture, to crop to the body and to remove the CT table."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.spatial import ConvexHull

from ganoscope.data.picture import Unit, UnreadableError

BODY_HU = -500
"""Threshold between air (-1000) and fat (-100): denser pixels belong to the body, the table or clothes."""
BACKGROUND_SHARE = 0.06
"""Pixels of other pictures below this fraction of the range from the lowest to a high value are background: black
borders and padding."""
OPENING_AT_512 = 2
"""Radius, in pixels of a 512-pixel slice, of the opening that removes thin objects: table tops, tubes, blankets."""
LUNG_HU, OPEN_LUNG = (-930, -500), 0.03
"""HU range of lung, and the fraction of the convex hull above which lung outside the mask means that the chest wall is
not closed in the image."""
SMALLEST_PART = 0.03
"""Minimum size of a further body part (an arm, a leg), as a fraction of the largest part."""


def find_content(pixels: NDArray[np.generic], unit: Unit) -> NDArray[np.bool_]:
    """Returns a mask of the foreground, shape (H, W): the body in HU, pixels that are not black in other units.

    Raises:
        UnreadableError: The picture holds only background.
    """
    if unit == "HU":
        return find_body(pixels)
    low, high = np.percentile(pixels.astype(np.float32), (0.5, 99))
    mask = pixels > low + BACKGROUND_SHARE * (float(high) - float(low))
    if not mask.any():
        raise UnreadableError("nothing but background: it can't be cropped to the body")
    return np.asarray(ndimage.binary_opening(mask, iterations=max(1, max(mask.shape) // 256)) if mask.any() else mask)


def find_body(pixels: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Returns a mask of the body in a CT slice in HU, shape (H, W), with lungs and bowel gas filled.

    A morphological opening of everything denser than `BODY_HU` removes thin objects such as tables, tubes and blankets.
    Large enough parts are kept unless they lie entirely below the largest one, as a table does; they are dilated back
    to their outline, and holes are filled. If much lung would be lost because the chest wall is outside the field of
    view, the convex hull is used instead.

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
    """Returns the CT slice, shape (H, W), with air (-1024 HU) outside the body, unmeasured corners included.

    Only unmeasured pixels inside the body's outline, where the field of view cuts it, stay marked.
    """
    return np.where(find_body(pixels), pixels, pixels.dtype.type(-1024))


def find_bounds(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Returns top, left, height and width of the bounding box of a mask, shape (H, W); the whole if it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return 0, 0, mask.shape[0], mask.shape[1]
    return int(rows[0]), int(columns[0]), int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)
