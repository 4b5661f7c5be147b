"""What the page says of heat maps."""

import numpy as np

from ganoscope.explanation.answers import KINDS, HeatMaps, WeightDependence
from ganoscope.reports.classifier.sections.heat_maps import describe_heat_maps, find_scale


def make_heat(maps, dependence=None):
    rows = np.arange(len(maps))
    return HeatMaps({"a": dict.fromkeys(KINDS, rows[:0])}, rows, maps, "body", dependence)


def test_empty_maps_and_the_randomisation_check_are_told():
    maps = np.zeros((4, 8, 8), np.float32)
    maps[0] = 1
    told = " ".join(describe_heat_maps(make_heat(maps), "test"))
    assert "Of 4 maps, 3 empty and 1 near-blank (they hardly vary)" in told
    assert "not possible" in told
    maps[:, :4] = 2
    told = " ".join(describe_heat_maps(make_heat(maps, WeightDependence(4, 0.123, 0.2, 0.1, 0.15)), "test"))
    assert "No map is empty" in told
    assert "is 0.123 (0.100 to 0.150) on average" in told


def test_colours_end_near_the_largest_value_and_nowhere_where_all_maps_are_empty():
    maps = np.zeros((4, 8, 8), np.float32)
    assert find_scale(make_heat(maps)) == 0.0
    maps[1, 2, 3] = 5
    assert find_scale(make_heat(maps)) == 5.0
