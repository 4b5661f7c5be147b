import numpy as np
import pytest
from tests.fixtures.digital_phantom import LEVELS

from ganoscope.evaluate.radiomics.size_zone import compute_size_zone_features, find_zones

REFERENCE = {
    "small": 0.363,
    "large": 43.9,
    "low_level": 0.371,
    "high_level": 16.4,
    "small_low_level": 0.0259,
    "small_high_level": 10.3,
    "large_low_level": 40.4,
    "large_high_level": 113,
    "level_non_uniformity": 1.41,
    "normalised_level_non_uniformity": 0.323,
    "size_non_uniformity": 1.49,
    "normalised_size_non_uniformity": 0.333,
    "share": 0.24,
    "level_variance": 3.97,
    "size_variance": 21,
    "entropy": 1.93,
}
"""IBSI, 2D."""


def test_features_are_the_reference_values_of_ibsi():
    found = compute_size_zone_features(LEVELS)
    assert {name: values.mean() for name, values in found.items()} == pytest.approx(REFERENCE, rel=5e-3)


def test_corners_connect_and_images_do_not():
    levels = np.array([[[1, 0], [0, 1]], [[1, 0], [0, 2]]])
    zones = find_zones(levels)
    found = sorted(zip(zones.image.tolist(), zones.level.tolist(), zones.size.tolist(), strict=True))
    assert found == [(0, 1, 2), (1, 1, 1), (1, 2, 1)]


def test_an_image_outside_of_the_region_has_zeros():
    found = compute_size_zone_features(np.zeros((1, 3, 3), np.int64))
    assert all(values.tolist() == [0] for values in found.values())
