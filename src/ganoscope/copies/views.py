"""Positions in which an image is compared: mirrored and turned, shifted, and enlarged.

The image under question is moved into the frame of the real ones: these are then filtered and whitened only once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from ganoscope.copies.bands import halve
from ganoscope.data.checks.thumbnails import TRANSFORMS

Floats = NDArray[np.float32]

SHIFTS_PX = (-6, -3, 0, 3, 6)
"""Shifts along each axis, in pixels of an image of SIDE_PX; what is left, up to a pixel or two, is tried at the close
look."""
REDUCTIONS = (1.0, 0.93, 0.86, 0.8)
"""Sizes of a cropped image that was enlarged to the full size, relative to the original."""


@dataclass(frozen=True)
class View:
    """How an image is moved to be compared with a real one.

    Attributes:
        transform: How it is mirrored or turned: index into `thumbnails.TRANSFORMS`.
        down: Shift downwards in pixels, after all else.
        right: Shift to the right.
        reduction: Factor that its size is multiplied with, about its centre: below 1 for one that was cropped and
            enlarged.
    """

    transform: int = 0
    down: int = 0
    right: int = 0
    reduction: float = 1.0

    def apply(self, band: Floats) -> Floats:
        """Returns a band (SIDE_PX, SIDE_PX), moved; what a shift moves in from outside is zero."""
        return shift(turn(reduce(band, self.reduction), self.transform), self.down, self.right)


def turn(band: Floats, transform: int) -> Floats:
    """Returns a picture (H, H), mirrored or turned according to a code of `thumbnails.TRANSFORMS`."""
    rows, columns = (slice(None, None, -1 if transform & bit else 1) for bit in (2, 1))
    moved = band[rows, columns]
    return moved.T if transform & 4 else moved


def shift(band: Floats, down: int, right: int) -> Floats:
    """Returns a band, shifted; what comes in from outside is zero.

    Args:
        band: Shape (H, W).
        down: Rows to move it down.
        right: Columns to move it to the right.
    """
    height, width = band.shape
    moved = np.zeros_like(band)
    rows, columns = (slice(max(step, 0), min(step, 0) or None) for step in (down, right))
    moved[rows, columns] = band[max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
    return moved


def reduce(band: Floats, factor: float) -> Floats:
    """Returns a square band made smaller about its centre; what lies outside is zero."""
    if factor == 1:
        return band
    centre = (len(band) - 1) / 2
    moved: Floats = affine_transform(
        band, (1 / factor,) * 2, centre * (1 - 1 / factor), order=1, mode="constant", output=np.float32
    )
    return moved


def apply_all(views: Sequence[View], bands: Floats) -> Iterator[Floats]:
    """Yields bands (n, SIDE_PX, SIDE_PX) in every view, halved, each of shape (n, BAND_PX, BAND_PX)."""
    for reduction in dict.fromkeys(view.reduction for view in views):
        smaller = np.stack([reduce(band, reduction) for band in bands])
        for view in views:
            if view.reduction == reduction:
                yield halve(np.stack([replace(view, reduction=1.0).apply(band) for band in smaller]))


def list_views(shifts: tuple[int, ...] = SHIFTS_PX, reductions: tuple[float, ...] = REDUCTIONS) -> tuple[View, ...]:
    """Returns the views of all eight orientations, with these shifts and reductions; views of a reduction in a row.

    Example:
        >>> len(list_views()), len(list_views((0,), (1.0,)))
        (800, 8)
    """
    every = product(reductions, range(len(TRANSFORMS)), shifts, shifts)
    return tuple(View(transform, down, right, reduction) for reduction, transform, down, right in every)
