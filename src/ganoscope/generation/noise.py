"""Noise vectors of images: by number, truncated, and interpolated between two vectors."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from ganoscope.seeds import Stream, stream


def make_noise(latent_dim: int, start: int, count: int, seed: int) -> NDArray[np.float32]:
    """Returns standard-normal noise for images `start` to `start + count - 1`, shape (count, latent_dim).

    Args:
        latent_dim: Length of a vector.
        start: Number of the first image.
        count: Number of images.
        seed: Random seed; the vector of image i depends on it and i alone.

    Example:
        >>> bool((make_noise(3, 5, 1, seed=0) == make_noise(3, 4, 2, seed=0)[1:]).all())
        True
    """
    rows = [
        stream(seed, Stream.NOISE, index).standard_normal(latent_dim, dtype=np.float32)
        for index in range(start, start + count)
    ]
    return np.stack(rows)


def truncate(z: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Returns normal noise confined to the middle `share` of its distribution: the truncation trick.

    z' = F^-1(1/2 + psi (F(z) - 1/2)) with the normal distribution function F: every component has the normal
    distribution, given that its size is at most t = F^-1((1 + psi) / 2).

    Source: Brock, Donahue, Simonyan 2019, sect. 3.1, https://arxiv.org/abs/1809.11096.
    Differs: components beyond t are not drawn again, but all are moved by the inverse of the distribution function. The
        distribution is the same, and image i at one psi stays a neighbour of image i at another. psi is the share
        that is kept, not t, so that 1 truncates nothing.

    Args:
        z: Standard-normal noise, any shape.
        share: psi, above 0, up to 1.

    Returns:
        Same shape.

    Example:
        >>> round(float(truncate(np.array([9], np.float32), 0.5)[0]), 3)  # t is the upper quartile
        0.674
    """
    if share == 1:
        return z
    lower = np.minimum(z, -z).astype(np.float64)  # the lower tail is exact, the upper one rounds to 1
    return np.copysign(ndtri(0.5 + share * (ndtr(lower) - 0.5)), z).astype(np.float32)


def interpolate(start: NDArray[np.float32], end: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """Returns `steps` vectors on the great arc from one vector to another, ends included, shape (steps, latent_dim).

    z(t) = sin((1 - t) w) / sin(w) z0 + sin(t w) / sin(w) z1, where w is the angle between z0 and z1. On a straight line
    the vectors in the middle would be shorter than any that the generator was trained on.

    Source: White 2016, sect. 2.1, https://arxiv.org/abs/1609.04468; Shoemake 1985, https://doi.org/10.1145/325165.325242.

    Args:
        start: First vector, shape (latent_dim,).
        end: Last vector, shape (latent_dim,).
        steps: Number of vectors.

    Example:
        >>> middle = interpolate(np.array([1, 0], np.float32), np.array([0, 1], np.float32), 3)[1]
        >>> [round(float(part), 3) for part in middle]
        [0.707, 0.707]
    """
    first, last = start.astype(np.float64), end.astype(np.float64)
    t = np.linspace(0, 1, steps)[:, None]
    cosine = first @ last / (np.linalg.norm(first) * np.linalg.norm(last))
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) < 1e-6:  # parallel: every arc is a straight line
        return ((1 - t) * first + t * last).astype(np.float32)
    return ((np.sin((1 - t) * angle) * first + np.sin(t * angle) * last) / np.sin(angle)).astype(np.float32)
