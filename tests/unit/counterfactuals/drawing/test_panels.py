"""Panels name what an image is, where it goes, and where its translation goes back to."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ganoscope.counterfactuals.cases.case import Case
from ganoscope.counterfactuals.drawing.panels import ANATOMY, LESION, Saliency, draw_panel
from ganoscope.counterfactuals.translation.translator import Translator
from ganoscope.data.geometry.placement import Placement, Rectangle
from ganoscope.data.picture import Picture
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.evaluate.counterfactual.measures import NAMES, Measures, Pairs

WHOLE = Rectangle(0, 0, 16, 16)


@pytest.fixture
def draw():
    """Returns a function that draws the panel of one image with a label, towards `sick`."""

    def make(label, own, **masks):
        pixels = np.zeros((16, 16), np.uint8)
        case = Case("0", "", Picture(pixels, "grey 8 bit"), pixels, Placement(WHOLE, WHOLE), WHOLE, "g", label, **masks)
        image = torch.rand(1, 1, 16, 16)
        pairs = Pairs(image, image * 0.5, image, image, image, np.array(["sick"]), np.array([False]))
        measures = Measures(**{name: np.array([0.5]) for name in NAMES})
        run = SimpleNamespace(record=SimpleNamespace(domains=("well", "sick")))
        setting = SimpleNamespace(
            translator=Translator(run, {}, "cpu"), intensity=IntensityMap(0, 255, "grey 8 bit", "uint8")
        )
        known = {"cases": [case], "pairs": pairs, "own": [own], "directions": ["well to sick"], "measures": measures}
        return draw_panel(setting, SimpleNamespace(**known), 0, Saliency(np.zeros(1), [""]), 10.0)

    return make


def list_axes(figure):
    return [axes for half in figure.subfigs for axes in half.axes]


@pytest.mark.parametrize(
    ("label", "own", "title"),
    [("sick", "sick", "original, labelled sick"), ("", "well", "original, predicted well"), ("", "", "original")],
)
def test_the_way_back_goes_to_the_other_domain_whatever_the_label(draw, label, own, title):
    titles = [axes.get_title() for axes in list_axes(draw(label, own))]
    assert titles[:2] == [title, "counterfactual, to sick"]
    assert "and back, to well" in titles


def test_findings_and_anatomy_have_outlines_of_their_own(draw):
    mask, lungs = np.zeros((2, 16, 16), bool)
    mask[4:8, 4:8], lungs[2:12, 2:12] = True, True
    first = list_axes(draw("well", "well", mask=mask, anatomy=lungs))[0]
    colours = [tuple(lines.get_edgecolor()[0]) for lines in first.collections]
    assert len(set(colours)) == len((LESION, ANATOMY))
