"""p values from a fitted tail are as small as stated, in simulations whose truth is known, and no smaller."""

import numpy as np
import pytest
from scipy import stats

from ganoscope.statistics.rare_events.tail_fit import compute_rank_p, fit_tail

LEVELS = np.array([1e-2, 1e-3, 1e-4])


def measure_rates(distribution, count, censored=0.0, repetitions=100):
    """Returns how often a further value has a p value of at most each level, from the known distribution."""
    rng, rates = np.random.default_rng(count), []
    for _ in range(repetitions):
        null = distribution.rvs(size=count, random_state=rng)
        tail = fit_tail(null, censored)
        values = tail.threshold + np.linspace(0, 30, 150) * tail.scales[40]
        p = tail.compute_p(values)
        first = np.searchsorted(-p, -LEVELS)
        reached = first < len(values)
        rates.append(np.where(reached, distribution.sf(values[np.minimum(first, len(values) - 1)]), 0))
    return np.mean(rates, axis=0)


@pytest.mark.parametrize("name", ["expon", "norm", "gumbel_r", "logistic"])
@pytest.mark.parametrize("count", [150])
def test_p_values_are_calibrated(name, count):
    rates = measure_rates(getattr(stats, name), count)
    assert np.all(rates <= LEVELS)
    assert rates[0] > 0.3 * LEVELS[0]


def test_p_values_of_an_exponential_tail_are_not_much_too_large():
    rates = measure_rates(stats.expon, 1000)
    assert np.all(rates >= 0.4 * LEVELS) and np.all(rates <= LEVELS)


def test_a_heavy_tail_is_noticed():
    drawn = [one.rvs(size=2000, random_state=np.random.default_rng(0)) for one in (stats.t(3), stats.norm)]
    heavy, light = (fit_tail(null) for null in drawn)
    assert heavy.shape > 0.15 > 0.05 > light.shape
    assert np.all(measure_rates(stats.t(5), 400) <= LEVELS * [1.1, 1.5, 2.6])


def test_the_predictive_p_of_an_exponential_tail_is_the_closed_form():
    """With the shape at 0 and a flat prior for the logarithm of the scale, p = (1 + y / sum)^(-k)."""
    null = stats.expon.ppf((np.arange(1, 501) - 0.5) / 500)
    tail = fit_tail(null)
    excess = np.array([1.0, 3.0, 6.0])
    kept = tail.weights[0] / tail.weights[0].sum()
    mine = np.exp(-excess[:, None] / tail.scales) @ kept
    seen = null[-tail.excesses :] - tail.threshold
    np.testing.assert_allclose(mine, (1 + excess / seen.sum()) ** -tail.excesses, rtol=0.02)


def test_the_largest_values_can_be_left_out_of_the_fit():
    rng = np.random.default_rng(1)
    clean = rng.exponential(1, 300)
    spoilt = np.concatenate([clean[:270], rng.uniform(20, 40, 30)])
    value = np.array([15.0])
    assert fit_tail(spoilt, 0.2).compute_p(value)[0] < 0.03 < 0.05 < fit_tail(spoilt).compute_p(value)[0]
    assert np.all(measure_rates(stats.expon, 300, censored=0.1) <= LEVELS)


def test_below_the_threshold_the_rank_is_the_p_value():
    null = np.arange(100.0)
    assert fit_tail(null).compute_p(np.array([-1.0, 50.0])).tolist() == pytest.approx([1.0, 51 / 101])
    naive = [(1 + sum(one >= value for one in null)) / 101 for value in (-1.0, 3.5, 99.0, 120.0)]
    assert compute_rank_p(null, np.array([-1.0, 3.5, 99.0, 120.0])).tolist() == pytest.approx(naive)


def test_too_few_null_values_are_refused():
    with pytest.raises(ValueError, match="12 null values"):
        fit_tail(np.arange(12.0))
