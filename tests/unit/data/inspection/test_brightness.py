"""Brightness, contrast and intensities of a store, and the random sample of a large one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures.made_up_stores import RANGES, write_store

from ganoscope.data.inspection.brightness import (
    Measurements,
    choose_positions,
    find_range,
    load_measurements,
    measure,
    save_measurements,
)
from ganoscope.data.picture import PADDING_HU
from ganoscope.errors import UserError


def test_unmeasured_pixels_count_neither_for_brightness_nor_for_intensities(tmp_path):
    pixels = np.full((6, 16, 16), 100, np.int16)
    pixels[:, :8] = PADDING_HU
    pixels[0] = PADDING_HU
    store = write_store(tmp_path / "store", [{} for _ in range(6)], pixels, "int16")
    measured = measure(store, store.column("label"), seed=0)
    assert np.isnan(measured.means[0])
    np.testing.assert_array_equal(measured.means[1:], 100)
    assert sum(counts.sum() for counts in measured.histograms.values()) == 5 * 128


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_means_deviations_and_histograms_equal_numpy(tmp_path, dtype):
    low, high = (int(end) for end in RANGES[dtype])
    pixels = np.random.default_rng(1).integers(low, high + 1, (6, 16, 16)).astype(dtype)
    store = write_store(tmp_path / "store", [{} for _ in range(6)], pixels, dtype)
    measured = measure(store, store.column("label"), seed=0)
    np.testing.assert_allclose(measured.means, pixels.reshape(6, -1).astype(float).mean(axis=1))
    np.testing.assert_allclose(measured.deviations, pixels.reshape(6, -1).astype(float).std(axis=1))
    edges = np.append(measured.values, measured.values[-1] + measured.step)
    np.testing.assert_array_equal(measured.histograms["well"], np.histogram(pixels[::2], edges)[0])


@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 9))
def test_a_sample_is_ordered_distinct_and_within_the_store(count, most, seed):
    chosen = choose_positions(count, most, seed)
    assert len(chosen) == min(count, most)
    assert (np.diff(chosen) > 0).all()
    assert 0 <= chosen[0] <= chosen[-1] < count


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40).filter(any), st.floats(0, 0.5))
def test_range_leaves_out_no_more_than_its_share(counts, share):
    histogram = np.array(counts)
    first, last = find_range({"a": histogram}, share)
    assert 0 <= first <= last < len(counts)
    assert histogram[:first].sum() + histogram[last + 1 :].sum() <= share * histogram.sum() + 1e-9


def test_measurements_are_read_back_as_written(tmp_path):
    measured = measure(store := write_store(tmp_path / "store", [{} for _ in range(6)]), store.column("label"), seed=0)
    save_measurements(tmp_path / "measurements.npz", measured)
    again = load_measurements(tmp_path / "measurements.npz", 6)
    for name in ("indices", "means", "deviations", "values"):
        np.testing.assert_array_equal(getattr(again, name), getattr(measured, name))
    assert again.step == measured.step
    assert list(again.histograms) == list(measured.histograms)
    np.testing.assert_array_equal(again.histograms["sick"], measured.histograms["sick"])
    (tmp_path / "measurements.npz").write_bytes(b"cut off")
    for name in ("measurements.npz", "absent.npz"):
        with pytest.raises(UserError, match="missing or damaged"):
            load_measurements(tmp_path / name, 6)


@pytest.mark.parametrize("indices", [[0, 1, 6], [-1, 1, 2], [0, 2, 2], [0, 2, 1], [10**9] * 3])
def test_positions_that_are_not_in_the_store_are_refused(tmp_path, indices):
    numbers = np.zeros(3)
    measured = Measurements(np.array(indices), numbers, numbers, np.arange(4), 1, {"sick": np.arange(4)})
    save_measurements(tmp_path / "measurements.npz", measured)
    with pytest.raises(ValueError, match="not ascending positions below 6"):
        load_measurements(tmp_path / "measurements.npz", 6)


@pytest.mark.parametrize(
    ("counts", "step"), [([-1, 2, 0, 0], 1), ([0, 0, 0, 0], 1), ([1, 2, 0, 0], 3), ([1, 2, 0, 0], 0)]
)
def test_counts_and_values_that_no_histogram_has_are_refused(tmp_path, counts, step):
    numbers = np.zeros(3)
    measured = Measurements(np.arange(3), numbers, numbers, np.arange(4), step, {"sick": np.array(counts)})
    save_measurements(tmp_path / "measurements.npz", measured)
    with pytest.raises(ValueError, match=r"are no counts of pixels|not as far apart"):
        load_measurements(tmp_path / "measurements.npz", 6)
