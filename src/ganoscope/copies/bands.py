"""What is compared of images: edges and texture, with equal weight in bright and dark, strong and faint places.

An image is filtered by a difference of Gaussians, and the result divided by its own strength around each pixel: copies
that were brightened, windowed or inverted then differ little or by their sign, and one strong edge counts no more than
faint ribs. Margins that fill a picture up to a square have no edge: two pictures of one shape have nothing in common.

Source: difference of Gaussians: Marr, Hildreth 1980, https://doi.org/10.1098/rspb.1980.0020; division by the local
    strength: Jarrett et al. 2009, sect. 2, https://doi.org/10.1109/ICCV.2009.5459469
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter1d

Floats = NDArray[np.float32]

SIDE_PX = 64
"""Side at which images are compared."""
FINE_PX, COARSE_PX = 1.0, 3.0
"""Standard deviations of the two Gaussians, in pixels of an image of SIDE_PX pixels."""
AROUND_PX = 4.0
"""Standard deviation of the Gaussian window in which the strength around a pixel is measured."""
FLOOR = 0.15
"""Added to the squared strength, in units of the image's mean squared strength: flat places stay flat."""
FAINTEST = 1e-7
"""Squared strength, of network values, below which an image counts as constant."""
FLAT, FLAT_SHARE = 0.12, 0.4
"""Largest standard deviation of network values in a row or column that only fills an image up to a square, noise
included: by itself, and as a share of the image's."""
SOFT_PX, STRAIGHT = 3, 0.85
"""Rows or columns left out beside a margin whose border is straight, because in blurred images the two run into each
other; and the share of the last of them that must stand out from the margin, as that of a curved body does not."""
BAND_PX = SIDE_PX // 2
"""Side of a band after `halve`: of what is compared."""


@dataclass(frozen=True)
class Pictures:
    """Images, ready to be filtered at any size.

    Attributes:
        filled: Images in which the picture's outermost pixels go on beyond it, shape (n, SIDE_PX, SIDE_PX).
        inside: Which pixels lie within the picture, same shape.
    """

    filled: Floats
    inside: NDArray[np.bool_]

    def take(self, rows: NDArray[np.int64]) -> "Pictures":
        """Returns those at some positions, shape (m,)."""
        return Pictures(self.filled[rows], self.inside[rows])

    def cover(self, reduction: float = 1.0) -> NDArray[np.bool_]:
        """Returns which pixels lie within the picture, made smaller about its centre, shape (n, SIDE_PX, SIDE_PX).

        Args:
            reduction: Factor that its size is multiplied with.
        """
        if reduction == 1:
            return self.inside
        return apply_twice(make_scaling(SIDE_PX, reduction, False), self.inside.astype(np.float32)) > 0.5

    def make_bands(self, reduction: float = 1.0) -> Floats:
        """Returns the bands of the images, made smaller about their centre, shape (n, SIDE_PX, SIDE_PX).

        Images are made smaller before they are filtered: the band of an enlarged image holds other details.

        Args:
            reduction: Factor that their size is multiplied with.

        Source: see the module.
        """
        small = self.filled if reduction == 1 else apply_twice(make_scaling(SIDE_PX, reduction, True), self.filled)
        band = (blur(small, FINE_PX) - blur(small, COARSE_PX)) * self.cover(reduction)
        strength = blur(band**2, AROUND_PX)
        mean = strength.mean(axis=(1, 2), keepdims=True)
        equal: Floats = np.where(mean > FAINTEST, band / np.sqrt(strength + FLOOR * mean + FAINTEST), 0)
        return equal.astype(np.float32)


def make_pictures(images: Floats) -> Pictures:
    """Returns images in network range (n, H, W), ready to be filtered."""
    if images.shape[1:] != (SIDE_PX, SIDE_PX):
        images = np.stack([resize(image) for image in images])
    inside = find_picture(images)
    return Pictures(fill_margins(images, inside), inside)


def make_bands(images: Floats) -> Floats:
    """Returns the bands of images in network range (n, H, W), shape (n, SIDE_PX, SIDE_PX); zeros for constant ones."""
    return make_pictures(images).make_bands()


def resize(image: Floats) -> Floats:
    """Returns an image (H, W) at the size of comparison, averaged where it gets smaller."""
    kind = Image.Resampling.BOX if image.shape[0] > SIDE_PX else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(image).resize((SIDE_PX, SIDE_PX), kind))


def find_picture(images: Floats) -> NDArray[np.bool_]:
    """Returns which pixels lie within the picture, shape (n, H, W).

    Rows and columns that only fill it up do not, nor do `SOFT_PX` beside a straight border with them. An image that is
    constant as a whole has no picture.

    Args:
        images: Network range, shape (n, H, W).
    """
    limit = np.minimum(FLAT, FLAT_SHARE * images.std(axis=(1, 2)))[:, None]
    rows, columns = (span(images.std(axis=axis) > limit) for axis in (2, 1))
    inside = [withdraw(rows, images, columns, limit), withdraw(columns, images.swapaxes(1, 2), rows, limit)]
    return inside[0][:, :, None] & inside[1][:, None, :]


def withdraw(rows: NDArray[np.bool_], images: Floats, columns: NDArray[np.bool_], limit: Floats) -> NDArray[np.bool_]:
    """Returns marks of the rows within pictures, shape (n, H), without those beside straight borders.

    Args:
        rows: Marks of the rows within pictures, one span in each image, shape (n, H).
        images: The images, shape (n, H, W).
        columns: The same for columns, shape (n, W).
        limit: Difference of pixels that stand out, shape (n, 1).
    """
    kept = rows.copy()
    for number in np.flatnonzero(~rows.all(axis=1) & (rows.sum(axis=1) > 2 * SOFT_PX)):
        first, last = np.flatnonzero(rows[number])[[0, -1]]
        for margin, step in ((first - 1, 1), (last + 1, -1)):
            if 0 <= margin < len(rows[number]):
                line = images[number, margin + step * SOFT_PX, columns[number]]
                if (np.abs(line - images[number, margin].mean()) > limit[number]).mean() > STRAIGHT:
                    kept[number, margin + step : margin + step * (SOFT_PX + 1) : step] = False
    return kept


def span(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns marks, shape (n, m), filled from the first to the last of each row."""
    after_first = np.logical_or.accumulate(marked, axis=1)
    before_last = np.logical_or.accumulate(marked[:, ::-1], axis=1)[:, ::-1]
    return after_first & before_last


def fill_margins(images: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Returns images in which the picture's outermost pixels go on beyond it, so that its border is no edge.

    Args:
        images: Shape (n, H, W).
        inside: Pixels within the picture, a rectangle, shape (n, H, W).
    """
    filled = images.copy()
    for number, picture in enumerate(inside):
        rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
        if len(rows) and len(rows) * len(columns) < picture.size:
            near = [np.arange(images.shape[1]).clip(places[0], places[-1]) for places in (rows, columns)]
            filled[number] = images[number][np.ix_(*near)]
    return filled


def halve(bands: Floats) -> Floats:
    """Returns bands (n, SIDE_PX, SIDE_PX) at half their side, averaged, shape (n, BAND_PX, BAND_PX)."""
    return average_neighbours(bands)[:, ::2, ::2]


def average_neighbours(bands: Floats) -> Floats:
    """Returns the mean of each pixel of bands (..., H, W) and those below, right and diagonal, (..., H - 1, W - 1)."""
    rows = bands[..., :-1, :] + bands[..., 1:, :]
    mean: Floats = (rows[..., :-1] + rows[..., 1:]) * np.float32(0.25)
    return mean


def blur(images: Floats, width_px: float) -> Floats:
    """Returns images (n, H, H), each blurred by a Gaussian of that standard deviation."""
    return apply_twice(make_blurring(images.shape[1], width_px), images)


def apply_twice(matrix: Floats, images: Floats) -> Floats:
    """Returns images (n, H, H) with a map of their columns, shape (H, H), applied to their columns and their rows."""
    mapped: Floats = np.matmul(np.matmul(matrix, images), matrix.T)
    return mapped


@lru_cache
def make_blurring(side_px: int, width_px: float) -> Floats:
    """Returns the map that blurs a column by a Gaussian of that standard deviation, shape (side, side)."""
    blurring: Floats = gaussian_filter1d(np.eye(side_px), width_px, axis=0, mode="nearest").astype(np.float32)
    return blurring


@lru_cache
def make_scaling(side_px: int, factor: float, extended: bool) -> Floats:
    """Returns the map that makes a column smaller about its centre, interpolated linearly, shape (side, side).

    Args:
        side_px: Pixels of the column.
        factor: Factor of its size; above 1, it is made larger.
        extended: Whether its outermost pixels go on beyond it; otherwise there is zero.
    """
    centre = (side_px - 1) / 2
    places = centre + (np.arange(side_px) - centre) / factor
    distances = places.clip(0, side_px - 1)[:, None] - np.arange(side_px)
    weights = (1 - np.abs(distances)).clip(min=0)
    outside = (places < 0) | (places > side_px - 1)
    return np.where(outside[:, None] & (not extended), 0, weights).astype(np.float32)
