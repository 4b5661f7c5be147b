"""Power, minimum detectable difference and equivalence power against simulation."""

import numpy as np
import pytest
from scipy import stats

from ganoscope.statistics.corrected_t import compute_variance_factor
from ganoscope.statistics.planning.power import (
    compute_equivalence_power,
    compute_minimum_detectable_difference,
    compute_power,
    compute_sd_interval,
    compute_smallest_exact_p,
)


@pytest.mark.parametrize(
    ("splits", "five", "one"), [(5, 2.52, 3.94), (10, 1.86, 2.49), (25, 1.57, 1.98), (50, 1.49, 1.84)]
)
def test_the_figures_of_the_design(splits, five, one):
    assert compute_minimum_detectable_difference(splits, 0.25, 0.05) == pytest.approx(five, abs=0.006)
    assert compute_minimum_detectable_difference(splits, 0.25, 0.01) == pytest.approx(one, abs=0.006)


def draw_means(splits, ratio, shift, count=40_000):
    """Means and standard deviations of splits with the variances that the test assumes."""
    rng = np.random.default_rng(0)
    means = shift + np.sqrt(compute_variance_factor(splits, ratio)) * rng.normal(size=count)
    return means, np.sqrt(rng.chisquare(splits - 1, count) / (splits - 1))


@pytest.mark.parametrize(("splits", "ratio", "alpha"), [(5, 0.25, 0.05), (25, 0.25, 0.0125), (10, 1 / 9, 0.05)])
def test_the_printed_difference_is_found_with_80_percent(splits, ratio, alpha):
    shift = compute_minimum_detectable_difference(splits, ratio, alpha)
    means, sds = draw_means(splits, ratio, shift)
    half = stats.t.ppf(1 - alpha / 2, splits - 1) * np.sqrt(compute_variance_factor(splits, ratio)) * sds
    assert np.mean(means - half > 0) == pytest.approx(0.8, abs=0.01)
    assert compute_power(-shift, splits, ratio, alpha) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize(("splits", "margin"), [(5, 2.0), (25, 1.5), (25, 1.05)])
def test_equivalence_power_is_that_of_simulated_studies(splits, margin):
    means, sds = draw_means(splits, 0.25, 0)
    half = stats.t.ppf(0.975, splits - 1) * np.sqrt(compute_variance_factor(splits, 0.25)) * sds
    assert compute_equivalence_power(margin, splits, 0.25, 0.05) == pytest.approx(
        np.mean(np.abs(means) + half < margin), abs=0.008
    )


def test_one_split_detects_nothing():
    assert compute_minimum_detectable_difference(1, 0.25, 0.05) == np.inf


@pytest.mark.parametrize("pairs", [4, 5, 6, 9])
def test_the_smallest_exact_p_value_is_scipys(pairs):
    values = np.arange(1.0, pairs + 1)
    assert compute_smallest_exact_p(pairs) == pytest.approx(stats.wilcoxon(values, method="exact").pvalue)


@pytest.mark.parametrize("correlation", [0.0, 0.3])
def test_intervals_of_a_standard_deviation_cover_whether_splits_agree_or_not(correlation):
    rng = np.random.default_rng(0)
    shared = np.sqrt(correlation) * rng.normal(size=(2000, 1))
    sds = (shared + np.sqrt(1 - correlation) * rng.normal(size=(2000, 8))).std(1, ddof=1)
    covered = [low <= np.sqrt(1 - correlation) <= high for low, high in (compute_sd_interval(sd, 8) for sd in sds)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)
