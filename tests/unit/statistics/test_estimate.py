"""Intervals of resampled values."""

import numpy as np
import pytest

from ganoscope.statistics.estimate import (
    Estimate,
    compute_percentile_interval,
    compute_shifted_interval,
    make_estimate,
)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_percentiles_leave_equal_shares_on_both_sides(level):
    values = np.random.default_rng(0).permutation(np.arange(100_001.0))
    low, high = compute_percentile_interval(values, level)
    assert (low, high) == pytest.approx((100_000 * (1 - level) / 2, 100_000 * (1 + level) / 2))


def test_shifting_moves_the_mean_onto_the_value_and_keeps_the_width():
    values = np.random.default_rng(1).gamma(2, size=500)
    low, high = compute_shifted_interval(values, 7.0)
    ends = compute_percentile_interval(values)
    assert high - low == pytest.approx(ends[1] - ends[0])
    assert low - 7.0 == pytest.approx(ends[0] - values.mean())


def test_resamples_with_nan_are_left_out():
    values = np.array([np.nan, 1.0, 2.0, 3.0, np.nan])
    assert make_estimate(2.0, values, 5, 4) == Estimate(2.0, *compute_percentile_interval([1.0, 2.0, 3.0]), 5, 4)
    assert np.isnan(make_estimate(2.0, values[:1], 5, 4).low)


def test_an_interval_on_one_side_excludes_zero():
    sides = ((-2.0, -1.0), (-1.0, 1.0), (1.0, 2.0), (np.nan, np.nan))
    assert [Estimate(0.0, *ends, 9, 9).excludes_zero for ends in sides] == [True, False, True, False]
