"""AUROC and average precision, for many resamples at once, with intervals over patients.

A resample is a row of weights: how often it holds each image. Images are sorted once; every resample then costs a few
cumulative sums, so that 2,000 of them take seconds. Counts are whole or half numbers, so AUROC is exact up to its one
division, and does not depend on the order of the images.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import RESAMPLES, draw_weights, number_groups
from ganoscope.statistics.estimate import Estimate, make_estimate

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
        weights: How often each resample holds each image, shape (R, N).

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
    positives, negatives = count_by_score(scores, positive, weights)
    return divide_wins(positives, negatives), average_precision(positives, negatives)


def compute_auroc(scores: NDArray[np.floating], positive: NDArray[np.bool_], weights: Floats) -> Floats:
    """Returns the AUROC for every row of weights, shape (R,), by the formula in `rank_classes`.

    Args:
        scores: Shape (N,).
        positive: Whether each image is of the class, shape (N,).
        weights: How often each resample holds each image, shape (R, N).

    Example:
        >>> compute_auroc(np.array([1.0, 2.0, 2.0]), np.array([False, False, True]), np.ones((1, 3))).tolist()
        [0.75]
    """
    return divide_wins(*count_by_score(scores, positive, weights))


def count_by_score(scores: NDArray[np.floating], positive: NDArray[np.bool_], weights: Floats) -> tuple[Floats, Floats]:
    """Returns weights of positives and of negatives at each of the K distinct scores, highest first.

    Args:
        scores: Shape (N,).
        positive: Whether each image is of the class, shape (N,).
        weights: How often each resample holds each image, shape (R, N).

    Returns:
        Two arrays of shape (R, K).
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
    sorted_weights = weights[:, order]
    held = sorted_weights * positive[order]
    return add_ties(held, starts), add_ties(sorted_weights - held, starts)


def add_ties(values: Floats, starts: NDArray[np.int64]) -> Floats:
    """Returns sums over runs of columns that begin at `starts`, shape (R, number of runs)."""
    if len(starts) == values.shape[1]:
        return values
    sums: Floats = np.add.reduceat(values, starts, axis=1)
    return sums


def divide_wins(positives: Floats, negatives: Floats) -> Floats:
    """Returns the AUROC, shape (R,), from weights at each score, highest first, shape (R, K) each."""
    total, rest = positives.sum(1), negatives.sum(1)
    below = rest[:, None] - negatives.cumsum(1) + 0.5 * negatives
    with np.errstate(invalid="ignore", divide="ignore"):
        auroc: Floats = (positives * below).sum(1) / (total * rest)
    return auroc


def average_precision(positives: Floats, negatives: Floats) -> Floats:
    """Returns the average precision, shape (R,), from weights at each score, highest first, shape (R, K) each."""
    above, all_negatives = positives.cumsum(1), negatives.cumsum(1)
    precision = np.divide(above, above + all_negatives, out=np.zeros_like(above), where=above > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        average: Floats = (positives * precision).sum(1) / above[:, -1]
    return average


def estimate_auroc(
    positive: NDArray[np.floating],
    negative: NDArray[np.floating],
    positive_groups: Sequence[str] | None = None,
    seed: int = 0,
) -> Estimate:
    """Returns the probability that a positive scores above a negative (ties count half), with its interval.

    Positives and negatives are independent sets, and resampled apart from each other.

    Args:
        positive: Scores, shape (P,).
        negative: Scores, shape (N,); every image is a group of its own.
        positive_groups: Group of each positive; by default every image is a group of its own.
        seed: Seed of the resampling.

    Example:
        >>> estimate_auroc(np.array([2.0, 3.0]), np.array([1.0, 2.0])).value
        0.875
    """
    members = number_groups(len(positive), positive_groups), np.arange(len(negative))
    weights = [
        np.concatenate(list(draw_weights(member, stream(seed + number, Stream.BOOTSTRAP), RESAMPLES)))
        for number, member in enumerate(members)
    ]
    scores = np.concatenate([positive, negative])
    is_positive = np.arange(len(scores)) < len(positive)
    value = float(compute_auroc(scores, is_positive, np.ones((1, len(scores))))[0])
    resampled = compute_auroc(scores, is_positive, np.concatenate(weights, axis=1))
    return make_estimate(value, resampled, len(scores), sum(int(member.max()) + 1 for member in members))


def compute_macro_auroc(codes: NDArray[np.int64], probabilities: Floats, weights: Floats) -> Floats:
    """Returns the AUROC of the second of two classes, or the mean of each of several classes against the rest.

    Args:
        codes: Labels, shape (N,), in [0, K).
        probabilities: Shape (N, K).
        weights: How often each resample holds each image, shape (R, N).

    Returns:
        Shape (R,); NaN for a resample that lacks a class.

    Example:
        >>> second = np.array([0.1, 0.6, 0.5, 0.9])
        >>> compute_macro_auroc(np.array([0, 0, 1, 1]), np.stack([1 - second, second], 1), np.ones((1, 4))).tolist()
        [0.75]
    """
    classes = probabilities.shape[1]
    if classes == 2:
        return compute_auroc(probabilities[:, 1], codes == 1, weights)
    return np.stack([compute_auroc(probabilities[:, k], codes == k, weights) for k in range(classes)], 1).mean(1)


def estimate_macro_auroc(
    codes: NDArray[np.int64],
    probabilities: Floats,
    member: NDArray[np.int64],
    random: np.random.Generator,
    resamples: int,
) -> Estimate:
    """Returns the AUROC of a classifier, as defined by `compute_macro_auroc`, with its interval over groups.

    Args:
        codes: Labels, shape (N,), in [0, K); every class occurs.
        probabilities: Shape (N, K).
        member: Group of each image, 0 to groups - 1, shape (N,).
        random: Source of the resampling.
        resamples: Number of resamples; those that lack a class are left out.
    """
    value = float(compute_macro_auroc(codes, probabilities, np.ones((1, len(codes))))[0])
    blocks = [compute_macro_auroc(codes, probabilities, weights) for weights in draw_weights(member, random, resamples)]
    return make_estimate(value, np.concatenate(blocks), len(codes), int(member.max()) + 1)


def compute_sklearn_auroc(codes: NDArray[np.int64], probabilities: Floats) -> float:
    """Returns the result of `compute_macro_auroc` as scikit-learn computes it: equal except for the last bits.

    A classifier's history holds this value with all digits, and the best epoch is chosen by it: the last bits decide
    between epochs that rank the images alike.

    Args:
        codes: Labels, shape (N,), in [0, K); every class occurs.
        probabilities: Shape (N, K).
    """
    from sklearn.metrics import roc_auc_score  # imported late: it takes a second

    scores = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
    return float(roc_auc_score(codes, scores, multi_class="ovr"))
