"""p values beyond the largest of n null values: a generalised Pareto distribution is fitted to the largest of them.

A rank among n null values never gives less than 1 / (n + 1). Beyond a high threshold, though, the excesses of nearly
any distribution follow a generalised Pareto distribution, whose scale and shape the largest null values tell. Both are
uncertain, and a p value that takes them for known is too small. Here it is averaged over what they may be, given the
excesses (the predictive distribution). With an exponential tail that is exact: p = (1 + y / sum of excesses)^(-k).

Shapes below zero, with which large values become impossible, are never used: they would turn any value beyond the
largest into a certainty.

Source: Pickands 1975, https://doi.org/10.1214/aos/1176343003; Davison, Smith 1990,
    https://doi.org/10.1111/j.2517-6161.1990.tb01796.x; predictive distributions of excesses: Coles 2001, "An
    Introduction to Statistical Modeling of Extreme Values", sect. 9.1.3, https://doi.org/10.1007/978-1-4471-3675-0
Differs: shapes from 0 to 0.5 only, with a prior density that falls by e every `SHAPE_SCALE`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TAIL_SHARE = 0.2
"""Share of the null values, the largest, that are fitted."""
MIN_EXCESSES = 10
"""Fewest excesses that are fitted."""
SHAPES = np.linspace(1e-6, 0.5, 26)
SHAPE_SCALE = 0.05
"""A shape is less likely before any data by e for every `SHAPE_SCALE`: 0 is the shape of the maxima of most scores."""
SCALES = np.exp(np.linspace(np.log(0.1), np.log(8), 81))
"""Scales, in units of the mean excess, over which the p value is averaged."""


@dataclass(frozen=True)
class Tail:
    """Tail of a null distribution.

    Attributes:
        null: The null values, ascending, shape (n,).
        threshold: Value above which the fit is used.
        excesses: Number of null values above it.
        shape: Mean shape of the fitted distributions; 0 is an exponential tail, above is heavier.
        scales: Possible scales of the excesses, shape (S,).
        weights: Weight of each shape with each scale, shape (26, S); they add up to 1.
    """

    null: Floats
    threshold: float
    excesses: int
    shape: float
    scales: Floats
    weights: Floats

    def compute_p(self, values: Floats) -> Floats:
        """Returns the probability that a further null value is at least as large, shape (m,).

        Up to the threshold it is the rank among the null values, (1 + number at least as large) / (n + 1).
        """
        ranks = compute_rank_p(self.null, values)
        beyond = values > self.threshold
        share = (self.excesses + 1) / (len(self.null) + 1)
        ranks[beyond] = np.minimum(share, 1) * self.survive(values[beyond] - self.threshold)
        return ranks

    def survive(self, excesses: Floats) -> Floats:
        """Returns the probability that an excess is at least that large, shape (m,)."""
        survived = np.zeros(len(excesses))
        for shape, weights in zip(SHAPES, self.weights, strict=True):
            powers = -np.log1p(shape * excesses[:, None] / self.scales) / shape
            survived += np.exp(powers) @ weights
        return survived


def compute_rank_p(null: Floats, values: Floats) -> Floats:
    """Returns (1 + number of null values at least as large) / (n + 1) of each value, shape (m,).

    Exact for values that are exchangeable with the null values, whatever their distribution.

    Args:
        null: Null values, ascending, shape (n,).
        values: Shape (m,).

    Source: Vovk, Gammerman, Shafer 2005, "Algorithmic Learning in a Random World", sect. 2.2

    Example:
        >>> compute_rank_p(np.array([0.1, 0.2, 0.3]), np.array([0.25, 0.5])).tolist()
        [0.5, 0.25]
    """
    return (1 + len(null) - np.searchsorted(null, values, side="left")) / (len(null) + 1)


def fit_tail(null: Floats, censored: float = 0.0) -> Tail:
    """Returns the tail of the distribution that null values come from.

    Args:
        null: Null values, shape (n,).
        censored: Share of the largest values of which only the number is used, because some may be no null values:
            the fit then starts lower, and the tail is that of the others.

    Raises:
        ValueError: There are too few null values.
    """
    ordered = np.sort(np.asarray(null, np.float64))
    count = len(ordered)
    unseen = int(censored * count)
    excesses = min(max(MIN_EXCESSES, int(TAIL_SHARE * count)) + 2 * unseen, count // 2)
    if excesses - unseen < MIN_EXCESSES or not np.isfinite(ordered).all():
        raise ValueError(f"a tail can't be fitted to {count} null values")
    threshold = float(ordered[-excesses - 1])
    seen = ordered[count - excesses : count - unseen] - threshold
    limit = float(seen[-1])
    unit = max((seen.sum() + unseen * limit) / (excesses - unseen), 1e-12)
    scales = SCALES * unit
    weights = weigh(seen, (unseen, limit), scales)
    return Tail(ordered, threshold, excesses, float(weights.sum(axis=1) @ SHAPES), scales, weights)


def weigh(seen: Floats, unseen: tuple[int, float], scales: Floats) -> Floats:
    """Returns the weight of each shape with each scale, given the excesses, shape (26, S).

    Args:
        seen: Excesses that are known.
        unseen: Number of excesses that are only known to be larger than a limit, and the limit.
        scales: Possible scales, evenly spaced in their logarithm.
    """
    number, limit = unseen
    logs = np.empty((len(SHAPES), len(scales)))
    for row, shape in enumerate(SHAPES):
        known = np.log1p(shape * seen[:, None] / scales).sum(axis=0) * (1 + 1 / shape) + len(seen) * np.log(scales)
        logs[row] = -known - number * np.log1p(shape * limit / scales) / shape - shape / SHAPE_SCALE
    weights = np.exp(logs - logs.max())
    total: Floats = weights / weights.sum()
    return total
