"""Contact sheets."""

import numpy as np
from PIL import Image

from ganoscope.figures.sheets import GAP_GREY, GAP_PX, make_sheet, save_picture


def test_pictures_stand_row_by_row_with_gaps_and_missing_ones_stay_grey():
    pictures = np.arange(1, 4, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 6), np.uint8)
    sheet = make_sheet(pictures, columns=2)
    assert sheet.shape == (2 * (4 + GAP_PX) + GAP_PX, 2 * (6 + GAP_PX) + GAP_PX)
    assert (sheet[GAP_PX : GAP_PX + 4, GAP_PX : GAP_PX + 6] == 1).all()
    assert (sheet[GAP_PX : GAP_PX + 4, -GAP_PX - 6 : -GAP_PX] == 2).all()
    assert (sheet[-GAP_PX - 4 : -GAP_PX, GAP_PX : GAP_PX + 6] == 3).all()
    assert (sheet[-GAP_PX - 4 : -GAP_PX, -GAP_PX - 6 : -GAP_PX] == GAP_GREY).all()


def test_captions_widen_the_sheet_and_repeated_ones_are_left_out():
    pictures = np.zeros((3, 20, 20), np.uint8)
    plain = make_sheet(pictures, 1)
    sheet = make_sheet(pictures, 1, ["one", "one", "two"])
    assert len(sheet) == len(plain)
    margin = sheet[:, : sheet.shape[1] - plain.shape[1]]
    written = [(margin[GAP_PX + row * 22 : GAP_PX + row * 22 + 20] != GAP_GREY).any() for row in range(3)]
    assert written == [True, False, True]


def test_a_picture_is_read_back_as_written(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    save_picture(tmp_path / "picture.png", picture)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "picture.png")), picture)
