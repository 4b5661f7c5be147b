"""PNG: text in its order, and Hounsfield units shifted to what the format holds."""

import numpy as np
import pytest
from PIL import Image

from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.data.readers import read
from ganoscope.data.writers import GENERATED, TRANSLATED, Output, choose_hu_offset, png


def test_notes_come_in_order_and_end_with_unit_and_offset(tmp_path):
    pixels = np.array([[-1024, 0], [100, 3071]], np.int16)
    png.save_picture(tmp_path / "a.png", Output(pixels, "HU", TRANSLATED, {"method": "x", "target": "y"}, 1024))
    with Image.open(tmp_path / "a.png") as picture:
        assert list(picture.text) == [
            "Description",
            *(f"ganoscope:{n}" for n in ("method", "target", "unit", "offset")),
        ]
        assert (picture.text["Description"], picture.text["ganoscope:offset"]) == (TRANSLATED.text, "1024")
        assert np.array_equal(np.asarray(picture).astype(int) - 1024, pixels)


def test_grey_values_keep_their_bits_and_state_no_offset(tmp_path):
    for dtype in (np.uint8, np.uint16):
        png.save_picture(tmp_path / "a.png", Output(np.full((4, 4), 200, dtype), "grey", TRANSLATED))
        with Image.open(tmp_path / "a.png") as picture:
            assert np.asarray(picture).dtype == dtype
            assert list(picture.text) == ["Description", "ganoscope:unit"]


def test_what_lies_below_the_offset_is_clipped_and_counted(tmp_path, capsys):
    png.save_picture(tmp_path / "a.png", Output(np.full((2, 2), -2048, np.int16), "HU", TRANSLATED, {}, 1024))
    with Image.open(tmp_path / "a.png") as picture:
        assert np.asarray(picture).max() == 0
        assert picture.text["ganoscope:clipped_pixels"] == "4"
    assert "4 pixels of a.png" in capsys.readouterr().err


def test_the_chosen_offset_clips_nothing_and_another_one_is_refused_when_read(tmp_path):
    values = np.full((4, 4), -1350, np.int16)
    values[0, 0] = 40  # something of a body
    png.save_picture(tmp_path / "a.png", Output(values, "HU", GENERATED, {}, choose_hu_offset(-1350)))
    (picture,) = read(tmp_path / "a.png", ReadOptions(hu_offset=2048))
    assert np.array_equal(picture.pixels, values)
    with pytest.raises(UnreadableError, match="give --hu-offset 2048"):
        list(read(tmp_path / "a.png", ReadOptions(hu_offset=1024)))
