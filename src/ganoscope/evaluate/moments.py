"""Mean and covariance of features, of any number of images: sums over blocks are merged, memory does not grow."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Mean and spread of the features of a set of images.

    Attributes:
        count: Number of images, or sum of their weights.
        mean: Mean of the features, shape (C,).
        scatter: Sum over images of (x - mean)(x - mean)^T, shape (C, C).
    """

    count: float
    mean: Floats
    scatter: Floats

    @property
    def covariance(self) -> Floats:
        """The unbiased covariance, shape (C, C)."""
        return self.scatter / (self.count - 1)

    def merge(self, other: Self) -> "Moments":
        r"""Returns the moments of two sets together.

        With d = mean_2 - mean_1: mean = mean_1 + d n_2 / n, scatter = scatter_1 + scatter_2 + d d^T n_1 n_2 / n.

        Source: Chan, Golub, LeVeque 1982, eq. 2.1, https://doi.org/10.1007/978-3-642-51461-6_3
        """
        count = self.count + other.count
        gap = other.mean - self.mean
        spread = np.outer(gap, gap) * (self.count * other.count / count)
        return Moments(count, self.mean + gap * (other.count / count), self.scatter + other.scatter + spread)


def compute_moments(values: Floats, weights: Floats | None = None) -> Moments:
    """Returns the moments of features, shape (N, C), weighted by weights of shape (N,)."""
    if weights is None:
        mean = values.mean(axis=0)
        centred = values - mean
        return Moments(len(values), mean, centred.T @ centred)
    count = float(weights.sum())
    mean = weights @ values / count
    centred = (values - mean) * np.sqrt(weights)[:, None]
    return Moments(count, mean, centred.T @ centred)
