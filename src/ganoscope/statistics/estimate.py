"""Estimates: a value with its interval, the number of images and the number of independent groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.files.records import Number

LEVEL = 0.95
"""Coverage of intervals."""


@dataclass(frozen=True)
class Estimate:
    """A value with its interval.

    Attributes:
        value: The value over all images; NaN where it is not defined.
        low: Lower end of the 95 % interval; NaN where there is none.
        high: Upper end.
        n: Number of images.
        groups: Number of groups (patients or clusters) that were resampled.
    """

    value: Number
    low: Number
    high: Number
    n: int
    groups: int

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


def compute_percentile_interval(
    values: Sequence[float] | NDArray[np.float64], level: float = LEVEL
) -> tuple[float, float]:
    """Returns the percentile interval of resampled values: their (1 - level) / 2 and (1 + level) / 2 quantiles.

    Args:
        values: Value of each resample, shape (R,), R of 1 or more, all finite.
        level: Coverage.

    Source: Efron, Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13.

    Example:
        >>> compute_percentile_interval(np.arange(101.0), level=0.5)
        (25.0, 75.0)
    """
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def compute_shifted_interval(resampled: Sequence[float] | NDArray[np.float64], value: float) -> tuple[float, float]:
    """Returns the percentile interval of a distance, shifted so that the mean of the resamples falls on the value.

    Args:
        resampled: Distance of each resample, shape (R,), R of 1 or more, all finite.
        value: Distance of the images themselves.

    Source: Efron, Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13.
    Differs: a resample holds images repeatedly, so its distance is larger, by about the bias that the sample size gives
        the distance itself. The percentiles are shifted by that mean excess over `value`.
    """
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) - np.mean(resampled) + value
    return float(low), float(high)


def make_estimate(value: float, resampled: NDArray[np.float64], n: int, groups: int) -> Estimate:
    """Returns an estimate with the percentile interval of resampled values.

    Args:
        value: The value over all images.
        resampled: Value of each resample, shape (R,); resamples with NaN are left out.
        n: Number of images.
        groups: Number of groups that were resampled.
    """
    finite = resampled[np.isfinite(resampled)]
    if not len(finite):
        return Estimate(value, np.nan, np.nan, n, groups)
    return Estimate(value, *compute_percentile_interval(finite), n, groups)
