"""Grey level size zones: how large the connected patches of equal levels are.

Source: IBSI, https://arxiv.org/abs/1612.07003, sect. 3.8; Thibault et al. 2014,
    https://doi.org/10.1109/TBME.2013.2284600.
"""

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.radiomics.emphasis import Patches, compute_emphases


def find_zones(levels: NDArray[np.int64]) -> Patches:
    """Returns the zones of equal levels of images (N, H, W), connected over sides and corners; level 0 makes none."""
    from scipy.ndimage import label  # imported late: it takes half a second

    within = np.zeros((3, 3, 3), bool)
    within[1] = True  # nothing is connected from one image to the next
    pixels = levels[0].size if len(levels) else 0
    images, values, sizes = [], [], []
    for level in np.unique(levels[levels > 0]):
        zones, count = label(levels == level, structure=within)
        flat = zones.ravel()
        inside = np.flatnonzero(flat)
        owner = np.zeros(count + 1, np.int64)
        owner[flat[inside]] = inside // pixels
        images.append(owner[1:])
        values.append(np.full(count, level, np.int64))
        sizes.append(np.bincount(flat, minlength=count + 1)[1:])
    empty = [np.zeros(0, np.int64)]
    return Patches(*(np.concatenate([*empty, *part]) for part in (images, values, sizes)))


def compute_size_zone_features(levels: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Returns the features of zones by name, shape (N,) each.

    Args:
        levels: Levels from 1, shape (N, H, W); 0 outside of the region.
    """
    return compute_emphases(find_zones(levels), len(levels), (levels > 0).sum(axis=(1, 2)).astype(np.float64))
