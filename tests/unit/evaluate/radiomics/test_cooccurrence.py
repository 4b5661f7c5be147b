import numpy as np
import pytest
from tests.fixtures.digital_phantom import LEVELS, NUMBER

from ganoscope.evaluate.radiomics.cooccurrence import compute_cooccurrence_features, count_cooccurrences

REFERENCE = {
    "joint_maximum": 0.512,
    "joint_average": 2.14,
    "joint_variance": 2.71,
    "joint_entropy": 2.24,
    "difference_average": 1.4,
    "difference_variance": 3.06,
    "difference_entropy": 1.49,
    "sum_average": 4.29,
    "sum_variance": 5.66,
    "sum_entropy": 1.79,
    "angular_second_moment": 0.352,
    "contrast": 5.19,
    "dissimilarity": 1.4,
    "inverse_difference": 0.683,
    "normalised_inverse_difference": 0.854,
    "inverse_difference_moment": 0.625,
    "normalised_inverse_difference_moment": 0.901,
    "inverse_variance": 0.0553,
    "correlation": 0.0173,
    "autocorrelation": 5.14,
    "cluster_tendency": 5.66,
    "cluster_shade": 6.98,
    "cluster_prominence": 80.4,
    "information_correlation_1": -0.0341,
    "information_correlation_2": 0.263,
}
"""IBSI, 2D, slice-merged: the mean over slices of features of all directions together."""


def test_features_are_the_reference_values_of_ibsi():
    found = compute_cooccurrence_features(LEVELS, NUMBER)
    assert {name: values.mean() for name, values in found.items()} == pytest.approx(REFERENCE, rel=5e-3)


def test_counts_are_those_of_a_loop_over_pixels_and_neighbours():
    levels = np.random.default_rng(1).integers(0, 5, (2, 6, 7))
    naive = np.zeros((2, 4, 4))
    for image, row, column in np.ndindex(levels.shape):
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1), (0, -1), (-1, 0), (-1, -1), (-1, 1)):
            y, x = row + down, column + right
            if 0 <= y < 6 and 0 <= x < 7 and levels[image, row, column] and levels[image, y, x]:
                naive[image, levels[image, row, column] - 1, levels[image, y, x] - 1] += 1
    np.testing.assert_array_equal(count_cooccurrences(levels, 4), naive)


def test_a_constant_image_is_perfectly_correlated():
    found = compute_cooccurrence_features(np.full((1, 5, 5), 3), 4)
    assert found["correlation"] == 1
    assert all(np.isfinite(values).all() for values in found.values())
