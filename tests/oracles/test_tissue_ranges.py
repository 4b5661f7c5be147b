"""Distances of HU within a tissue's range written twice: here from sorted pixels."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from ganoscope.data.store.intensity import IntensityMap
from ganoscope.evaluate.tissue_ranges import WHOLE, compute_range_distance, measure_ranges
from ganoscope.evaluate.units.hu_fidelity import TISSUES, HuHistogram

WINDOW = IntensityMap(-1024.0, 3071.0, "HU", "int16")
MEANS = (-1000, -800, -100, 40, 400)


def draw(patients, seed, shift=0):
    """Images of five tissues, whose soft tissue is shifted."""
    rng = np.random.default_rng(seed)
    place = rng.integers(0, 5, (patients, 16, 16))
    pixels = np.array(MEANS)[place] + rng.normal(0, 15, place.shape) + rng.normal(0, 3, (patients, 1, 1))
    return np.rint(pixels + shift * (place == 3)).astype(np.int16)


def count(pixels):
    histogram = HuHistogram(WINDOW)
    histogram.add(pixels, [str(number) for number in range(len(pixels))])
    return histogram


@pytest.mark.parametrize("tissue", [None, *TISSUES])
def test_distance_is_that_of_the_pixels_in_the_range(tissue):
    first, second = draw(6, 0, shift=25).clip(-1024), draw(5, 1).clip(-1024)
    sets = [count(pixels).counts.sum(0, keepdims=True) for pixels in (first, second)]
    low, high = (tissue.low_hu, tissue.high_hu) if tissue else (-1024, 3071)
    parts = [pixels[(pixels >= low) & (pixels <= high)] for pixels in (first, second)]
    expected = wasserstein_distance(*parts)
    assert compute_range_distance(*sets, tissue)[0] == pytest.approx(expected)


def test_a_shift_of_one_tissue_is_seen_in_its_own_range():
    found = measure_ranges(count(draw(40, 0, shift=25)), count(draw(40, 1)), count(draw(40, 2)), 0)
    assert set(found) == {WHOLE, *(tissue.name for tissue in TISSUES)}
    assert found["soft tissue"].at_floor_size == pytest.approx(25, abs=4)
    assert found["soft tissue"].value.low > found["soft tissue"].floor.high
    assert found["bone"].value.low < found["bone"].floor.high
