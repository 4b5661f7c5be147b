"""Heat maps over images."""

import numpy as np
from matplotlib.figure import Figure

from ganoscope.figures.overlays import (
    OPACITY,
    OVERLAY_PX,
    blend,
    draw_colour_bar,
    enlarge,
    find_colour_scale,
    show_map,
    write_empty,
)

GREY = np.linspace(-1, 1, 64).reshape(8, 8)


def test_an_empty_map_leaves_the_plain_image():
    picture = blend(GREY, np.zeros((8, 8)), 0.0)
    assert picture.shape == (8, 8, 3)
    assert (picture == picture[..., :1]).all()
    np.testing.assert_array_equal(picture[..., 0], np.rint((GREY + 1) / 2 * 255))
    np.testing.assert_array_equal(picture, blend(GREY, np.zeros((8, 8)), 1.0))


def test_the_largest_value_has_the_top_colour_at_full_opacity():
    heat = np.zeros((8, 8))
    heat[0, 0], heat[0, 1] = 2.0, 4.0  # beyond the scale, colours stay at the top
    picture = blend(np.full((8, 8), -1.0), heat, 2.0)
    top = np.array([252, 255, 164])  # the last colour of inferno
    np.testing.assert_allclose(picture[0, 0], OPACITY * top, atol=1)
    np.testing.assert_array_equal(picture[0, 0], picture[0, 1])
    assert not picture[1:].any()


def test_the_scale_is_nearly_the_largest_maximum_and_empty_maps_do_not_count():
    peaks = np.array([0.0, 0.0, 1.0, 3.0])
    assert find_colour_scale(peaks) == np.quantile([1.0, 3.0], 0.995)


def test_small_pictures_are_enlarged_by_whole_factors():
    assert enlarge(np.zeros((100, 150))).shape == (300, 450)
    assert enlarge(np.zeros((OVERLAY_PX, 300))).shape == (OVERLAY_PX, 300)


def test_an_empty_map_says_so_in_pictures_and_in_figures():
    picture = np.zeros((64, 64, 3), np.uint8)
    assert (write_empty(picture) == 255).any()
    axes = Figure().subplots()
    show_map(axes, GREY, np.zeros((8, 8)), 1.0)
    assert [text.get_text() for text in axes.texts] == ["empty"]
    axes = Figure().subplots()
    show_map(axes, GREY, np.ones((8, 8)), 1.0)
    assert list(axes.texts) == []


def test_a_colour_bar_names_what_it_shows():
    axes = Figure().subplots()
    draw_colour_bar(axes, 2.5, "why real")
    assert axes.get_xlabel() == "why real: raw value of the map (logit)"
    assert axes.get_xlim() == (0.0, 2.5)
    axes = Figure().subplots()
    draw_colour_bar(axes, 0.0, "why real")
    assert [text.get_text() for text in axes.texts] == ["why real: every map is empty"]
