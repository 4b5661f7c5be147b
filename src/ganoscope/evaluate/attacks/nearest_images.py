"""Distances of real images from the nearest synthetic ones, and from the nearest real ones of other patients.

Images are compared in two fixed spaces: their coarse grey values, which hold the anatomy, and their middle frequencies,
which play no part in brightness and shading. Both are projected on the main directions of the real images, each scaled
to one (whitened), so that no direction drowns the others. No patient's membership enters.

The synthetic images are read once, in blocks, so memory does not grow with their number.

Source: a difference of Gaussians: Marr and Hildreth 1980, https://doi.org/10.1098/rspb.1980.0020
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from ganoscope.data.real_images import Images, split_blocks
from ganoscope.evaluate.neighbourhoods import compute_distances

Floats = NDArray[np.float64]

NEAREST = 5
"""Nearest images whose distances are kept."""
COARSE_PX, BAND_PX = 16, 32
"""Sides at which grey values and middle frequencies are compared."""
FINE_SD, COARSE_SD = 1 / 64, 3 / 64
"""Standard deviations of the Gaussians that bound the middle frequencies, in sides of the image."""
DIRECTIONS = 64
"""Most directions of a space."""
SMALLEST = 0.05
"""Directions that vary less than this share of the first are not enlarged further: they are noise."""
BLOCK = 512
"""Images that are compared at once."""


@dataclass(frozen=True)
class Distances:
    """Distances of N real images from their nearest neighbours in each of the spaces.

    Attributes:
        synthetic: From the nearest synthetic images, ascending, shape (spaces, N, K), K up to NEAREST.
        real: From the nearest real images of other patients, likewise.
    """

    synthetic: Floats
    real: Floats


@dataclass(frozen=True)
class Space:
    """A space in which images are compared.

    Attributes:
        describe: From images (n, H, W) to descriptors (n, C).
        mean: Mean descriptor of the real images, shape (C,).
        directions: Whitened main directions, shape (C, D).
    """

    describe: Callable[[NDArray[np.float32]], Floats]
    mean: Floats
    directions: Floats

    def project(self, images: NDArray[np.float32]) -> Floats:
        """Returns coordinates of images (n, 1, H, W), shape (n, D)."""
        return self.place(self.describe(images[:, 0]))

    def place(self, described: Floats) -> Floats:
        """Returns coordinates of images with descriptors (n, C), shape (n, D)."""
        placed: Floats = (described - self.mean) @ self.directions
        return placed


def shrink(images: NDArray[np.float32], side: int) -> Floats:
    """Returns images (n, H, W) at another side, averaged where they get smaller, shape (n, side * side)."""
    if images.shape[1] % side == 0 and images.shape[1] == images.shape[2]:
        factor = images.shape[1] // side
        small = images.reshape(len(images), side, factor, side, factor).mean(axis=(2, 4), dtype=np.float64)
    else:
        small = np.stack(
            [np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BOX)) for one in images]
        )
    return small.reshape(len(images), -1).astype(np.float64)


def describe_coarse(images: NDArray[np.float32]) -> Floats:
    """Returns the coarse grey values of images, shape (N, H, W)."""
    return shrink(images, COARSE_PX)


def describe_band(images: NDArray[np.float32]) -> Floats:
    """Returns the middle frequencies of images, shape (N, H, W), of mean 0 and norm 1; zeros for constant ones."""
    fine, coarse = (
        gaussian_filter(images, (0, width * images.shape[1], width * images.shape[1]), mode="nearest")
        for width in (FINE_SD, COARSE_SD)
    )
    small = shrink(fine - coarse, BAND_PX)
    small -= small.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(small, axis=1, keepdims=True)
    return np.where(norms > 1e-3, small / np.maximum(norms, 1e-3), 0)


def make_space(describe: Callable[[NDArray[np.float32]], Floats], described: Floats) -> Space:
    """Returns a space: descriptors, and the main directions of those of real images.

    Args:
        describe: From images (n, H, W) to descriptors (n, C).
        described: Descriptors of the real images, shape (N, C), N of 2 or more.
    """
    mean = described.mean(0)
    covariance = (described - mean).T @ (described - mean) / len(described)
    variances, directions = np.linalg.eigh(covariance)
    most = min(DIRECTIONS, len(described) - 1)
    deviations = np.sqrt(variances[::-1][:most].clip(min=0))
    scale = np.maximum(deviations, max(SMALLEST * deviations[0], 1e-9))
    return Space(describe, mean, directions[:, ::-1][:, :most] / scale)


@dataclass(frozen=True)
class Placed:
    """Real images in both spaces.

    Attributes:
        spaces: The spaces.
        places: Coordinates of the N images in each, shape (N, D).
    """

    spaces: list[Space]
    places: list[Floats]


def place_images(images: Images) -> Placed:
    """Returns real images (N, 1, H, W), network range, in the spaces that they span, N of 2 or more."""
    describers = (describe_coarse, describe_band)
    blocks = [[describe(block[:, 0]) for describe in describers] for block in split_blocks(images)]
    described = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
    spaces = [make_space(describe, values) for describe, values in zip(describers, described, strict=True)]
    return Placed(spaces, [space.place(values) for space, values in zip(spaces, described, strict=True)])


def find_distances(placed: Placed, groups: NDArray[np.int64], synthetic: Iterable[NDArray[np.float32]]) -> Distances:
    """Returns the distances of real images from synthetic ones, and from each other where patients differ.

    Args:
        placed: Real images.
        groups: Patient of each, shape (N,).
        synthetic: Blocks of synthetic images, shape (n, 1, H, W) each; at least one image.
    """
    real = np.stack([find_real_nearest(place, groups) for place in placed.places])
    return Distances(measure_nearest(placed, synthetic), real)


def measure_nearest(placed: Placed, others: Iterable[NDArray[np.float32]]) -> Floats:
    """Returns distances of real images from the nearest of other images, ascending, shape (spaces, N, K)."""
    nearest: list[Floats] = [np.empty((len(place), 0)) for place in placed.places]
    for block in others:
        for number, (space, place) in enumerate(zip(placed.spaces, placed.places, strict=True)):
            nearest[number] = keep_nearest(nearest[number], compute_distances(place, space.project(block)))
    return np.stack(nearest)


def keep_nearest(nearest: Floats, distances: Floats) -> Floats:
    """Returns the smallest distances of each row so far, ascending, shape (N, K), K up to NEAREST."""
    both = np.concatenate([nearest, distances], axis=1)
    kept = np.partition(both, NEAREST - 1, axis=1)[:, :NEAREST] if both.shape[1] > NEAREST else both
    return np.sort(kept, axis=1)


def find_real_nearest(place: Floats, groups: NDArray[np.int64]) -> Floats:
    """Returns distances from the nearest images of other patients, ascending, shape (N, K)."""
    nearest = np.empty((len(place), 0))
    for start in range(0, len(place), BLOCK):
        block = slice(start, start + BLOCK)
        distances = compute_distances(place, place[block])
        distances[groups[:, None] == groups[block]] = np.inf
        nearest = keep_nearest(nearest, distances)
    return nearest


def estimate_log_density(distances: Floats) -> Floats:
    """Returns minus the logarithm of a distance, averaged over the spaces, shape (N,), for distances (spaces, N).

    Up to factors and constants, the logarithm of a nearest-neighbour estimate of the density. Distances below a
    thousandth of the median count as that: a copy then has a large density, not an infinite one.

    Source: Loftsgaarden, Quesenberry 1965, https://doi.org/10.1214/aoms/1177700079
    """
    least = 1e-3 * np.maximum(np.median(distances, axis=1, keepdims=True), 1e-9)
    density: Floats = -np.log(np.maximum(distances, least)).mean(axis=0)
    return density
