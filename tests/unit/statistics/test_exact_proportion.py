"""Exact limits agree with SciPy and with the closed form, and cover."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from ganoscope.statistics.exact_proportion import compute_clopper_pearson, compute_upper_limit


@pytest.mark.parametrize(("found", "count"), [(0, 10), (3, 10), (10, 10), (1, 5000), (180, 200)])
def test_the_interval_equals_another_implementation(found, count):
    other = binomtest(found, count).proportion_ci(0.95, "exact")
    np.testing.assert_allclose(compute_clopper_pearson(found, count), (other.low, other.high), rtol=1e-6)


def test_with_nothing_found_the_limit_has_a_closed_form():
    assert compute_upper_limit(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert compute_upper_limit(4, 4) == 1


def test_the_limit_is_exceeded_as_rarely_as_stated():
    number, share = 60, 0.07
    seen = np.arange(number + 1)
    missed = np.array([compute_upper_limit(int(found), number) < share for found in seen])
    assert binom.pmf(seen, number, share)[missed].sum() <= 0.05
