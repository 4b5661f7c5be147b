"""Percentile bootstrap over images, or over the groups that images belong to.

Source: Efron, Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13; groups resampled as wholes: Field, Welsh
    2007, "Bootstrapping clustered data", https://doi.org/10.1111/j.1467-9868.2007.00593.x
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.seeds import Stream, stream

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval.

    Attributes:
        value: The mean over images; NaN without images.
        low: Lower end of the 95 % interval.
        high: Upper end.
        n: Number of images.
        groups: Number of groups (patients or clusters) that were resampled.
    """

    value: float
    low: float
    high: float
    n: int
    groups: int

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


def estimate_mean(values: NDArray[np.floating], groups: Sequence[str] | None = None, seed: int = 0) -> Estimate:
    """Returns the mean over images with its interval.

    Args:
        values: Shape (N,); images with NaN take no part.
        groups: Group of each image, resampled as a whole; by default every image stands for itself.
        seed: Of the resampling.
    """
    kept = np.isfinite(values)
    resampled, clusters = resample_means(values, groups, seed)
    return make_estimate(float(np.mean(values[kept])) if kept.any() else np.nan, resampled, int(kept.sum()), clusters)


def estimate_difference(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    first_groups: Sequence[str] | None = None,
    second_groups: Sequence[str] | None = None,
    seed: int = 0,
) -> Estimate:
    """Returns mean(first) - mean(second) of two independent sets, with its interval; else as `estimate_mean`."""
    first_means, first_count = resample_means(first, first_groups, seed)
    second_means, second_count = resample_means(second, second_groups, seed + 1)
    value = float(np.nanmean(first) - np.nanmean(second)) if first_count and second_count else np.nan
    images = int(np.isfinite(first).sum() + np.isfinite(second).sum())
    return make_estimate(value, first_means - second_means, images, first_count + second_count)


def make_estimate(value: float, resampled: NDArray[np.float64], n: int, groups: int) -> Estimate:
    """Returns an estimate with the percentiles of resampled values; those that are NaN take no part."""
    finite = resampled[np.isfinite(resampled)]
    if not len(finite):
        return Estimate(value, np.nan, np.nan, n, groups)
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high), n, groups)


def resample_means(
    values: NDArray[np.floating], groups: Sequence[str] | None, seed: int
) -> tuple[NDArray[np.float64], int]:
    """Returns (means of `RESAMPLES` resamples, number of groups); groups are drawn with replacement, as wholes."""
    values = np.asarray(values, np.float64)
    kept = np.isfinite(values)
    names = np.arange(len(values)) if groups is None else np.asarray(groups)
    _, member = np.unique(names[kept], return_inverse=True)
    sums, counts = np.bincount(member, values[kept]), np.bincount(member)
    if not len(counts):
        return np.full(RESAMPLES, np.nan), 0
    drawn = draw_groups(len(counts), seed)
    return sums[drawn].sum(1) / counts[drawn].sum(1), len(counts)


def draw_groups(count: int, seed: int) -> NDArray[np.int64]:
    """Returns which groups each resample holds, shape (RESAMPLES, count)."""
    return stream(seed, Stream.BOOTSTRAP).integers(count, size=(RESAMPLES, count))


def estimate_auroc(
    positive: NDArray[np.floating],
    negative: NDArray[np.floating],
    positive_groups: Sequence[str] | None = None,
    seed: int = 0,
) -> Estimate:
    """Returns the probability that a positive scores above a negative (ties count half), with its interval.

    Args:
        positive: Scores, shape (P,).
        negative: Scores, shape (N,); each stands for itself.
        positive_groups: Group of each positive.
        seed: Of the resampling.

    Example:
        >>> estimate_auroc(np.array([2.0, 3.0]), np.array([1.0, 2.0])).value
        0.875
    """
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    first, groups = count_draws(len(positive), positive_groups, seed)
    second, others = count_draws(len(negative), None, seed + 1)
    resampled = ((first @ wins) * second).sum(1) / (first.sum(1) * second.sum(1))
    return make_estimate(float(wins.mean()), resampled, wins.shape[0] + wins.shape[1], groups + others)


def count_draws(count: int, groups: Sequence[str] | None, seed: int) -> tuple[NDArray[np.float64], int]:
    """Returns (how often each resample holds each image, shape (RESAMPLES, count); number of groups)."""
    _, member = np.unique(np.arange(count) if groups is None else np.asarray(groups), return_inverse=True)
    clusters = int(member.max()) + 1
    drawn = draw_groups(clusters, seed) + clusters * np.arange(RESAMPLES)[:, None]
    times = np.bincount(drawn.ravel(), minlength=RESAMPLES * clusters).reshape(RESAMPLES, clusters)
    return times[:, member].astype(np.float64), clusters
