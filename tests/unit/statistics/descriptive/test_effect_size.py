"""Effect size: bias, coverage of its interval, and what is unknown."""

import numpy as np
import pytest

from ganoscope.statistics.corrected_t import compare_splits
from ganoscope.statistics.descriptive.effect_size import compute_effect_size, compute_small_sample_factor

EFFECT, SPLITS, RATIO = 0.8, 10, 0.25


def draw(rng):
    """Splits of a true effect with the correlation that the corrected test assumes."""
    correlation = RATIO / (1 + RATIO)
    return EFFECT + (
        np.sqrt(correlation) * rng.normal() + np.sqrt(1 - correlation) * rng.normal(size=SPLITS)
    ) / np.sqrt(1 - correlation)


def test_it_is_unbiased_and_its_interval_covers():
    rng = np.random.default_rng(0)
    found = np.array([compute_effect_size(compare_splits(draw(rng), RATIO)) for _ in range(400)])
    error = found[:, 0].std() / 20
    assert found[:, 0].mean() == pytest.approx(EFFECT, abs=2.6 * error)
    assert 0.92 <= np.mean((found[:, 1] <= EFFECT) & (found[:, 2] >= EFFECT)) <= 0.98


def test_the_factor_is_that_of_hedges():
    assert compute_small_sample_factor(10) == pytest.approx(0.92275, abs=5e-5)
    assert compute_small_sample_factor(40) == pytest.approx(1 - 3 / (4 * 40 - 1), abs=1e-3)


@pytest.mark.parametrize("values", [[0.1], [0.1, 0.2], [0.0] * 5, [0.3] * 5])
def test_what_is_unknown_has_no_size(values):
    assert np.isnan(compute_effect_size(compare_splits(np.array(values), RATIO))).all()
