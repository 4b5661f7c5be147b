"""A change comes to the source's grid and values, and is the same again when the file is read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, minimum_filter

from ganoscope.counterfactuals.cases.case import Case
from ganoscope.counterfactuals.translation.source_geometry import add_change, enlarge, read_back
from ganoscope.data.geometry.placement import GeometryConfig, choose_placement, place
from ganoscope.data.picture import PADDING_HU, Picture
from ganoscope.data.store.intensity import IntensityConfig, find_raw_range, scale_to_16_bits


def draw(seed, shape, low, high, dtype, smooth=3.0):
    noise = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), smooth)
    noise = (noise - noise.min()) / (noise.max() - noise.min())
    return np.rint(low + noise * (high - low)).astype(dtype)


def make_case(picture, geometry):
    placement = choose_placement(picture, geometry)
    pixels, raw_range = place(picture, placement, geometry), None
    if picture.unit == "signal":
        raw_range = find_raw_range([pixels], IntensityConfig())
        pixels = scale_to_16_bits(pixels, raw_range)
    return Case("0", "", picture, pixels, placement, placement.filled, "g", raw_range=raw_range)


PICTURES = {
    "grey 8 bit": lambda shape: Picture(draw(0, shape, 60, 190, np.uint8), "grey 8 bit"),
    "grey 16 bit": lambda shape: Picture(draw(0, shape, 9_000, 40_000, np.uint16), "grey 16 bit"),
    "HU": lambda shape: Picture(draw(0, shape, -900, 400, np.int16), "HU", spacing_mm=(0.7, 0.7)),
    "signal": lambda shape: Picture(draw(0, shape, -900, 400, np.int16).astype(np.float32) * 1.5, "signal"),
}
CHANGE = {"grey 8 bit": 40.0, "grey 16 bit": 4_000.0, "HU": 200.0, "signal": 5_000.0}


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("shape", [(64, 64), (16, 16), (50, 70), (150, 90), (20, 28)])
@pytest.mark.parametrize("unit", PICTURES)
def test_what_is_written_is_read_back_as_what_was_translated(unit, shape, fit):
    geometry = GeometryConfig(size=16, fit=fit)
    case = make_case(PICTURES[unit](shape), geometry)
    change = CHANGE[unit] * gaussian_filter(np.random.default_rng(1).standard_normal((16, 16)), 1.2)
    written = add_change(case, change, geometry)
    assert written.dtype == case.source.pixels.dtype
    assert written.shape == shape
    inside = place(Picture(np.full(shape, 200, np.uint8), "grey 8 bit"), case.placement, geometry) == 200
    if case.raw_range:  # what the percentiles clip is beyond the networks' window
        inside &= minimum_filter((case.pixels > 6000) & (case.pixels < 59000), 3)
    assert inside.sum() > 25
    error = read_back(case, written, geometry) - (case.pixels + change)
    assert np.abs(error[inside]).max() < 0.05 * np.abs(change).max() + 1


@pytest.mark.parametrize("unit", PICTURES)
def test_no_change_leaves_every_bit_of_the_source(unit):
    geometry = GeometryConfig(size=16)
    case = make_case(PICTURES[unit]((70, 50)), geometry)
    assert np.array_equal(add_change(case, np.zeros((16, 16)), geometry), case.source.pixels)


@settings(deadline=None, max_examples=30)
@given(st.integers(16, 90), st.integers(16, 90), st.sampled_from(["pad", "crop", "body", "stretch"]))
def test_what_the_square_does_not_show_stays_as_it_was(height, width, fit):
    geometry = GeometryConfig(size=16, fit=fit)
    picture = Picture(draw(0, (height, width), 60, 190, np.uint8), "grey 8 bit")
    placement = choose_placement(picture, geometry)
    change = enlarge(np.full((16, 16), 5.0), placement, (height, width), area=False)
    taken = placement.taken
    rows, columns = (np.arange(n) + 0.5 for n in (height, width))
    shown = ((rows > taken.top) & (rows < taken.top + taken.height))[:, None] & (
        (columns > taken.left) & (columns < taken.left + taken.width)
    )
    assert np.abs(change[shown] - 5).max() < 1, "at the rim, reading also sees what lies beside it"
    assert np.median(change[shown]) == pytest.approx(5, rel=0.02)
    assert not change[~shown].any()


def test_values_beyond_the_window_move_with_the_change_and_are_kept():
    geometry = GeometryConfig(size=16)
    pixels = draw(0, (16, 16), -100, 100, np.int16)
    pixels[3, 4] = 2500
    case = make_case(Picture(pixels, "HU"), geometry)
    written = add_change(case, np.full((16, 16), -30.0), geometry)
    assert written[3, 4] == 2470


def test_what_was_not_measured_stays_marked_and_nothing_falls_below_air():
    geometry = GeometryConfig(size=16)
    pixels = draw(0, (32, 32), -1000, -900, np.int16)
    pixels[:4] = PADDING_HU
    case = make_case(Picture(pixels, "HU"), geometry)
    written = add_change(case, np.full((16, 16), -400.0), geometry)
    assert (written[:4] == PADDING_HU).all()
    assert written[4:].min() == -1024


@pytest.mark.parametrize(("dtype", "unit", "top"), [(np.uint8, "grey 8 bit", 255), (np.uint16, "grey 16 bit", 65535)])
def test_a_change_beyond_the_type_ends_at_its_limits(dtype, unit, top):
    geometry = GeometryConfig(size=16)
    case = make_case(Picture(draw(0, (16, 16), 1, top - 1, dtype), unit), geometry)
    assert add_change(case, np.full((16, 16), 1e6), geometry).min() == top
    assert add_change(case, np.full((16, 16), -1e6), geometry).max() == 0
