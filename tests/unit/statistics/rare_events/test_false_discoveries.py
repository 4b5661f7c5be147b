"""The rate of false discoveries stays at what was asked for; adjusted values equal SciPy's."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, norm

from ganoscope.statistics.rare_events.false_discoveries import adjust_benjamini_hochberg


@pytest.mark.parametrize("count", [1, 2, 7, 300])
def test_adjusted_values_equal_another_implementation(count):
    p = np.random.default_rng(count).uniform(0, 1, count) ** 3
    np.testing.assert_allclose(adjust_benjamini_hochberg(p), false_discovery_control(p), rtol=1e-12)


def test_few_of_the_discoveries_are_false():
    rng, shares = np.random.default_rng(0), []
    for _ in range(400):
        values = rng.normal(0, 1, 200) + np.where(np.arange(200) < 40, 4, 0)
        found = adjust_benjamini_hochberg(norm.sf(values)) <= 0.1
        shares.append(found[40:].sum() / max(found.sum(), 1))
    assert 0.05 < np.mean(shares) < 0.1


def test_ties_share_a_value():
    assert adjust_benjamini_hochberg([0.02, 0.02, 0.02]).tolist() == pytest.approx([0.02] * 3)
