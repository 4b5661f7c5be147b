"""Intensity: to the network's range and back is exact for every stored value of every range."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.intensity import IntensityMap
from ganoscope.errors import UserError

LIMITS = {"uint8": (0, 255), "uint16": (0, 65535), "int16": (-32768, 32767)}


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


def test_to_network_does_not_wrap_outside_the_range():
    intensity = IntensityMap(100, 200, "grey 16 bit", "uint16")
    assert intensity.to_network(np.array([0, 300], np.uint16)).tolist() == [-3.0, 3.0]


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


@pytest.mark.parametrize("high", [5.0, 4.0, float("nan")])
def test_empty_range_is_refused(high):
    with pytest.raises(UserError, match="intensity range is empty: got low 5"):
        IntensityMap(5.0, high, "grey", "uint8")


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool", ""])
def test_other_pixel_types_are_refused(dtype):
    with pytest.raises(UserError, match=r"pixel type is not supported.*allowed: uint8, uint16, int16"):
        IntensityMap(0.0, 1.0, "grey", dtype)
