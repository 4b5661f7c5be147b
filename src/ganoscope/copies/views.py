"""Positions in which an image is compared: mirrored and turned, shifted, and enlarged.

The image under question is moved into the frame of the real ones: these are then filtered and whitened only once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product

import numpy as np
from numpy.typing import NDArray

from ganoscope.copies.bands import SIDE_PX, Pictures, average_neighbours
from ganoscope.data.checks.thumbnails import TRANSFORMS

Floats = NDArray[np.float32]

SHIFTS_PX = (-6, -3, 0, 3, 6)
"""Shifts along each axis, in pixels of an image of SIDE_PX; what is left, up to a pixel or two, is tried at the close
look."""
MARGIN_PX = max(SHIFTS_PX) + 2
"""Largest shift, with that at the close look."""
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


def shift(bands: Floats, down: int, right: int) -> Floats:
    """Returns bands, shifted; what comes in from outside is zero.

    Args:
        bands: Shape (..., H, W).
        down: Rows to move them down.
        right: Columns to move them to the right.
    """
    height, width = bands.shape[-2:]
    moved = np.zeros_like(bands)
    rows, columns = (slice(max(step, 0), min(step, 0) or None) for step in (down, right))
    moved[..., rows, columns] = bands[
        ..., max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)
    ]
    return moved


def apply_all(views: Sequence[View], pictures: Pictures) -> Iterator[Floats]:
    """Yields the bands of images in every view, halved, each of shape (n, BAND_PX, BAND_PX).

    Args:
        views: Views; those of one reduction and orientation in a row.
        pictures: The images, n of them.
    """
    for reduction, alike in groupby(views, lambda view: view.reduction):
        bands = pictures.make_bands(reduction)
        for transform, several in groupby(alike, lambda view: view.transform):
            averaged = average_around(turn(bands, transform))
            for view in several:
                yield sample(averaged, view.down, view.right)


def turn(bands: Floats, transform: int) -> Floats:
    """Returns bands (..., H, H), each mirrored or turned according to a code of `thumbnails.TRANSFORMS`."""
    rows, columns = (slice(None, None, -1 if transform & bit else 1) for bit in (2, 1))
    moved = bands[..., rows, columns]
    return moved.swapaxes(-1, -2) if transform & 4 else moved


def average_around(bands: Floats) -> Floats:
    """Returns bands (..., SIDE_PX, SIDE_PX), ready for `sample`: averaged over neighbours, with zeros around them."""
    return average_neighbours(np.pad(bands, (*((0, 0),) * (bands.ndim - 2), *((MARGIN_PX, MARGIN_PX),) * 2)))


def sample(averaged: Floats, down: int, right: int) -> Floats:
    """Returns bands, shifted and halved, shape (n, BAND_PX, BAND_PX); what comes in from outside is zero.

    Args:
        averaged: From `average_around`.
        down: Pixels, up to MARGIN_PX, to move them down.
        right: Pixels to move them to the right.
    """
    rows, columns = (slice(MARGIN_PX - step, MARGIN_PX - step + SIDE_PX, 2) for step in (down, right))
    return averaged[:, rows, columns]


def list_views(shifts: tuple[int, ...] = SHIFTS_PX, reductions: tuple[float, ...] = REDUCTIONS) -> tuple[View, ...]:
    """Returns the views of all eight orientations, with these shifts and reductions; views of a reduction in a row.

    Example:
        >>> len(list_views()), len(list_views((0,), (1.0,)))
        (800, 8)
    """
    every = product(reductions, range(len(TRANSFORMS)), shifts, shifts)
    return tuple(View(transform, down, right, reduction) for reduction, transform, down, right in every)
