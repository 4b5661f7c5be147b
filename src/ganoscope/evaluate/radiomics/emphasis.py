"""Features that runs and zones of equal levels share: how long or large, how bright, how even.

Source: IBSI, https://arxiv.org/abs/1612.07003, sect. 3.7 and 3.8; Galloway 1975,
    https://doi.org/10.1016/S0146-664X(75)80008-6; Thibault et al. 2014, https://doi.org/10.1109/TBME.2013.2284600.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.radiomics.first_order import divide

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Patches:
    """Runs or zones of equal levels, of all images.

    Attributes:
        image: Number of the image of each, shape (P,).
        level: Its level, from 1, shape (P,).
        size: Its number of pixels, shape (P,).
    """

    image: NDArray[np.int64]
    level: NDArray[np.int64]
    size: NDArray[np.int64]


def compute_emphases(patches: Patches, images: int, pixels: Floats) -> dict[str, Floats]:
    """Returns 16 features by name, shape (images,) each; 0 for an image without patches.

    Args:
        patches: Runs or zones.
        images: Number of images.
        pixels: Number of pixels that the patches of each image cover, shape (images,).
    """
    level, size = patches.level.astype(np.float64), patches.size.astype(np.float64)
    count = np.bincount(patches.image, minlength=images).astype(np.float64)

    def average(values: Floats) -> Floats:
        return divide(add_up(patches.image, values, images), count)

    return {
        "small": average(1 / size**2),
        "large": average(size**2),
        "low_level": average(1 / level**2),
        "high_level": average(level**2),
        "small_low_level": average(1 / (size * level) ** 2),
        "small_high_level": average((level / size) ** 2),
        "large_low_level": average((size / level) ** 2),
        "large_high_level": average((size * level) ** 2),
        **measure_evenness(patches, images, count),
        "share": divide(count, pixels),
        "level_variance": average(level**2) - average(level) ** 2,
        "size_variance": average(size**2) - average(size) ** 2,
    }


def measure_evenness(patches: Patches, images: int, count: Floats) -> dict[str, Floats]:
    """Returns how unevenly patches are spread over levels and sizes, and their joint entropy.

    Args:
        patches: Runs or zones.
        images: Number of images.
        count: Number of patches of each image, shape (images,).
    """
    by_level, by_size = (sum_squares(patches.image, values, images) for values in (patches.level, patches.size))
    largest = int(patches.size.max(initial=0)) + 1
    image, number = count_equal(patches.image, patches.level * largest + patches.size)
    share = number / count[image]
    entropy = add_up(image, -share * np.log2(share), images)
    return {
        "level_non_uniformity": divide(by_level, count),
        "normalised_level_non_uniformity": divide(by_level, count**2),
        "size_non_uniformity": divide(by_size, count),
        "normalised_size_non_uniformity": divide(by_size, count**2),
        "entropy": entropy,
    }


def add_up(image: NDArray[np.int64], values: Floats, images: int) -> Floats:
    """Returns the sum of the values of each image, shape (images,).

    Args:
        image: Number of the image of each value, shape (P,).
        values: Values, shape (P,).
        images: Number of images.
    """
    return np.asarray(np.bincount(image, values, minlength=images), np.float64)


def sum_squares(image: NDArray[np.int64], values: NDArray[np.int64], images: int) -> Floats:
    """Returns the sum over values of (number of patches with that value)^2, by image, shape (images,).

    Args:
        image: Number of the image of each patch, shape (P,).
        values: Its level or size, shape (P,).
        images: Number of images.
    """
    owner, number = count_equal(image, values)
    return add_up(owner, number**2, images)


def count_equal(image: NDArray[np.int64], values: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """Returns (image, number of its patches with this value) for every value that an image has, shape (V,) each.

    Args:
        image: Number of the image of each patch, shape (P,).
        values: Its level or size, shape (P,).
    """
    most = int(values.max(initial=0)) + 1
    keys, number = np.unique(image * most + values, return_counts=True)
    return keys // most, number.astype(np.float64)
