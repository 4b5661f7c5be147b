"""Parts of images that are compared: the whole, and squares of a sixteenth of it that overlap."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ganoscope.copies.bands import BAND_PX

EDGE_PX = 2
"""Left out at each side: what a shift moved into the picture disturbs the filter there."""
PART_PX, STEP_PX = 8, 3
"""Side of the squares, and the distance between neighbours, as all lengths here in pixels of a band of BAND_PX."""
FAINT, MOST_FLAT = 0.1, 0.3
"""A part counts as partly flat where more than this share of its pixels is weaker than `FAINT`; the mean strength of a
band is about 1."""


@dataclass(frozen=True)
class Region:
    """A square of a band.

    Attributes:
        top: First row.
        left: First column.
        side: Number of rows and columns.
    """

    top: int
    left: int
    side: int

    @property
    def whole(self) -> bool:
        """Whether it is the whole image."""
        return self.side > PART_PX

    def cut(self, bands: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the pixels of bands (n, BAND_PX, BAND_PX) inside the square, with norm 1, shape (n, side^2).

        Parts that reach into flat surroundings, such as padding, are zero: their edge is no sign of a copy.
        """
        return self.flatten(self.crop(bands))

    def crop(self, bands: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the pixels of bands (n, BAND_PX, BAND_PX) inside the square, shape (n, side, side)."""
        return bands[:, self.top : self.top + self.side, self.left : self.left + self.side]

    def flatten(self, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns squares from `crop`, of shape (..., side, side), as `cut` does, shape (n, side^2)."""
        vectors = squares.reshape(-1, self.side**2)
        if not self.whole:
            flat = (np.abs(vectors) < FAINT).mean(axis=1, keepdims=True) > MOST_FLAT
            vectors = np.where(flat, 0, vectors)
        return normalise(vectors)


def normalise(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns vectors, shape (n, m), divided by their norms; those that are nearly zero become zero."""
    norms = np.sqrt(np.einsum("nm,nm->n", vectors, vectors))[:, None]
    unit: NDArray[np.float32] = np.where(norms > 1e-3, vectors / np.maximum(norms, 1e-3), 0).astype(np.float32)
    return unit


def list_regions() -> tuple[Region, ...]:
    """Returns all squares: first the whole image, then the parts.

    Example:
        >>> regions = list_regions()
        >>> len(regions), regions[0].side, regions[1].side
        (50, 28, 8)
    """
    starts = range(EDGE_PX, BAND_PX - EDGE_PX - PART_PX + 1, STEP_PX)
    parts = (Region(top, left, PART_PX) for top, left in product(starts, repeat=2))
    return (Region(EDGE_PX, EDGE_PX, BAND_PX - 2 * EDGE_PX), *parts)


REGIONS = list_regions()
