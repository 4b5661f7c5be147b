"""Grey level run lengths: how far one goes in a line before the level changes.

Source: IBSI, https://arxiv.org/abs/1612.07003, sect. 3.7; Galloway 1975,
    https://doi.org/10.1016/S0146-664X(75)80008-6.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.radiomics.emphasis import Patches, compute_emphases

DIRECTIONS = 4
"""Rows, columns and both diagonals."""


@lru_cache(maxsize=4)
def list_lines(height: int, width: int) -> NDArray[np.int64]:
    """Returns the pixels of all lines in the four directions, one line after the other.

    Args:
        height: Height of the images.
        width: Their width.

    Returns:
        Positions in the flattened image, shape (L,); height * width stands between lines, and at both ends.
    """
    place, outside = np.arange(height * width).reshape(height, width), height * width
    offsets = range(1 - height, width)
    lines = [
        *place,
        *place.T,
        *(place.diagonal(one) for one in offsets),
        *(place[:, ::-1].diagonal(o) for o in offsets),
    ]
    return np.concatenate([[outside], *(np.append(line, outside) for line in lines)])


def find_runs(levels: NDArray[np.int64]) -> Patches:
    """Returns the runs of equal levels in all directions of images (N, H, W); level 0 makes no run."""
    order = list_lines(*levels.shape[1:])
    flat = levels.reshape(len(levels), -1)
    lines = np.concatenate([flat, np.zeros((len(flat), 1), flat.dtype)], axis=1)[:, order].ravel()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(lines)) + 1])
    sizes = np.diff(np.append(starts, len(lines)))
    level = lines[starts]
    inside = level > 0
    return Patches(starts[inside] // len(order), level[inside].astype(np.int64), sizes[inside])


def compute_run_length_features(levels: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Returns the features of runs by name, shape (N,) each.

    Args:
        levels: Levels from 1, shape (N, H, W); 0 outside of the region.
    """
    pixels = DIRECTIONS * (levels > 0).sum(axis=(1, 2)).astype(np.float64)
    return compute_emphases(find_runs(levels), len(levels), pixels)
