import numpy as np
import pytest
from tests.fixtures.digital_phantom import LEVELS, NUMBER

from ganoscope.evaluate.radiomics.first_order import compute_histogram_features, compute_statistics

SHARED = {
    "mean": 2.15,
    "variance": 3.05,
    "skewness": 1.08,
    "kurtosis": -0.355,
    "median": 1,
    "minimum": 1,
    "percentile_10": 1,
    "percentile_90": 4,
    "maximum": 6,
    "interquartile_range": 3,
    "range": 5,
    "mean_absolute_deviation": 1.55,
    "robust_mean_absolute_deviation": 1.11,
    "median_absolute_deviation": 1.15,
    "coefficient_of_variation": 0.812,
    "quartile_coefficient_of_dispersion": 0.6,
}
STATISTICS = SHARED | {"energy": 567, "root_mean_square": 2.77}
HISTOGRAM = SHARED | {
    "mode": 1,
    "entropy": 1.27,
    "uniformity": 0.512,
    "maximum_gradient": 8,
    "maximum_gradient_level": 3,
    "minimum_gradient": -50,
    "minimum_gradient_level": 1,
}


def test_statistics_are_the_reference_values_of_ibsi():
    flat = np.where(LEVELS > 0, LEVELS, np.nan).reshape(1, -1)
    found = {name: values[0] for name, values in compute_statistics(flat).items()}
    assert found == pytest.approx(STATISTICS, rel=5e-3)


def test_features_of_the_histogram_are_the_reference_values_of_ibsi():
    found = compute_histogram_features(LEVELS.reshape(1, 1, -1), NUMBER)
    assert {name: values[0] for name, values in found.items()} == pytest.approx(HISTOGRAM, rel=5e-3)


def test_images_do_not_influence_each_other_and_a_constant_one_has_finite_numbers():
    values = np.random.default_rng(0).normal(size=(3, 50))
    values[1] = 2.0
    together = compute_statistics(values)
    for row in range(3):
        alone = compute_statistics(values[row : row + 1])
        assert all(together[name][row] == pytest.approx(alone[name][0]) for name in together)
    assert together["skewness"][1] == together["kurtosis"][1] == 0
