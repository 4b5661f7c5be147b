"""Heat maps over images."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from ganoscope.figures.overlays import (
    OPACITY,
    OVERLAY_PX,
    blend,
    draw_colour_bar,
    enlarge,
    find_colour_scale,
    show_map,
    write_word,
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


@pytest.mark.parametrize(
    ("heat", "words"),
    [
        (np.zeros((8, 8)), ["empty"]),
        (np.ones((8, 8)), ["near-blank"]),
        (1 - 0.09 * np.eye(8), ["near-blank"]),
        (1 - 0.2 * np.eye(8), []),
    ],
)
def test_a_map_that_marks_no_place_says_so_and_is_not_coloured(heat, words):
    axes = Figure().subplots()
    show_map(axes, GREY, heat, 1.0)
    assert [text.get_text() for text in axes.texts] == words
    shown = np.asarray(axes.images[0].get_array())
    assert (shown == shown[..., :1]).all() == bool(words)


@pytest.mark.parametrize(("peak", "words"), [(0.9, ["faint"]), (1.1, [])])
def test_a_map_too_faint_to_be_seen_beside_others_is_called_so_and_coloured(peak, words):
    axes = Figure().subplots()
    heat = peak * np.eye(8)
    show_map(axes, GREY, heat, 10.0)
    assert [text.get_text() for text in axes.texts] == words
    assert (np.asarray(axes.images[0].get_array()) == blend(GREY, heat, 10.0)).all()


def test_a_word_is_written_into_a_picture():
    assert (write_word(np.zeros((64, 64, 3), np.uint8), "near-blank") == 255).any()


def test_a_colour_bar_names_what_it_shows():
    axes = Figure().subplots()
    draw_colour_bar(axes, 2.5, "why real")
    assert axes.get_xlabel() == "why real: raw value of the map (logit)"
    assert axes.get_xlim() == (0.0, 2.5)
    axes = Figure().subplots()
    draw_colour_bar(axes, 0.0, "why real")
    assert [text.get_text() for text in axes.texts] == ["why real: every map is empty"]
