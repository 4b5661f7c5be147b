"""Wilson's interval against SciPy and the score test that it inverts."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from ganoscope.statistics.proportion import compute_clopper_pearson, compute_upper_limit, compute_wilson_interval


@pytest.mark.parametrize(("right", "count"), [(0, 12), (5, 9), (97, 200), (7, 7)])
def test_it_is_scipys(right, count):
    theirs = binomtest(right, count).proportion_ci(0.95, method="wilson")
    assert compute_wilson_interval(right / count, count) == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize(("share", "count"), [(0.0, 12), (0.3, 50), (0.97, 200), (1.0, 5)])
def test_it_holds_the_shares_that_a_score_test_would_not_reject(share, count):
    low, high = compute_wilson_interval(share, count)
    for end in (low, high):
        if 1e-9 < end < 1 - 1e-9:
            assert abs(share - end) == pytest.approx(1.959964 * np.sqrt(end * (1 - end) / count), rel=1e-5)
    assert 0 <= low <= share <= high <= 1


@pytest.mark.parametrize(("successes", "count"), [(0, 7), (1, 7), (3, 50), (7, 7), (2, 200)])
def test_the_exact_interval_holds_the_shares_that_do_not_make_the_count_unlikely(successes, count):
    low, high = compute_clopper_pearson(successes, count)
    if successes:
        assert binom.sf(successes - 1, count, low) == pytest.approx(0.025)
    else:
        assert low == 0
    if successes < count:
        assert binom.cdf(successes, count, high) == pytest.approx(0.025)
    else:
        assert high == 1


def test_with_nothing_found_the_limit_has_a_closed_form():
    assert compute_upper_limit(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert compute_upper_limit(4, 4) == 1


def test_the_limit_is_exceeded_as_rarely_as_stated():
    number, share = 60, 0.07
    seen = np.arange(number + 1)
    missed = np.array([compute_upper_limit(int(found), number) < share for found in seen])
    assert binom.pmf(seen, number, share)[missed].sum() <= 0.05
