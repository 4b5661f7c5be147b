import numpy as np
import pytest
from tests.fixtures.digital_phantom import LEVELS

from ganoscope.evaluate.radiomics.run_length import compute_run_length_features, find_runs

REFERENCE = {
    "small": 0.661,
    "large": 3.51,
    "low_level": 0.609,
    "high_level": 9.74,
    "small_low_level": 0.311,
    "small_high_level": 8.67,
    "large_low_level": 2.92,
    "large_high_level": 16.1,
    "level_non_uniformity": 20.5,
    "normalised_level_non_uniformity": 0.456,
    "size_non_uniformity": 21.6,
    "normalised_size_non_uniformity": 0.441,
    "share": 0.627,
    "level_variance": 3.37,
    "size_variance": 0.778,
    "entropy": 2.57,
}
"""IBSI, 2D, slice-merged."""


def test_features_are_the_reference_values_of_ibsi():
    found = compute_run_length_features(LEVELS)
    assert {name: values.mean() for name, values in found.items()} == pytest.approx(REFERENCE, rel=5e-3)


def walk(image):
    """Runs of one image, pixel by pixel."""
    found = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        for row, column in np.ndindex(image.shape):
            inside = lambda y, x: 0 <= y < image.shape[0] and 0 <= x < image.shape[1]  # noqa: E731
            level = image[row, column]
            before = (row - down, column - right)
            if level == 0 or (inside(*before) and image[before] == level):
                continue
            length = 1
            while inside(row + length * down, column + length * right) and (
                image[row + length * down, column + length * right] == level
            ):
                length += 1
            found.append((int(level), length))
    return sorted(found)


def test_runs_are_those_that_one_finds_pixel_by_pixel():
    levels = np.random.default_rng(0).integers(0, 3, (3, 5, 4))
    runs = find_runs(levels)
    for image in range(3):
        own = runs.image == image
        assert sorted(zip(runs.level[own].tolist(), runs.size[own].tolist(), strict=True)) == walk(levels[image])
