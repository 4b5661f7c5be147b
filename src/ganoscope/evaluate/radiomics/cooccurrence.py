"""Grey level co-occurrence: which levels lie side by side.

Source: IBSI, https://arxiv.org/abs/1612.07003, sect. 3.6; Haralick, Shanmugam, Dinstein 1973,
    https://doi.org/10.1109/TSMC.1973.4309314.
"""

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.radiomics.first_order import compute_entropy, divide

Floats = NDArray[np.float64]
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Steps (rows, columns) to a neighbour; the opposite steps are counted by symmetry."""


def count_cooccurrences(levels: NDArray[np.int64], number: int) -> Floats:
    """Returns how often level i lies beside level j, in all directions together, shape (N, number, number), symmetric.

    Args:
        levels: Levels from 1 to `number`, shape (N, H, W); 0 outside of the region.
        number: Number of levels.
    """
    side = number + 1
    first = (side * side * np.arange(len(levels)))[:, None, None]
    counts = np.zeros(len(levels) * side * side, np.int64)
    height, width = levels.shape[1:]
    for down, right in NEIGHBOURS:
        here = levels[:, : height - down, max(0, -right) : width - max(0, right)]
        there = levels[:, down:, max(0, right) : width - max(0, -right)]
        counts += np.bincount((first + here * side + there).ravel(), minlength=len(counts))
    inside = counts.reshape(-1, side, side)[:, 1:, 1:]
    return (inside + inside.transpose(0, 2, 1)).astype(np.float64)


def compute_cooccurrence_features(levels: NDArray[np.int64], number: int) -> dict[str, Floats]:
    """Returns the features of co-occurrence by name, shape (N,) each; arguments as in `count_cooccurrences`."""
    counts = count_cooccurrences(levels, number)
    shares = divide(counts, counts.sum(axis=(1, 2), keepdims=True))
    i, j = np.meshgrid(np.arange(1, number + 1), np.arange(1, number + 1), indexing="ij")
    return describe_pairs(shares, i, j) | describe_distances(shares, i, j) | describe_information(shares)


def average(shares: Floats, weights: NDArray[np.integer] | Floats) -> Floats:
    """Returns sum_ij p_ij w_ij of shares (N, K, K) and weights (K, K), shape (N,)."""
    return shares.reshape(len(shares), -1) @ weights.astype(np.float64).ravel()


def describe_pairs(shares: Floats, i: NDArray[np.int64], j: NDArray[np.int64]) -> dict[str, Floats]:
    """Returns the features of the joint distribution and of the sums i + j.

    Args:
        shares: Joint distribution of two neighbours' levels, shape (N, K, K), symmetric.
        i: Level of the first, shape (K, K).
        j: Level of the second, same shape.
    """
    flat = shares.reshape(len(shares), -1)
    mean = average(shares, i)
    variance = average(shares, i**2) - mean**2
    product = average(shares, i * j)
    second = average(shares, (i + j) ** 2)
    moments = {power: average(shares, (i + j).astype(np.float64) ** power) for power in (3, 4)}
    middle = 2 * mean
    return {
        "joint_maximum": flat.max(axis=1),
        "joint_average": mean,
        "joint_variance": variance,
        "joint_entropy": compute_entropy(flat),
        "sum_average": middle,
        "sum_variance": second - middle**2,
        "sum_entropy": compute_entropy(collect(shares, i + j)),
        "angular_second_moment": (flat**2).sum(axis=1),
        "correlation": np.where(variance > 1e-12, divide(product - mean**2, variance), 1.0),
        "autocorrelation": product,
        "cluster_tendency": second - middle**2,
        "cluster_shade": moments[3] - 3 * middle * second + 2 * middle**3,
        "cluster_prominence": moments[4] - 4 * middle * moments[3] + 6 * middle**2 * second - 3 * middle**4,
    }


def describe_distances(shares: Floats, i: NDArray[np.int64], j: NDArray[np.int64]) -> dict[str, Floats]:
    """Returns the features of the differences |i - j|.

    Args:
        shares: Joint distribution of two neighbours' levels, shape (N, K, K), symmetric.
        i: Level of the first, shape (K, K).
        j: Level of the second, same shape.
    """
    gap, number = np.abs(i - j).astype(np.float64), len(i)
    mean, contrast = average(shares, gap), average(shares, gap**2)
    return {
        "difference_average": mean,
        "difference_variance": contrast - mean**2,
        "difference_entropy": compute_entropy(collect(shares, np.abs(i - j))),
        "contrast": contrast,
        "dissimilarity": mean,
        "inverse_difference": average(shares, 1 / (1 + gap)),
        "normalised_inverse_difference": average(shares, 1 / (1 + gap / number)),
        "inverse_difference_moment": average(shares, 1 / (1 + gap**2)),
        "normalised_inverse_difference_moment": average(shares, 1 / (1 + gap**2 / number**2)),
        "inverse_variance": average(shares, np.where(gap > 0, 1 / np.maximum(gap, 1) ** 2, 0.0)),
    }


def describe_information(shares: Floats) -> dict[str, Floats]:
    """Returns how much a neighbour's level tells about a pixel's, from shares (N, K, K)."""
    joint, alone = compute_entropy(shares.reshape(len(shares), -1)), compute_entropy(shares.sum(axis=2))
    gain = (2 * alone - joint).clip(min=0)
    return {
        "information_correlation_1": -divide(gain, alone),
        "information_correlation_2": np.sqrt(1 - np.exp(-2 * gain)),
    }


def collect(shares: Floats, keys: NDArray[np.int64]) -> Floats:
    """Returns the distribution of a function of both levels, shape (N, values), given its value by cell, (K, K)."""
    values = np.eye(int(keys.max()) + 1)[keys.ravel()]
    return shares.reshape(len(shares), -1) @ values
