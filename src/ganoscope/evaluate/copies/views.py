"""Positions in which an image is compared: mirrored and turned, shifted, and enlarged.

The image under question is moved into the frame of the real ones: these are then filtered and whitened only once.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from ganoscope.data.checks.nearest import turn
from ganoscope.data.checks.thumbnails import TRANSFORMS
from ganoscope.evaluate.copies.bands import BAND_PX

Floats = NDArray[np.float32]

SHIFTS_PX = (-2, 0, 2)
"""Shifts along each axis. What is left, up to a pixel, is undone by the close look."""
REDUCTIONS = (1.0, 0.87)
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

    def apply(self, bands: Floats) -> Floats:
        """Returns bands (n, BAND_PX, BAND_PX), moved; shifts bring in what left at the other side."""
        moved = np.stack([reduce(turn(band, self.transform), self.reduction) for band in bands])
        return np.roll(moved, (self.down, self.right), (1, 2))


def reduce(band: Floats, factor: float) -> Floats:
    """Returns a band made smaller about its centre; what lies outside is zero."""
    if factor == 1:
        return band
    centre = (BAND_PX - 1) / 2
    moved: Floats = affine_transform(
        band, (1 / factor,) * 2, centre * (1 - 1 / factor), order=1, mode="constant", output=np.float32
    )
    return moved


def list_views(shifts: tuple[int, ...] = SHIFTS_PX, reductions: tuple[float, ...] = REDUCTIONS) -> tuple[View, ...]:
    """Returns the views of all eight orientations, with these shifts and reductions.

    Example:
        >>> len(list_views()), len(list_views((0,), (1.0,)))
        (144, 8)
    """
    every = product(range(len(TRANSFORMS)), shifts, shifts, reductions)
    return tuple(View(*values) for values in every)
