"""Contact sheets: every class begins a row, and only the first images are kept."""

import numpy as np

from ganoscope.generation.class_sheet import Gallery, arrange
from ganoscope.training.run_folder.samples import MAX_ROWS


def test_a_gallery_keeps_the_first_images_of_each_class():
    gallery = Gallery(dict.fromkeys(range(MAX_ROWS + 1), 2))
    for code in (*range(MAX_ROWS + 1), 0, 0):
        gallery.add(np.full((4, 4), code), code)
    assert len(gallery.pictures) == MAX_ROWS
    assert [len(gallery.pictures[code]) for code in (0, 1)] == [2, 1]


def test_groups_begin_rows_of_their_own():
    white = np.full((8, 8), 255, np.uint8)
    sheet = arrange({"a": [white] * 9, "b": [white]})
    assert sheet.shape[0] == 2 + 3 * (8 + 2)  # two rows of the first, one of the second
    assert (sheet[-6, -6], sheet[6, -6]) == (0, 255)
    assert arrange({"": [white] * 3}).shape[1] == 2 + 3 * (8 + 2)
