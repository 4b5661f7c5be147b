"""Figures of a deep network with long layer names: no two texts lie on each other, and none is cut off."""

from itertools import combinations

import numpy as np
import pytest

from ganoscope.data.phantoms.phantom_store import INTENSITY
from ganoscope.explanation.checks.deletion import CurveSummary
from ganoscope.explanation.checks.randomisation import MAX_STAGES, Randomisation
from ganoscope.explanation.drawing.map_panels import make_strip
from ganoscope.explanation.drawing.map_statistics import chart_randomisation
from ganoscope.explanation.evidence import Answer, Evidence
from ganoscope.explanation.findings import Findings, SetFindings, TargetFindings
from ganoscope.explanation.subjects import Subjects
from ganoscope.explanation.targets import TARGETS
from ganoscope.statistics.bootstrap import Estimate

SIDE, IMAGES = 16, 3
ESTIMATE = Estimate(0.5, 0.4, 0.6, IMAGES, IMAGES)


def name_stages(count):
    parts = ("depthwise", "first", "second", "mix")
    layers = (f"levels.{9 - depth // 4}.blocks.{depth % 2}.{parts[depth % 4]}" for depth in range(count - 2))
    return ("basis", "head", *layers)


def make_findings(stages):
    curve = CurveSummary("lower", ESTIMATE, ESTIMATE, ESTIMATE)
    values = dict.fromkeys(stages, ESTIMATE)
    one = SetFindings(IMAGES, 0, {}, curve, curve, values, values)
    target = TargetFindings({"real": one, "generated": one}, {}, 0.5, 0.2)
    return Findings(ESTIMATE, {}, dict.fromkeys(TARGETS, target))


def make_evidence(name):
    ids = [str(index) for index in range(IMAGES)]
    images = np.zeros((IMAGES, 1, SIDE, SIDE), np.float32)
    maps = dict.fromkeys(TARGETS, np.full((IMAGES, SIDE, SIDE), 0.00045, np.float32))
    subjects = Subjects(name, images, ids, ids, [""] * IMAGES, INTENSITY["mri"])
    regions = np.zeros((IMAGES, SIDE, SIDE), np.uint8)
    return Evidence(subjects, "levels.2", np.zeros(IMAGES), True, regions, maps, {}, {})


def make_answer(stages):
    depth, both = len(stages), 2 * IMAGES
    values = np.full((3, depth, both), -0.25)
    maps = np.full((depth, both, SIDE, SIDE), 0.00045, np.float32)
    check = Randomisation(stages, values, values[0], values, 0.2, maps)
    return Answer(make_evidence("real"), make_evidence("generated"), dict.fromkeys(TARGETS, check))


def outline(figure, texts):
    """Returns the turned rectangles that texts fill, as paths in pixels."""
    for text in texts:
        text.set_bbox({"boxstyle": "square,pad=0"})
    figure.draw_without_rendering()
    patches = [text.get_bbox_patch() for text in texts]
    return [patch.get_transform().transform_path(patch.get_path()) for patch in patches]


def find_faults(figure, texts):
    """Returns the texts that lie on another one, and those that the picture's edge cuts off."""
    paths = outline(figure, texts)
    crossing = [
        (texts[i].get_text(), texts[j].get_text())
        for i, j in combinations(range(len(paths)), 2)
        if paths[i].intersects_path(paths[j], filled=True)
    ]
    width, height = figure.bbox.size
    corners = [path.get_extents() for path in paths]
    outside = [box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1 for box in corners]
    return crossing, [text.get_text() for text, cut in zip(texts, outside, strict=True) if cut]


@pytest.mark.parametrize("count", [4, MAX_STAGES, 2 * MAX_STAGES])
def test_names_below_the_chart_of_randomisation_do_not_overlap(count):
    stages = name_stages(count)
    figure = chart_randomisation(make_findings(stages))
    figure.draw_without_rendering()
    texts = [text for axes in figure.axes[2:] for text in axes.get_xticklabels()]
    assert [text.get_text() for text in texts] == ["original", *stages] * 2
    assert find_faults(figure, texts) == ([], [])


@pytest.mark.parametrize("count", [4, MAX_STAGES])
def test_words_of_the_strip_of_randomised_maps_do_not_overlap(count):
    figure = make_strip(make_answer(name_stages(count)), "why_real")
    heads = [axes.title for axes in figure.axes if axes.get_title()]
    assert len(heads) == 2 + count
    assert find_faults(figure, [*heads, *(text for axes in figure.axes for text in axes.texts)]) == ([], [])
