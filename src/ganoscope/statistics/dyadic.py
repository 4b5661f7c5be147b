"""Interval of a mean over pairs of images, many of which share an image."""

import numpy as np
from numpy.typing import NDArray

from ganoscope.statistics.estimate import LEVEL


def compute_dyadic_interval(values: NDArray[np.float64], members: NDArray[np.int64]) -> tuple[float, float]:
    """Returns the 95% interval of a mean over pairs that share images: dyadic cluster-robust variance.

    V = 1/P^2 * sum over all (p, q) that share a group of e_p e_q, with e_p = s_p - mean s; times G / (G - 1), with the
    quantile of Student's t at G - 1 degrees of freedom. An ordinary standard error would take pairs that share an
    image for independent, and be too small; a bootstrap over images is too wide, as it triples the pairs' own part.

    Source: Aronow, Samii, Assenova 2015, eq. 2, https://doi.org/10.1093/pan/mpv018.
    Differs: never below the variance of independent pairs; clipped to [0, 1]. With under three groups: [0, 1].

    Args:
        values: Similarity of each pair, in [0, 1], shape (P,).
        members: Groups of each pair's two images, shape (P, 2), numbered from 0.
    """
    from scipy.stats import t  # imported late: it takes half a second

    groups = len(np.unique(members))
    if groups < 3:
        return 0.0, 1.0
    residuals = values - values.mean()
    first, second = members.min(axis=1), members.max(axis=1)
    size = int(members.max()) + 1
    within = first == second
    touching = np.bincount(first, residuals, size) + np.bincount(second[~within], residuals[~within], size)
    both = np.unique(first[~within] * size + second[~within], return_inverse=True)[1]
    twice = np.bincount(both, residuals[~within]) if len(both) else np.zeros(1)
    variance = max((touching**2).sum() - (twice**2).sum(), (residuals**2).sum()) / len(values) ** 2
    half = float(t.ppf((1 + LEVEL) / 2, groups - 1) * np.sqrt(variance * groups / (groups - 1)))
    return max(0.0, float(values.mean()) - half), min(1.0, float(values.mean()) + half)
