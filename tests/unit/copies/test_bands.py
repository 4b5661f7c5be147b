"""Bands of images: what they keep, and that a picture's border leaves no trace in them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ganoscope.copies.bands import SIDE_PX, find_picture, make_bands

ROWS = slice(12, 50)


def make_films(number: int, blur_px: float) -> NDArray[np.float32]:
    """Returns unrelated textures that fill some rows of dark squares, blurred with their margins."""
    textures = gaussian_filter(np.random.default_rng(0).normal(0, 1, (number, SIDE_PX, SIDE_PX)), (0, 1.5, 1.5))
    films = np.full_like(textures, -1)
    films[:, ROWS] = (0.2 + textures[:, ROWS] / textures.std() * 0.35).clip(-1, 1)
    return gaussian_filter(films, (0, blur_px, blur_px)).astype(np.float32)


@pytest.mark.parametrize("blur_px", [0.0, 1.0, 1.5, 2.0, 3.0])
def test_the_border_of_a_picture_is_no_pattern_that_unrelated_pictures_share(blur_px: float) -> None:
    bands = make_bands(make_films(60, blur_px))
    common = np.abs(bands.mean(axis=0)).mean(axis=1)  # by row; about 1 / sqrt(60) by chance
    assert common.max() < 0.35
    assert np.abs(bands[:, ROWS]).mean() > 0.3  # something is left to compare


def test_pictures_without_margins_keep_all_their_pixels() -> None:
    images = np.random.default_rng(1).normal(0, 0.4, (3, SIDE_PX, SIDE_PX)).astype(np.float32)
    assert find_picture(images).all()


def test_a_narrow_picture_is_not_left_out_as_a_whole() -> None:
    image = np.full((1, SIDE_PX, SIDE_PX), -1, np.float32)
    image[:, :, 30:34] = np.random.default_rng(2).normal(0, 0.5, (SIDE_PX, 4))
    assert find_picture(image)[0].any(axis=0).sum() == 4
