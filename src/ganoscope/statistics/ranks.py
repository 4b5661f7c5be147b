"""Rank correlation of pairs of images or maps."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def compute_rank_correlation(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns Spearman's rank correlation of pairs of maps, shape (N,), with mean ranks for ties.

    Args:
        first: Original maps, shape (N, ...); NaN is returned where one is constant.
        second: New maps, same shape; 0 is returned where only this one is constant.

    Source: Spearman 1904, https://doi.org/10.2307/1412159; all pairs at once, unlike `scipy.stats.spearmanr`.

    Example:
        >>> compute_rank_correlation(np.array([[1.0, 2.0, 3.0]]), np.array([[9.0, 5.0, 1.0]])).tolist()
        [-1.0]
    """
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (first, second)]
    a, b = (rank - rank.mean(1, keepdims=True) for rank in ranks)
    norm = np.sqrt((a * a).sum(1) * (b * b).sum(1))
    rho = np.divide((a * b).sum(1), norm, out=np.zeros_like(norm), where=norm > 0)
    constant: NDArray[np.bool_] = (a * a).sum(1) == 0
    return np.where(constant, np.nan, rho)
