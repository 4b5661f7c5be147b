"""Likelihood ratio of an image's statistic under models that have learned from it and under models that have not.

Source: Carlini et al. 2022, "Membership Inference Attacks From First Principles", sect. 4, algorithm 1,
    https://arxiv.org/abs/2112.03570
Differs: one variance for all images, as that paper has it for few shadow models. Models come in pairs that share out
    the patients, and a target's partner is left out of its shadow models: every image then has as many models with it
    as without, whichever side of the target it is on. Otherwise, these numbers alone would tell the members.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FEWEST_MODELS = 6
"""With fewer, a target has a single shadow model on each side."""


@dataclass(frozen=True)
class Shadows:
    """One statistic of every image under the audited generator and under shadow models.

    Attributes:
        audited: Under the audited generator, shape (N,).
        statistics: Under each shadow model, shape (N, M).
        inside: Whether each shadow model has learned from each image, shape (N, M).
    """

    audited: Floats
    statistics: Floats
    inside: NDArray[np.bool_]


def standardise(statistics: Floats) -> Floats:
    """Returns statistics (N, M) with mean 0 and deviation 1 in every column: models differ in scale and offset."""
    spread = statistics.std(axis=0)
    standard: Floats = (statistics - statistics.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return standard


def compute_likelihood_ratio(audited: Floats, statistics: Floats, inside: NDArray[np.bool_]) -> Floats:
    r"""Returns the log likelihood ratio of each image under one model, shape (N,).

    .. math:: \Lambda = \frac{(\phi - \mu_{out})^2 - (\phi - \mu_{in})^2}{2 \sigma^2}

    Args:
        audited: Statistic of each image under the model, shape (N,).
        statistics: Under each shadow model, shape (N, M).
        inside: Whether each shadow model has learned from each image, shape (N, M); each has models of both kinds.

    Example:
        >>> shadows, inside = np.array([[0.0, 2.0, 1.0, 3.0]]), np.array([[False, False, True, True]])
        >>> compute_likelihood_ratio(np.array([2.0]), shadows, inside).tolist()
        [0.25]
    """
    with_image, without = (average(statistics, chosen) for chosen in (inside, ~inside))
    residuals = statistics - np.where(inside, with_image[:, None], without[:, None])
    free = residuals.size - 2 * len(residuals)
    variance = float((residuals**2).sum()) / free if free > 0 else 0.0
    return ((audited - without) ** 2 - (audited - with_image) ** 2) / (2 * variance if variance > 0 else 1.0)


def compare_with_shadows(shadows: Shadows) -> Floats:
    """Returns the log likelihood ratio of each image under the audited generator, shape (N,)."""
    standard = standardise(np.column_stack([shadows.audited, shadows.statistics]))
    return compute_likelihood_ratio(standard[:, 0], standard[:, 1:], shadows.inside)


def average(statistics: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Returns the mean of the chosen statistics of each image, shape (N,)."""
    mean: Floats = np.where(chosen, statistics, 0).sum(1) / chosen.sum(1)
    return mean


def score_each_model(statistics: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Returns the log likelihood ratio of every image under every model in turn, shape (N, M).

    Args:
        statistics: Shape (N, M), M of `FEWEST_MODELS` or more; models 2j and 2j + 1 share out the patients.
        inside: Whether each model has learned from each image, shape (N, M).
    """
    standard, models = standardise(statistics), np.arange(statistics.shape[1])
    scores = np.empty(standard.shape)
    for target in models:
        shadows = models // 2 != target // 2
        scores[:, target] = compute_likelihood_ratio(standard[:, target], standard[:, shadows], inside[:, shadows])
    return scores
