"""Neighbourhood grey tone differences: how much a pixel differs from the mean of its eight neighbours.

Source: IBSI, https://arxiv.org/abs/1612.07003, sect. 3.10; Amadasun, King 1989, https://doi.org/10.1109/21.44046.
"""

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.radiomics.first_order import divide

Floats = NDArray[np.float64]
SMOOTHEST = 1e6
"""Coarseness of an image in which no pixel differs from its neighbours, as IBSI sets it."""


def compare_neighbours(levels: NDArray[np.int64], number: int) -> tuple[Floats, Floats]:
    """Returns (number of pixels, sum of their differences from the mean of their neighbours) by level.

    Args:
        levels: Levels from 1 to `number`, shape (N, H, W); 0 outside of the region. Pixels without a neighbour in the
            region don't count.
        number: Number of levels.

    Returns:
        Shape (N, number) each.
    """
    padded = np.pad(levels, ((0, 0), (1, 1), (1, 1))).astype(np.float64)
    height, width = levels.shape[1:]
    total, count = np.zeros(levels.shape), np.zeros(levels.shape)
    for row in range(3):
        for column in range(3):
            if (row, column) != (1, 1):
                there = padded[:, row : row + height, column : column + width]
                total += there
                count += there > 0
    valid = (levels > 0) & (count > 0)
    gap = np.where(valid, np.abs(levels - divide(total, count)), 0.0)
    keys = (np.where(valid, levels, 0) + (number + 1) * np.arange(len(levels))[:, None, None]).ravel()
    size = len(levels) * (number + 1)
    pixels = np.bincount(keys, minlength=size).reshape(-1, number + 1)[:, 1:].astype(np.float64)
    sums: Floats = np.asarray(np.bincount(keys, gap.ravel(), minlength=size), np.float64)
    return pixels, sums.reshape(-1, number + 1)[:, 1:]


def compute_tone_difference_features(levels: NDArray[np.int64], number: int) -> dict[str, Floats]:
    """Returns the five features by name, shape (N,) each; arguments as in `compare_neighbours`."""
    pixels, gaps = compare_neighbours(levels, number)
    total = pixels.sum(axis=1)
    share = divide(pixels, total[:, None])
    there = share > 0
    both = there[:, :, None] & there[:, None, :]
    level = np.arange(1, number + 1, dtype=np.float64)
    apart = np.abs(level[:, None] - level)
    used = there.sum(axis=1).astype(np.float64)
    weighted, weight = (share * gaps).sum(axis=1), share * gaps
    spread = ((share[:, :, None] * share[:, None, :]) * apart**2).sum(axis=(1, 2))
    steps = np.abs((share * level)[:, :, None] - (share * level)[:, None, :])
    mixed = divide(weight[:, :, None] + weight[:, None, :], share[:, :, None] + share[:, None, :])
    summed = (share[:, :, None] + share[:, None, :]) * apart**2
    return {
        "coarseness": np.where(weighted > 0, divide(np.ones_like(weighted), weighted), SMOOTHEST),
        "contrast": divide(spread, used * (used - 1)) * divide(gaps.sum(axis=1), total),
        "busyness": divide(weighted, np.where(both, steps, 0.0).sum(axis=(1, 2))),
        "complexity": divide((apart * np.where(both, mixed, 0.0)).sum(axis=(1, 2)), total),
        "strength": divide(np.where(both, summed, 0.0).sum(axis=(1, 2)), gaps.sum(axis=1)),
    }
