"""Coordinates in which images of a set are all unlike each other: what they have in common weighs little.

Images of one kind resemble each other in few ways, such as the outline of the chest. Along these ways their pixels
vary most; divided by that variation, all ways weigh alike, and two images agree only where they agree in what few
others have. An inverted image has the same coordinates with the other sign: no mean is subtracted.

Source: whitening by principal components: Kessy, Lewin, Strimmer 2018, https://doi.org/10.1080/00031305.2016.1277159;
    of features in the search for copies: Deo et al. 2026, https://arxiv.org/abs/2602.13066
Differs: second moments about zero, not about the mean; `SHRINKAGE` of the mean moment is added to each.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.copies.compared_regions import normalise

Floats = NDArray[np.float32]

SHRINKAGE = 0.3
"""Added to the moments, in units of their mean: directions in which images hardly differ are not blown up."""


@dataclass(frozen=True)
class Whitening:
    """A map to whitened coordinates.

    Attributes:
        matrix: Shape (pixels, coordinates).
    """

    matrix: Floats

    def apply(self, vectors: Floats) -> Floats:
        """Returns the coordinates of vectors (n, pixels), with norm 1, shape (n, coordinates); zeros stay."""
        return normalise(vectors @ self.matrix)


def fit_whitening(vectors: Floats, coordinates: int) -> Whitening:
    """Returns the map to as many coordinates, fewer where there are less than twice as many vectors.

    Args:
        vectors: Unit vectors, shape (n, pixels).
        coordinates: Number of coordinates wanted.
    """
    moments = vectors.T.astype(np.float64) @ vectors / len(vectors)
    values, directions = np.linalg.eigh(moments)
    kept = min(coordinates, max(1, len(vectors) // 2), len(values))
    values, directions = values[-kept:].clip(min=0), directions[:, -kept:]
    scales = np.sqrt(values + SHRINKAGE * values.mean() + 1e-12)
    return Whitening((directions / scales).astype(np.float32))
