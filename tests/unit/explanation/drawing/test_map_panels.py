"""Figures of a deep network with long layer names: no two texts lie on each other, and none is cut off."""

import numpy as np
import pytest
from tests.fixtures.figure_texts import find_faults, name_stages

from ganoscope.data.phantoms.phantom_store import INTENSITY
from ganoscope.explanation.checks.randomisation import MAX_STAGES, Randomisation
from ganoscope.explanation.drawing.map_panels import make_strip
from ganoscope.explanation.evidence import Answer, Evidence
from ganoscope.explanation.subjects import Subjects
from ganoscope.explanation.targets import TARGETS

SIDE, IMAGES = 16, 3


def make_evidence(name):
    ids = [str(index) for index in range(IMAGES)]
    images = np.zeros((IMAGES, 1, SIDE, SIDE), np.float32)
    maps = dict.fromkeys(TARGETS, np.full((IMAGES, SIDE, SIDE), 0.00045, np.float32))
    subjects = Subjects(name, images, ids, ids, [""] * IMAGES, INTENSITY["mri"])
    regions = np.zeros((IMAGES, SIDE, SIDE), np.uint8)
    return Evidence(subjects, "levels.2", np.zeros(IMAGES), True, regions, regions > 0, maps, {}, {})


def make_answer(stages):
    depth, both = len(stages), 2 * IMAGES
    values = np.full((3, depth, both), -0.25)
    maps = np.full((depth, both, SIDE, SIDE), 0.00045, np.float32)
    check = Randomisation(stages, values, values[0], values, 0.2, maps)
    return Answer(make_evidence("real"), make_evidence("generated"), dict.fromkeys(TARGETS, check))


@pytest.mark.parametrize("count", [4, MAX_STAGES])
def test_words_of_the_strip_of_randomised_maps_do_not_overlap(count):
    figure = make_strip(make_answer(name_stages(count)), "why_real")
    heads = [axes.title for axes in figure.axes if axes.get_title()]
    assert len(heads) == 2 + count
    assert find_faults(figure, [*heads, *(text for axes in figure.axes for text in axes.texts)]) == ([], [])
