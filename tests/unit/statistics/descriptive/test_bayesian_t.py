"""The Bayesian correlated t-test: bounds, symmetry, and what is unknown."""

import numpy as np
import pytest

from ganoscope.statistics.corrected_t import compare_splits
from ganoscope.statistics.descriptive.bayesian_t import compute_posterior


def test_probabilities_add_up_and_mirror():
    values = np.random.default_rng(0).normal(0.01, 0.02, 25)
    found, mirrored = (compute_posterior(compare_splits(sign * values, 0.25), 0.01) for sign in (1, -1))
    assert found.left + found.equal + found.right == pytest.approx(1)
    assert (found.left, found.equal, found.right) == pytest.approx((mirrored.right, mirrored.equal, mirrored.left))


def test_without_a_margin_it_is_the_one_sided_p_value():
    found = compare_splits(np.random.default_rng(1).normal(0.01, 0.02, 25), 0.25)
    assert min(compute_posterior(found, 0).left, compute_posterior(found, 0).right) == pytest.approx(found.p / 2)


def test_what_is_unknown_has_no_probability_and_no_difference_is_equal():
    assert np.isnan(compute_posterior(compare_splits(np.array([0.1]), 0.25), 0.01).left)
    assert np.isnan(compute_posterior(compare_splits(np.zeros(5), 0.25), 0.01).equal)
