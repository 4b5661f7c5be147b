"""Charts of heat maps' statistics: they show what was computed, and their texts can be read."""

from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.figure_texts import find_faults, name_stages
from tests.fixtures.map_findings import change_set, make_findings

from ganoscope.explanation.checks.deletion import FRACTIONS, MeanCurves
from ganoscope.explanation.checks.randomisation import MAX_STAGES
from ganoscope.explanation.drawing.map_statistics import chart_curves, chart_randomisation, chart_regions
from ganoscope.explanation.targets import TARGETS
from ganoscope.statistics.estimate import Estimate


def make_curves(images=6):
    """Returns curves that fall by the map and stay level by chance."""
    falling = tuple(Estimate(1 - fraction, 0.9 - fraction, 1.1 - fraction, images, images) for fraction in FRACTIONS)
    level = (Estimate(0.5, 0.4, 0.6, images, images),) * len(FRACTIONS)
    pair = tuple(MeanCurves(kind, falling, level) for kind in ("deletion", "insertion"))
    return {target: {"real": pair, "generated": pair} for target in TARGETS}


@pytest.mark.parametrize("count", [4, MAX_STAGES, 2 * MAX_STAGES])
def test_names_below_the_chart_of_randomisation_do_not_overlap(count):
    findings, stages = make_findings(), name_stages(count)
    values = dict.fromkeys(stages, Estimate(0.5, 0.4, 0.6, 6, 6))
    for target in TARGETS:
        for kind in ("real", "generated"):
            findings = change_set(findings, target, kind, rank_correlation=values, ssim=values)
    figure = chart_randomisation(findings)
    figure.draw_without_rendering()
    texts = [text for axes in figure.axes[2:] for text in axes.get_xticklabels()]
    assert [text.get_text() for text in texts] == ["original", *stages] * 2
    assert find_faults(figure, texts) == ([], [])


def test_curves_are_drawn_as_computed():
    figure = chart_curves(make_curves(), make_findings())
    assert len(figure.axes) == 4 * len(TARGETS)
    by_map, by_chance = figure.axes[0].lines
    np.testing.assert_allclose(by_map.get_xdata(), 100 * FRACTIONS)
    np.testing.assert_allclose(by_map.get_ydata(), 1 - FRACTIONS)
    np.testing.assert_allclose(by_chance.get_ydata(), 0.5)
    assert figure.axes[0].get_title() == "deletion, real (n = 6)\ngain over random: 0.20 [0.10, 0.30]"


def test_a_set_of_empty_maps_has_no_curve():
    findings = make_findings()
    one = findings.targets["why_real"].sets["real"]
    none = replace(one.deletion, gain=Estimate(np.nan, np.nan, np.nan, 0, 0))
    figure = chart_curves(make_curves(), change_set(findings, "why_real", "real", deletion=none))
    assert list(figure.axes[0].lines) == []
    assert "every map is empty" in figure.axes[0].get_title()
    assert len(figure.axes[1].lines) == 2


def test_regions_show_shares_in_percent_and_count_maps_that_are_not_empty():
    figure = chart_regions(change_set(make_findings(), "why_real", "real", empty=2))
    assert figure.axes[0].get_title().endswith("4 of 6 real, 6 of 6 generated")
    points = [container.lines[0].get_ydata()[0] for container in figure.axes[0].containers]
    np.testing.assert_allclose(points, [50, 25, 25] * 2)
