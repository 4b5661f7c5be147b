"""Geometry: aspect kept, values inside the source's own, nothing shifted, no aliasing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.geometry.body import find_body, find_bounds, remove_table
from ganoscope.data.geometry.placement import (
    GeometryConfig,
    Placement,
    Rectangle,
    choose_placement,
    fit_mask,
    parse_placement,
    place,
    place_mask,
    resize,
)
from ganoscope.data.picture import PADDING_HU, Picture, UnreadableError
from ganoscope.errors import UserError

TYPES = ("uint8", "uint16", "int16")
UNITS = {"uint8": "grey 8 bit", "uint16": "grey 16 bit", "int16": "HU"}
PADDING = {"uint8": 0, "uint16": 0, "int16": PADDING_HU}
shapes = st.tuples(st.integers(16, 80), st.integers(16, 80))


def put(pixels, size, pixel_mm=None, **config):
    """The picture in the square, and where it lies there."""
    picture = Picture(pixels, UNITS[str(pixels.dtype)], spacing_mm=pixel_mm)
    settings = GeometryConfig(size=size, **config)
    placement = choose_placement(picture, settings)
    return place(picture, placement, settings), placement


def fit_to_square(pixels, size, fit):
    return put(pixels, size, fit=fit, resampling="lanczos")[0]


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
    assert square[4, 2] == PADDING_HU


@pytest.mark.parametrize("dtype", TYPES)
def test_resized_values_are_rounded_not_cut_off(dtype):
    pixels = draw((96, 96), dtype, low=100, high=130)
    assert fit_to_square(pixels, 48, "pad").mean() == pytest.approx(pixels.mean(), abs=0.15)


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("dtype", TYPES)
def test_area_at_a_whole_factor_is_the_exact_mean(dtype, factor):
    size = 16
    pixels = draw((size * factor, size * factor), dtype)
    naive = np.rint(pixels.astype(np.float64).reshape(size, factor, size, factor).mean(axis=(1, 3)))
    square = put(pixels, size, resampling="area")[0]
    assert np.abs(square - naive).max() <= 1  # halves are rounded either way
    assert (square == naive).mean() > 0.8


def test_hounsfield_units_are_averaged_and_keep_their_mean():
    pixels = np.random.default_rng(0).integers(-1000, 400, (128, 128)).astype(np.int16)
    square = put(pixels, 32)[0]
    assert square.mean() == pytest.approx(pixels.mean(), abs=0.5)


def test_pixels_the_scanner_did_not_measure_never_blend_into_tissue():
    pixels = np.full((64, 64), 50, np.int16)
    pixels[:, :20] = PADDING_HU
    square = put(pixels, 16)[0]
    assert set(np.unique(square[:, :5])) == {PADDING_HU}
    assert (square[:, 6:] == 50).all()
    assert square[square != PADDING_HU].min() >= -1024


@given(shapes, st.floats(0.4, 2.0), st.floats(0.4, 5.0), st.floats(0.5, 4.0))
@settings(max_examples=80, deadline=None)
def test_a_common_spacing_gives_every_store_pixel_that_size(shape, rows_mm, columns_mm, wanted_mm):
    square, placement = put(draw(shape, "uint8"), 40, (rows_mm, columns_mm), spacing_mm=wanted_mm)
    assert square.shape == (40, 40)
    for scale, spacing, filled in zip(
        placement.scale,
        (rows_mm, columns_mm),
        (placement.filled.height, placement.filled.width),
        strict=True,
    ):
        assert abs(filled - filled * spacing / (scale * wanted_mm)) <= 0.5 + 1e-6  # a side is a whole number of pixels
    assert placement.taken.top >= 0
    assert placement.taken.top + placement.taken.height <= shape[0] + 1e-9


def test_a_disc_has_the_same_size_in_millimetres_whatever_its_spacing():
    def disc(spacing):
        y, x = np.mgrid[:100, :100] - 49.5
        return ((y * spacing) ** 2 + (x * spacing) ** 2 < 15**2).astype(np.uint8) * 200

    areas = [float((put(disc(s), 64, (s, s), spacing_mm=1.0)[0] > 100).sum()) for s in (0.4, 0.7, 1.0)]
    assert areas == pytest.approx([np.pi * 15**2] * 3, rel=0.03)


def test_common_spacing_without_spacing_is_refused():
    with pytest.raises(UnreadableError, match="no pixel spacing"):
        put(draw((20, 20), "uint8"), 32, spacing_mm=1.0)


def test_pixels_that_are_not_square_get_their_true_aspect_ratio():
    pixels = draw((20, 80), "uint8")  # a coronal slice: 5 mm slices of 1 mm pixels
    placement = put(pixels, 40, (5.0, 1.0))[1]
    assert (placement.filled.height, placement.filled.width) == (40, 32)
    placement = put(pixels, 40, (5.0, 1.0), fit="crop")[1]
    assert placement.taken.height * 5.0 == pytest.approx(placement.taken.width)


@given(shapes, st.sampled_from(["pad", "crop", "stretch"]), st.integers(16, 64), st.data())
@settings(max_examples=60, deadline=None)
def test_a_box_follows_its_pixels(shape, fit, size, data):
    placement = put(draw(shape, "uint8"), size, fit=fit)[1]
    x, y = data.draw(st.floats(0, shape[1])), data.draw(st.floats(0, shape[0]))
    left, top, width, height = placement.to_store((x, y, 3.0, 2.0))
    again = Placement(placement.filled, placement.taken).to_store((left, top, width, height))
    assert again == pytest.approx((x, y, 3.0, 2.0), abs=1e-6)
    assert str(parse_placement(str(placement))) == str(placement)


def test_a_bright_square_stays_inside_its_box():
    pixels = np.zeros((90, 60), np.uint8)
    pixels[30:50, 20:40] = 255
    for fit in ("pad", "crop", "stretch"):
        square, placement = put(pixels, 32, fit=fit)
        left, top, width, height = placement.to_store((20, 30, 20, 20))
        rows, columns = np.nonzero(square > 128)
        assert (columns.min(), columns.max() + 1) == pytest.approx((left, left + width), abs=1)
        assert (rows.min(), rows.max() + 1) == pytest.approx((top, top + height), abs=1)


def test_masks_follow_their_pictures():
    mask = np.zeros((90, 60), bool)
    mask[30:50, 20:40] = True
    placement = put(mask.astype(np.uint8), 32, fit="pad")[1]
    small = place_mask(mask, placement, 32)
    left, top, width, height = placement.to_store((20, 30, 20, 20))
    assert small.sum() == pytest.approx(width * height, rel=0.15)
    assert small[round(top + height / 2), round(left + width / 2)]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(4, 250), st.integers(4, 250), st.integers(0, 9)), min_size=1, max_size=6),
    st.sampled_from([16, 32, 100, 255]),
)
def test_no_finding_is_lost_when_its_mask_is_reduced(discs, size):
    y, x = np.mgrid[:256, :256]
    masks = [(y - row) ** 2 + (x - column) ** 2 <= radius**2 for row, column, radius in discs]
    whole = Rectangle(0, 0, 256, 256)
    fitted = fit_mask(np.any(masks, axis=0), whole, (size, size))
    for mask in masks:
        rows, columns = (indices * size // 256 for indices in np.nonzero(mask))
        near = fitted[max(rows.min() - 1, 0) : rows.max() + 2, max(columns.min() - 1, 0) : columns.max() + 2]
        assert near.any()


def test_large_findings_keep_their_area_and_those_outside_are_left_out():
    y, x = np.mgrid[:512, :512]
    mask = (y - 200) ** 2 + (x - 300) ** 2 <= 90**2
    fitted = fit_mask(mask, Rectangle(0, 0, 512, 512), (64, 64))
    assert fitted.sum() * 64 == pytest.approx(mask.sum(), rel=0.02)
    assert not fit_mask(mask, Rectangle(300, 0, 200, 200), (64, 64)).any()
    assert not fit_mask(np.zeros((512, 512), bool), Rectangle(0, 0, 512, 512), (64, 64)).any()


def test_body_crops_black_borders_away():
    pixels = np.zeros((100, 140), np.uint8)
    pixels[20:80, 30:110] = draw((60, 80), "uint8")
    placement = put(pixels, 32, fit="body")[1]
    assert (placement.taken.top, placement.taken.left) == (20, 30)
    assert (placement.taken.height, placement.taken.width) == (60, 80)


def draw_ct(table=True, open_chest=False):
    """A slice: an elliptic body of 40 HU with two lungs, and a thin table with a thick foot below."""
    y, x = np.mgrid[:256, :256]
    pixels = np.full((256, 256), -1000, np.int16)
    body = ((y - 110) / 60) ** 2 + ((x - 128) / 95) ** 2 < 1
    pixels[body] = 40
    for centre in (88, 168):
        pixels[((y - 105) / 38) ** 2 + ((x - centre) / 26) ** 2 < 1] = -850
    if open_chest:
        pixels[95:115, :90] = np.where(pixels[95:115, :90] == 40, -850, pixels[95:115, :90])
        body[95:115, :33] = False
    if table:
        pixels[185:188, 20:236] = 300
        pixels[205:240, 90:166] = 300
    return pixels, body


def test_the_table_is_taken_away_and_the_body_is_left_as_it_was():
    pixels, body = draw_ct()
    clean = remove_table(pixels)
    assert (clean[150:][~body[150:]] == -1024).all()
    np.testing.assert_array_equal(clean[body], pixels[body])
    mask = find_body(pixels)
    assert (mask & body).sum() / (mask | body).sum() > 0.98  # lungs are filled


def test_no_circle_of_unmeasured_corners_stays_without_the_table():
    pixels, body = draw_ct()
    y, x = np.mgrid[:256, :256] - 128
    pixels[y**2 + x**2 > 125**2] = -2048
    body &= pixels != -2048
    clean = remove_table(pixels)
    assert (clean == -2048).sum() == 0
    np.testing.assert_array_equal(clean[body], pixels[body])


def test_pixels_that_are_not_square_keep_their_aspect_without_a_spacing():
    disc = Picture(np.zeros((64, 128), np.uint8), "grey 8 bit", pixel_aspect=2.0)
    assert str(choose_placement(disc, GeometryConfig(size=32))) == "0 0 64 128 > 0 0 32 32"
    measured = replace(disc, spacing_mm=(1.0, 1.0))
    assert str(choose_placement(measured, GeometryConfig(size=32))) == "0 0 64 128 > 8 0 16 32"


def test_lung_open_to_the_outside_is_not_lost():
    pixels, _ = draw_ct(open_chest=True)
    lungs = (pixels == -850) & (np.mgrid[:256, :256][1] > 45)
    assert (remove_table(pixels)[lungs] == -850).mean() > 0.99


def test_a_slice_of_air_has_no_body():
    with pytest.raises(UnreadableError, match="no body"):
        find_body(np.full((64, 64), -1000, np.int16))


def test_bounds_of_a_mask():
    mask = np.zeros((9, 9), bool)
    assert find_bounds(mask) == (0, 0, 9, 9)
    mask[2:4, 5] = True
    assert find_bounds(mask) == (2, 5, 2, 1)


def test_all_faults_of_a_geometry_are_named_at_once():
    with pytest.raises(UserError) as error:
        GeometryConfig(size=4, spacing_mm=0.0)
    assert "--size" in str(error.value)
    assert "--spacing-mm" in str(error.value)


def test_resize_returns_a_copy():
    pixels = draw((16, 16), "uint8")
    same = resize(pixels, Rectangle(0, 0, 16, 16), (16, 16))
    same[0, 0] = 1
    assert pixels[0, 0] != 1
