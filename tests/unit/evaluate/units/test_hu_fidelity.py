"""Fidelity of Hounsfield units on phantoms: what a known shift of one tissue must look like."""

import numpy as np
import pytest

from ganoscope.data.phantoms import make_phantoms
from ganoscope.data.picture import PADDING_HU
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError
from ganoscope.evaluate.units.hu_fidelity import (
    MOST_GROUPS,
    HuHistogram,
    compare_histograms,
    compare_pairs,
    count_hu,
    list_tissues,
    measure_floor,
)

WINDOW = IntensityMap(-1024.0, 1500.0, "HU", "int16")


@pytest.fixture(scope="module")
def slices():
    """96 phantom slices of 24 patients."""
    phantoms = list(make_phantoms("ct", 96, 48, seed=0))
    return np.stack([one.pixels for one in phantoms]), [one.patient for one in phantoms]


def count(pixels, groups, window=WINDOW):
    histogram = HuHistogram(window)
    histogram.add(pixels, groups)
    return histogram


def shift_soft_tissue(pixels, by=40):
    """Soft tissue moves as under contrast medium; the rest stays."""
    return np.where((pixels > -29) & (pixels <= 100), pixels + np.int16(by), pixels)


def test_the_shift_of_one_tissue_is_found_there_and_nowhere_else(slices):
    pixels, groups = slices
    half = len(pixels) // 2
    real = count(shift_soft_tissue(pixels[half:]), groups[half:])
    before = compare_histograms(count(pixels[:half], groups[:half]), real)
    after = compare_histograms(count(shift_soft_tissue(pixels[:half]), groups[:half]), real)
    assert before.tissue_error_hu["soft tissue"].value < -20
    assert before.tissue_error_hu["soft tissue"].high < after.tissue_error_hu["soft tissue"].low
    for name in ("lung", "fat"):
        assert before.tissue_error_hu[name].value == pytest.approx(after.tissue_error_hu[name].value)
    assert after.mean_error_hu.value < before.mean_error_hu.value
    assert after.wasserstein_hu.value < before.wasserstein_hu.value
    assert after.wasserstein_hu.value < 3 * measure_floor(real).value


def test_many_patients_take_no_more_memory_and_none_is_lost():
    pixels = np.random.default_rng(0).integers(-1000, 1000, (2 * MOST_GROUPS + 7, 2, 2)).astype(np.int16)
    found = count(pixels, [f"patient {number}" for number in range(len(pixels))])
    assert found.counts.shape == (MOST_GROUPS, 4096)
    assert np.array_equal(found.counts.sum(0), count(pixels, ["one"] * len(pixels)).counts[0])


def test_real_images_of_other_patients_are_at_the_floor(slices):
    pixels, groups = slices
    half = len(pixels) // 2
    first, second = count(pixels[:half], groups[:half]), count(pixels[half:], groups[half:])
    floor = measure_floor(count(pixels, groups))
    assert floor.low < compare_histograms(first, second).wasserstein_hu.value < 2 * floor.high
    assert floor.groups == len(set(groups))


def test_what_was_not_measured_counts_for_nothing(slices):
    pixels, groups = slices
    padded = pixels.copy()
    padded[:, :8] = PADDING_HU
    counts = count_hu(padded[0], WINDOW)
    assert counts.sum() == 40 * 48
    assert compare_histograms(count(padded, groups), count(pixels[:, 8:], groups)).wasserstein_hu.value == 0


def test_tissues_that_the_window_clips_are_left_out():
    def names(low, high):
        return [tissue.name for tissue in list_tissues(IntensityMap(low, high, "HU", "int16"))]

    assert names(-1024.0, 3071.0) == names(-1000.0, 1000.0) == ["air", "lung", "fat", "soft tissue", "bone"]
    assert names(-1350.0, 150.0) == ["air", "lung", "fat", "soft tissue"]
    assert names(-160.0, 240.0) == ["soft tissue"]
    assert names(400.0, 1800.0) == []


def test_an_interval_needs_more_than_one_patient(slices):
    pixels, groups = slices
    found = compare_histograms(count(pixels[:4], ["one"] * 4), count(pixels, groups))
    assert np.isfinite(found.wasserstein_hu.value)
    assert np.isnan([found.wasserstein_hu.low, found.wasserstein_hu.high]).all()
    assert np.isnan([found.mean_error_hu.low, found.tissue_error_hu["lung"].high]).all()
    assert measure_floor(count(pixels[:4], ["one"] * 4)) is None


def test_batches_add_up(slices):
    pixels, groups = slices
    whole, parts = count(pixels, groups), HuHistogram(WINDOW)
    for start in range(0, len(pixels), 7):
        parts.add(pixels[start : start + 7], groups[start : start + 7])
    assert np.array_equal(whole.counts, parts.counts)
    assert parts.images == len(pixels)


def test_sets_that_can_not_be_compared_are_refused(slices):
    pixels, groups = slices
    narrow = count(pixels, groups, IntensityMap(-160.0, 240.0, "HU", "int16"))
    with pytest.raises(UserError, match="windows differ"):
        compare_histograms(narrow, count(pixels, groups))
    with pytest.raises(UserError, match="no images to compare"):
        compare_histograms(HuHistogram(WINDOW), count(pixels, groups))


def test_paired_errors_know_the_sign_of_a_shift(slices):
    pixels, groups = slices
    right = shift_soft_tissue(pixels, 30)
    found = compare_pairs(pixels, right, groups)
    soft = (right >= -29) & (right <= 150)  # some of it was above 100 HU and did not move
    moved = np.mean(
        [np.mean(shifted[chosen] - image[chosen]) for image, shifted, chosen in zip(pixels, right, soft, strict=True)]
    )
    assert 20 < moved < 30
    assert found.tissue_bias_hu["soft tissue"].value == pytest.approx(-moved)
    assert found.tissue_absolute_hu["soft tissue"].value == pytest.approx(moved)
    assert found.tissue_absolute_hu["lung"].value == 0
    assert found.tissue_absolute_hu["fat"].groups == len(set(groups))
