"""All radiomic features of images: a vector per image.

Intensities and levels are those of the network range, cut into 32 bins of equal width (IBSI: fixed bin size). The
region is the whole image. Features that are equal by definition are taken once.
"""

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.radiomics.cooccurrence import compute_cooccurrence_features
from ganoscope.evaluate.radiomics.first_order import compute_histogram_features, compute_statistics
from ganoscope.evaluate.radiomics.run_length import compute_run_length_features
from ganoscope.evaluate.radiomics.size_zone import compute_size_zone_features
from ganoscope.evaluate.radiomics.tone_difference import compute_tone_difference_features

LEVELS = 32
"""Bins of the network range."""
HISTOGRAM_KEPT = ("mode", "entropy", "uniformity", "maximum_gradient", "minimum_gradient")
"""Features of the histogram that intensities don't have themselves."""
TWICE = ("dissimilarity", "sum_average", "cluster_tendency", "sum_variance")
"""Co-occurrence features that equal another, or a multiple of it: difference average, joint average (twice)."""


def discretise(images: NDArray[np.floating]) -> NDArray[np.int64]:
    """Returns levels from 1 to `LEVELS` of images in [-1, 1], same shape.

    Example:
        >>> discretise(np.array([-1.0, -0.9, 0.0, 1.0])).tolist()
        [1, 2, 17, 32]
    """
    return np.clip(np.floor((images + 1) / 2 * LEVELS) + 1, 1, LEVELS).astype(np.int64)


def compute_radiomics(images: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
    """Returns the features of images by name, shape (N,) each.

    Args:
        images: Network range [-1, 1], shape (N, H, W).
    """
    levels = discretise(images)
    grey = (images.reshape(len(images), -1).astype(np.float64) + 1) / 2
    histogram = compute_histogram_features(levels, LEVELS)
    pairs = compute_cooccurrence_features(levels, LEVELS)
    parts = {
        "intensity": compute_statistics(grey),
        "histogram": {name: histogram[name] for name in HISTOGRAM_KEPT},
        "cooccurrence": {name: values for name, values in pairs.items() if name not in TWICE},
        "run_length": compute_run_length_features(levels),
        "size_zone": compute_size_zone_features(levels),
        "tone_difference": compute_tone_difference_features(levels, LEVELS),
    }
    return {f"{part}_{name}": values for part, found in parts.items() for name, values in found.items()}
