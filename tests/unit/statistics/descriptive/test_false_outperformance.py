"""Probability of false outperformance: symmetry, and what is unknown."""

import numpy as np
import pytest

from ganoscope.statistics.corrected_t import compare_splits
from ganoscope.statistics.descriptive.false_outperformance import (
    compute_false_outperformance,
    compute_false_outperformance_of_mean,
)


def test_equal_methods_are_at_one_half_and_the_two_directions_add_up():
    assert compute_false_outperformance(7, 7) == pytest.approx(0.5)
    assert compute_false_outperformance(9, 4) + compute_false_outperformance(4, 9) == pytest.approx(1)
    assert compute_false_outperformance(40, 10) < compute_false_outperformance(14, 10) < 0.5


def test_the_mean_is_its_one_sided_p_value():
    found = compare_splits(np.random.default_rng(1).normal(0.02, 0.02, 25), 0.25)
    assert found.value > 0
    assert compute_false_outperformance_of_mean(found) == pytest.approx(found.p / 2)


def test_no_difference_is_no_outperformance_and_one_split_tells_nothing():
    assert np.isnan(compute_false_outperformance_of_mean(compare_splits(np.zeros(5), 0.25)))
    assert np.isnan(compute_false_outperformance_of_mean(compare_splits(np.ones(1), 0.25)))
