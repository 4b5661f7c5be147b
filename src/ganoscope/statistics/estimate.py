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
        low: Lower end of the 95% interval; NaN where there is none.
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


MOST_DIGITS = 6
"""Decimals after which even a number that is not zero is written as zero."""


def count_digits(numbers: Sequence[float], fewest: int) -> int:
    """Returns with how many decimals to write numbers so that none looks like zero but is not.

    Rounded ends of an interval would otherwise contradict a sentence about the side of zero that it lies on.

    Args:
        numbers: Such as a value and the ends of its interval; NaN where there is none.
        fewest: Decimals where there is no such number.

    Example:
        >>> count_digits((-0.004, -0.007, -0.0002), 2), count_digits((0.25, 0.0, 0.5), 2)
        (4, 2)
    """
    hidden = (digits for digits in range(fewest, MOST_DIGITS) if any(round(one, digits) == 0 != one for one in numbers))
    return max(hidden, default=fewest - 1) + 1


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
