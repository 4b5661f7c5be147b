"""Intensity: to the network's range and back is exact for every stored value of every range."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.store.intensity import (
    WINDOWS,
    IntensityConfig,
    IntensityMap,
    find_raw_range,
    parse_window,
    scale_to_16_bits,
)
from ganoscope.errors import UserError

LIMITS = {"uint8": (0, 255), "uint16": (0, 65535), "int16": (-32768, 32767)}


def unscale(pixels, raw_range):
    low, high = raw_range
    return pixels.astype(np.float64) / 65535 * (high - low) + low


def every_value(low, high, dtype):
    return np.arange(low, high + 1).astype(dtype)


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [(*LIMITS["uint8"], "uint8"), (*LIMITS["uint16"], "uint16"), (-1024, 3071, "int16"), (*LIMITS["int16"], "int16")],
)
def test_round_trip_is_exact_for_every_value(low, high, dtype):
    pixels = every_value(low, high, dtype)
    intensity = IntensityMap(float(low), float(high), "grey", dtype)
    back = intensity.to_pixels(intensity.to_network(pixels))
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, pixels)


@given(st.sampled_from(sorted(LIMITS)), st.data())
@settings(max_examples=100, deadline=None)
def test_round_trip_is_exact_for_every_range(dtype, data):
    low = data.draw(st.integers(*LIMITS[dtype]).filter(lambda value: value < LIMITS[dtype][1]))
    high = data.draw(st.integers(low + 1, LIMITS[dtype][1]))
    pixels = every_value(low, high, dtype)
    intensity = IntensityMap(float(low), float(high), "grey", dtype)
    image = intensity.to_network(pixels)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image[[0, -1]], [-1, 1], atol=1e-6)
    assert (np.diff(image) > 0).all()
    np.testing.assert_array_equal(intensity.to_pixels(image), pixels)


def test_network_range_is_the_affine_formula():
    pixels = every_value(-1024, 3071, "int16")
    naive = 2 * (pixels.astype(np.float64) + 1024) / 4095 - 1
    np.testing.assert_allclose(IntensityMap(-1024, 3071, "HU", "int16").to_network(pixels), naive, atol=3e-7)


def test_to_pixels_rounds_to_the_nearest_value():
    intensity = IntensityMap(0, 255, "grey 8 bit", "uint8")
    steps = np.array([10.4, 10.6, 200.49, 200.51]) / 127.5 - 1
    assert intensity.to_pixels(steps.astype(np.float32)).tolist() == [10, 11, 200, 201]


@pytest.mark.parametrize(("dtype", "low", "high"), [("uint8", 0, 255), ("uint16", 0, 65535), ("int16", -1024, 3071)])
def test_to_pixels_clips_instead_of_wrapping_around(dtype, low, high):
    wild = np.array([-np.inf, -7.0, -1.0001, 1.0001, 7.0, np.inf], np.float32)
    pixels = IntensityMap(low, high, "grey", dtype).to_pixels(wild)
    assert pixels.tolist() == [low] * 3 + [high] * 3


def test_to_network_clips_outside_the_range_and_does_not_wrap():
    intensity = IntensityMap(100, 200, "grey 16 bit", "uint16")
    assert intensity.to_network(np.array([0, 300], np.uint16)).tolist() == [-1.0, 1.0]


def test_to_network_leaves_the_stored_pixels_alone():
    pixels = every_value(0, 255, "uint8")
    pixels.flags.writeable = False
    IntensityMap(0, 255, "grey 8 bit", "uint8").to_network(pixels)
    np.testing.assert_array_equal(pixels, np.arange(256))


def test_display_shows_low_black_high_white_and_clips():
    intensity = IntensityMap(-1000, 1000, "HU", "int16")
    shown = intensity.to_display(np.array([-2000, -1000, 0, 1000, 3000], np.int16))
    assert shown.dtype == np.uint8
    assert shown[[0, 1, 3, 4]].tolist() == [0, 0, 255, 255]
    assert shown[2] in (127, 128)


def test_wide_hounsfield_units_are_looked_at_through_a_window_and_others_as_they_are():
    wide = IntensityMap(-1024, 3071, "HU", "int16")
    assert wide.to_display(np.array([-1024, -1000, -200, 600, 3071], np.int16)).tolist() == [0, 0, 128, 255, 255]
    assert np.isnan(wide.to_view(np.array([np.nan], np.float32))).all()
    for other in (IntensityMap(-160, 240, "HU", "int16"), IntensityMap(0, 65535, "grey 16 bit", "uint16")):
        image = np.linspace(-1, 1, 7, dtype=np.float32)
        assert other.view == (other.low, other.high)
        np.testing.assert_array_equal(other.to_view(image), image)


@pytest.mark.parametrize("high", [5.0, 4.0, float("nan")])
def test_empty_range_is_refused(high):
    with pytest.raises(UserError, match="intensity range is empty: got low 5"):
        IntensityMap(5.0, high, "grey", "uint8")


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool", ""])
def test_other_pixel_types_are_refused(dtype):
    with pytest.raises(UserError, match=r"pixel type is not supported.*allowed: uint8, uint16, int16"):
        IntensityMap(0.0, 1.0, "grey", dtype)


@pytest.mark.parametrize("window", [*WINDOWS, "50/350", "-600.5/1500"])
def test_windows_are_invertible_inside_and_clip_outside(window):
    low, high = parse_window(window)
    intensity = IntensityMap(low, high, "HU", "int16")
    hu = np.arange(-3000, 4000).astype(np.int16)
    image = intensity.to_network(hu)
    inside = (hu >= low) & (hu <= high)
    np.testing.assert_array_equal(intensity.to_pixels(image)[inside], hu[inside])
    assert (image[hu < low] == -1).all()
    assert (image[hu > high] == 1).all()


def test_lung_window_is_the_radiologists():
    assert parse_window("lung") == (-1350, 150)
    assert parse_window("brain") == (0, 80)
    assert parse_window("full") == (-1024, 3071)


@pytest.mark.parametrize("window", ["liver", "40/0", "40/-5", "40", "a/b", "1/2/3", "", "nan/5", "1e9/5", "0/inf"])
def test_unknown_window_is_refused_with_the_known_ones(window):
    with pytest.raises(UserError, match=r"--window is not known.*lung, soft_tissue"):
        IntensityConfig(window=window)


def test_all_faults_are_named_at_once():
    with pytest.raises(UserError) as error:
        IntensityConfig(window="x", low_percentile=60, high_percentile=40)
    assert "--window" in str(error.value)
    assert "percentiles" in str(error.value)


@given(st.floats(-1e6, 1e6), st.floats(1e-2, 1e6), st.integers(0, 99))
@settings(deadline=None)
def test_scaled_signals_come_back_to_half_a_step(low, span, seed):
    raw = np.random.default_rng(seed).uniform(low, low + span, (8, 8))
    raw_range = (low, low + span)
    back = unscale(scale_to_16_bits(raw, raw_range), raw_range)
    np.testing.assert_allclose(back, raw, atol=0.5 * span / 65535 + 1e-9 * (abs(low) + span))


@given(st.integers(-2000, 2000), st.integers(1, 60_000))
@settings(deadline=None)
def test_whole_numbers_come_back_exactly_over_the_full_range(low, span):
    raw = np.unique(np.linspace(low, low + span, 50).round()).astype(np.float64)
    raw_range = find_raw_range([raw], IntensityConfig(low_percentile=0, high_percentile=100))
    np.testing.assert_array_equal(np.rint(unscale(scale_to_16_bits(raw, raw_range), raw_range)), raw)


def test_percentiles_are_taken_over_the_whole_series():
    series = [np.full((10, 10), value, np.float32) for value in (0.0, 50.0, 100.0)]
    assert find_raw_range(series, IntensityConfig(low_percentile=0, high_percentile=50)) == (0.0, 50.0)


def test_a_range_is_never_empty():
    speck = np.zeros((40, 40))
    speck[0, 0] = 9
    assert find_raw_range([speck], IntensityConfig()) == (0.0, 9.0)
    assert find_raw_range([np.zeros((4, 4))], IntensityConfig()) == (0.0, 1.0)
