"""A case knows where no picture was."""

import numpy as np

from ganoscope.counterfactuals.cases.case import Case, draw_boxes
from ganoscope.data.geometry.placement import Placement, Rectangle
from ganoscope.data.picture import Picture


def test_padding_is_what_the_picture_does_not_fill():
    pixels = np.zeros((8, 8), np.uint8)
    filled = Rectangle(0, 2, 8, 4)
    case = Case("0", "", Picture(pixels, "grey 8 bit"), pixels, Placement(filled, filled), filled, "g")
    assert case.padding.sum() == 8 * 4
    assert not case.padding[:, 2:6].any()


def test_boxes_beyond_the_border_are_cut_off():
    assert draw_boxes("-2 -2 4 4; 7 7 5 5", size=8).sum() == 4 + 1
