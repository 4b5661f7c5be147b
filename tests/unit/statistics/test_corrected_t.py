"""The corrected resampled t-test: degenerate splits, and its behaviour under the correlation that it assumes."""

import numpy as np
import pytest
from scipy import stats

from ganoscope.statistics.corrected_t import (
    compare_splits,
    compute_corrected_interval,
    compute_fold_ratio,
    compute_variance_factor,
)


def draw_correlated(rng, studies, splits, ratio):
    """Differences of a true 0 whose correlation is n_test / (n_test + n_train), the one that the test assumes."""
    correlation = ratio / (1 + ratio)
    shared = np.sqrt(correlation) * rng.normal(size=(studies, 1))
    return shared + np.sqrt(1 - correlation) * rng.normal(size=(studies, splits))


def test_without_shared_patients_it_is_the_ordinary_t_test():
    values = np.random.default_rng(0).normal(0.3, 1, 12)
    theirs = stats.ttest_1samp(values, 0)
    found = compare_splits(values, 0)
    assert found.p == pytest.approx(theirs.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(theirs.confidence_interval(0.95)))


def test_the_interval_ends_at_zero_where_its_level_is_that_of_the_p_value():
    found = compare_splits(np.random.default_rng(1).normal(0.3, 1, 25), 0.25)
    assert compute_corrected_interval(found, 1 - found.p)[0] == pytest.approx(0, abs=1e-12)
    assert compute_corrected_interval(found, 0.95) == pytest.approx((found.low, found.high))
    low, high = compute_corrected_interval(found, 0.99)
    assert low < found.low < found.high < high


def test_repeated_folds_are_splits_of_their_own_ratio():
    assert compute_fold_ratio(10) == pytest.approx(1 / 9)
    assert compute_variance_factor(100, compute_fold_ratio(10)) == pytest.approx(0.01 + 1 / 9)


@pytest.mark.parametrize("values", [[0.02], [0.1 + 0.2, 0.3, 0.3], [-1.0] * 25, [0.0], [0.0] * 2, [0.0] * 25])
def test_an_unknown_variance_gives_no_interval(values):
    found = compare_splits(np.array(values), 0.25)
    assert np.isnan([found.low, found.high, found.p, found.standard_error]).all()
    assert found.value == pytest.approx(np.mean(values))
    assert np.isnan(compute_corrected_interval(found, 0.9)).all()


@pytest.mark.parametrize(("splits", "ratio"), [(5, 0.25), (25, 0.25), (25, 1 / 9)])
def test_intervals_cover_and_p_values_are_even_under_the_assumed_correlation(splits, ratio):
    draws = draw_correlated(np.random.default_rng(2), 1500, splits, ratio)
    found = [compare_splits(row, ratio) for row in draws]
    covered = np.mean([one.low <= 0 <= one.high for one in found])
    naive = np.mean(stats.ttest_1samp(draws, 0, axis=1).pvalue > 0.05)
    assert 0.93 <= covered <= 0.97
    assert naive < covered - 0.05
    assert np.mean([one.p < 0.5 for one in found]) == pytest.approx(0.5, abs=0.04)


def test_patients_that_vary_more_than_the_ratio_allows_for_widen_the_interval():
    values = np.random.default_rng(1).normal(0.3, 1, 25)
    plain = compare_splits(values, 0.25)
    allowed = 0.25 * values.var(ddof=1) / 2
    for unchanged in (0.0, np.nan, 0.99 * allowed):
        assert compare_splits(values, 0.25, unchanged) == plain
    wide = compare_splits(values, 0.25, 3 * allowed)
    assert wide.ratio == pytest.approx(0.75)
    assert wide.standard_error**2 == pytest.approx(values.var(ddof=1) * (1 / 25 + 0.75))
    assert wide.low < plain.low < plain.high < wide.high
    assert wide.p > plain.p
