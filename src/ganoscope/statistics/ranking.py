"""How well scores put one class above the rest, for many weightings of the images at once: what a bootstrap needs.

A resample is a row of weights: how often it holds each image. Sorting is done once; every resample then costs a few
cumulative sums, which is what makes 2,000 of them take seconds.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rank_classes(scores: NDArray[np.floating], positive: NDArray[np.bool_], weights: Floats) -> tuple[Floats, Floats]:
    r"""Returns (AUROC, average precision) for every row of weights.

    With weights w, positives P and negatives N:

    .. math:: AUROC = \sum_{i \in P, j \in N} w_i w_j ([s_i > s_j] + [s_i = s_j] / 2) / \sum_{i \in P, j \in N} w_i w_j

    .. math:: AP = \sum_k (R_k - R_{k-1}) P_k

    over the distinct scores k from the highest down, P and R being precision and recall of all images that score as
    high or higher; images of equal score come together.

    Args:
        scores: Shape (N,).
        positive: Whether each image is of the class, shape (N,).
        weights: Times that each resample holds each image, shape (R, N).

    Returns:
        Two arrays of shape (R,). AUROC is NaN for a resample without positives or without negatives, AP for one
        without positives.

    Source: Mann, Whitney 1947, https://doi.org/10.1214/aoms/1177730491; average precision as in scikit-learn, without
        interpolation: https://scikit-learn.org/stable/modules/model_evaluation.html

    Example:
        >>> auroc, precision = rank_classes(np.array([1.0, 2.0, 3.0]), np.array([False, True, True]), np.ones((1, 3)))
        >>> float(auroc[0]), float(precision[0])
        (1.0, 1.0)
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
    sorted_weights = weights[:, order]
    held = sorted_weights * positive[order]
    positives = add_ties(held, starts)
    negatives = add_ties(sorted_weights - held, starts)
    above, all_negatives = positives.cumsum(1), negatives.cumsum(1)
    total, rest = above[:, -1], all_negatives[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        below = rest[:, None] - all_negatives + 0.5 * negatives
        auroc = (positives * below).sum(1) / (total * rest)
        precision = np.divide(above, above + all_negatives, out=np.zeros_like(above), where=above > 0)
        return auroc, (positives * precision).sum(1) / total


def add_ties(values: Floats, starts: NDArray[np.int64]) -> Floats:
    """Returns sums over runs of columns that begin at `starts`, shape (R, number of runs)."""
    if len(starts) == values.shape[1]:
        return values
    sums: Floats = np.add.reduceat(values, starts, axis=1)
    return sums
