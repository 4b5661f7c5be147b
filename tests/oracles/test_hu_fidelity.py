"""Fidelity of Hounsfield units a second time: sorted samples and plain loops in place of histograms."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from ganoscope.data.picture import PADDING_HU
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.evaluate.units.hu_fidelity import TISSUES, HuHistogram, compare_histograms, compare_pairs

FULL = IntensityMap(-1024.0, 3071.0, "HU", "int16")
RANGES = {
    "air": (-1024, -951),
    "lung": (-950, -501),
    "fat": (-190, -30),
    "soft tissue": (-29, 150),
    "bone": (151, 3071),
}


def draw(seed, count=4, shift=0):
    random = np.random.default_rng(seed)
    centres = random.choice([-1000, -800, -100, 50, 400], (count, 20, 20), p=[0.3, 0.2, 0.1, 0.3, 0.1])
    pixels = np.rint(centres + random.normal(0, 15, centres.shape) + shift).astype(np.int16)
    pixels[:, 0] = PADDING_HU
    return pixels


def count(pixels, groups, window=FULL):
    histogram = HuHistogram(window)
    histogram.add(pixels, groups)
    return histogram


@pytest.mark.parametrize("window", [FULL, IntensityMap(-500.0, 300.0, "HU", "int16")])
def test_the_histogram_distance_is_scipys(window):
    first, second = draw(0), draw(1, shift=25)
    found = compare_histograms(count(first, "aabb", window), count(second, "cdef", window))
    clipped = [np.clip(one[one != PADDING_HU], window.low, window.high) for one in (first, second)]
    assert found.wasserstein_hu.value == pytest.approx(wasserstein_distance(*clipped))


def test_tissue_errors_are_differences_of_means_over_the_range():
    first, second = draw(0), draw(1, shift=25)
    found = compare_histograms(count(first, "aabb"), count(second, "cdef"))
    errors = []
    for name, (low, high) in RANGES.items():
        values = [one[one != PADDING_HU].clip(-1024, 3071) for one in (first, second)]
        inside = [[v for v in one.astype(float) if low <= v <= high] for one in values]
        error = np.mean(inside[0]) - np.mean(inside[1])
        assert found.tissue_error_hu[name].value == pytest.approx(error)
        share = len(inside[0]) / len(values[0]) - len(inside[1]) / len(values[1])
        assert found.tissue_share[name].value == pytest.approx(share)
        errors.append(abs(error))
    assert found.mean_error_hu.value == pytest.approx(np.mean(errors))
    assert [(tissue.name, (tissue.low_hu, tissue.high_hu)) for tissue in TISSUES] == list(RANGES.items())


def test_paired_errors_are_means_over_the_pixels_of_the_right_image():
    right, pixels = draw(0), draw(0) + np.int16(7)
    pixels[:, 10:] -= 20
    found = compare_pairs(pixels, right, list("aabb"))
    absolute, bias = [], []
    for one, true in zip(pixels.astype(float), right.astype(float), strict=True):
        fat = [(a - b) for a, b in zip(one.ravel(), true.ravel(), strict=True) if -190 <= b <= -30]
        absolute.append(np.mean(np.abs(fat)))
        bias.append(np.mean(fat))
    assert found.tissue_absolute_hu["fat"].value == pytest.approx(np.mean(absolute))
    assert found.tissue_bias_hu["fat"].value == pytest.approx(np.mean(bias))
    measured = right != PADDING_HU
    assert found.absolute_hu.value == pytest.approx(
        np.mean([np.abs(a.astype(float) - b)[m].mean() for a, b, m in zip(pixels, right, measured, strict=True)])
    )
