"""Geometry: aspect kept, values inside the source's own, nothing shifted, no aliasing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.geometry import fit_to_square

TYPES = ("uint8", "uint16", "int16")
PADDING = {"uint8": 0, "uint16": 0, "int16": -1024}
shapes = st.tuples(st.integers(16, 80), st.integers(16, 80))


def draw(shape, dtype, seed=0, low=100, high=250):
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def content_box(square, padding):
    rows, columns = np.flatnonzero((square != padding).any(1)), np.flatnonzero((square != padding).any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


@given(shapes, st.integers(16, 70), st.sampled_from(TYPES), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_pad_keeps_the_aspect_ratio_and_the_centre(shape, size, dtype, seed):
    square = fit_to_square(draw(shape, dtype, seed), size, "pad")
    top, bottom, left, right = content_box(square, PADDING[dtype])
    assert square.shape == (size, size)
    assert max(bottom - top, right - left) == size
    assert bottom - top == pytest.approx(size * shape[0] / max(shape), abs=0.5)
    assert right - left == pytest.approx(size * shape[1] / max(shape), abs=0.5)
    assert abs(top - (size - bottom)) <= 1
    assert abs(left - (size - right)) <= 1


@given(shapes, st.integers(16, 70), st.sampled_from(TYPES), st.sampled_from(["pad", "crop", "stretch"]))
@settings(max_examples=60, deadline=None)
def test_values_stay_inside_the_source_range_and_type(shape, size, dtype, fit):
    pixels = draw(shape, dtype)
    pixels[::2] = 101  # sharp edges make Lanczos overshoot
    pixels[1::2] = 249
    square = fit_to_square(pixels, size, fit)
    inside = square if fit != "pad" else square[square != PADDING[dtype]]
    assert square.shape == (size, size)
    assert square.dtype == dtype
    assert inside.min() >= pixels.min()
    assert inside.max() <= pixels.max()


@pytest.mark.parametrize("dtype", TYPES)
def test_padding_is_the_lowest_meaningful_value(dtype):
    square = fit_to_square(draw((10, 20), dtype), 20, "pad")
    assert set(np.unique(square[:5])) == set(np.unique(square[15:])) == {PADDING[dtype]}
    assert (square[5:15] >= 100).all()


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("dtype", TYPES)
def test_picture_of_the_right_size_is_untouched(dtype, fit):
    pixels = draw((32, 32), dtype, low=0, high=255)
    np.testing.assert_array_equal(fit_to_square(pixels, 32, fit), pixels)


@pytest.mark.parametrize("dtype", TYPES)
def test_long_side_of_the_right_length_is_only_padded(dtype):
    pixels = draw((32, 20), dtype)
    np.testing.assert_array_equal(fit_to_square(pixels, 32, "pad")[:, 6:26], pixels)


@pytest.mark.parametrize("dtype", TYPES)
def test_crop_takes_the_centre(dtype):
    pixels = draw((32, 50), dtype)
    np.testing.assert_array_equal(fit_to_square(pixels, 32, "crop"), pixels[:, 9:41])
    np.testing.assert_array_equal(fit_to_square(pixels.T, 32, "crop"), pixels.T[9:41])


def test_stretch_uses_every_column_and_row():
    pixels = np.repeat(np.array([[40, 200]], np.uint8), 20, axis=0).repeat(40, axis=1)
    square = fit_to_square(pixels, 20, "stretch")
    np.testing.assert_allclose(square[:, :8], 40, atol=2)
    np.testing.assert_allclose(square[:, -8:], 200, atol=2)


@pytest.mark.parametrize("dtype", TYPES)
def test_rows_and_columns_are_treated_alike(smooth, dtype):
    pixels = smooth(3, (40, 70), dtype)
    for fit in ("pad", "crop", "stretch"):
        upright, turned = (fit_to_square(view, 24, fit).astype(int) for view in (pixels, pixels.T))
        np.testing.assert_allclose(upright, turned.T, atol=2)  # 8-bit Lanczos rounds twice


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("dtype", TYPES)
def test_downscaling_a_smooth_picture_is_the_block_mean(smooth, dtype, factor):
    size = 32
    pixels = smooth(5, (size * factor, size * factor), dtype)
    naive = pixels.astype(float).reshape(size, factor, size, factor).mean(axis=(1, 3))
    span = float(pixels.max()) - float(pixels.min())
    error = np.abs(fit_to_square(pixels, size, "pad") - naive)
    assert error[2:-2, 2:-2].max() < 0.01 * span
    assert error.max() < 0.02 * span


@pytest.mark.parametrize("dtype", TYPES)
def test_stripes_finer_than_the_grid_become_even_grey(dtype):
    stripes = np.zeros((64, 64), dtype)
    stripes[:, ::2] = 200
    assert np.abs(fit_to_square(stripes, 16, "pad")[:, 2:-2].astype(int) - 100).max() < 10


def test_hounsfield_units_survive_a_resize():
    pixels = np.full((50, 40), -900, np.int16)
    pixels[10:40, 10:30] = 1200
    square = fit_to_square(pixels, 100, "pad")
    assert square[50, 50] == 1200
    assert square[4, 50] == -900
    assert square[4, 2] == -1024


@pytest.mark.parametrize("dtype", TYPES)
def test_resized_values_are_rounded_not_cut_off(dtype):
    pixels = draw((96, 96), dtype, low=100, high=130)
    assert fit_to_square(pixels, 48, "pad").mean() == pytest.approx(pixels.mean(), abs=0.15)
