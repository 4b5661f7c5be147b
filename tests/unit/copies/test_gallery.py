"""The gallery shows originals as the copies lie, and a frame around the part that is alike, in both pictures."""

import numpy as np
import pytest

from ganoscope.copies.compared_regions import REGIONS, Region
from ganoscope.copies.gallery import align_original, draw_gallery, frame
from ganoscope.copies.views import View, shift, turn

PICTURE = np.random.default_rng(0).uniform(-0.9, 0.9, (64, 64)).astype(np.float32)


@pytest.mark.parametrize("code", range(8))
def test_the_original_is_shown_as_the_copy_lies(code):
    view = View(code, 3, -6)
    copy = align_original(PICTURE, view, inverted=False)
    back = shift(turn(copy - copy.min(), code), 3, -6) + copy.min()
    np.testing.assert_allclose(back[8:-8, 8:-8], PICTURE[8:-8, 8:-8], atol=1e-5)


def test_the_original_of_an_inverted_copy_is_inverted():
    np.testing.assert_allclose(align_original(PICTURE, View(), True), -PICTURE, atol=1e-6)
    assert draw_gallery(PICTURE[None], PICTURE[None], ["one"]).ndim == 2


@pytest.mark.parametrize("side", [64, 100])
@pytest.mark.parametrize("code", range(8))
def test_a_frame_encloses_the_part_where_the_image_lies(code, side):
    region, picture = Region(5, 17, 8), np.zeros((side, side), np.float32)
    framed = frame(picture, region, View(code))
    rows, columns = (slice(round(at * side / 32), round((at + 8) * side / 32)) for at in (5, 17))
    inside = np.zeros((side, side), bool)
    inside[rows, columns] = True
    marked = turn(np.abs(framed), code) == 1  # in the frame of the real image
    for row, column in np.argwhere(marked):
        assert not inside[row, column]
        assert inside[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].any()
    assert marked.sum() == 2 * (inside.any(1).sum() + inside.any(0).sum()) + 4
    assert np.array_equal(frame(PICTURE, REGIONS[0], View()), PICTURE)
