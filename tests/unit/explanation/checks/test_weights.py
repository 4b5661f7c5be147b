import pytest
from tests.fixtures.map_findings import change_target, find_alarms, make_findings

from ganoscope.explanation.checks.weights import CHECK
from ganoscope.statistics.estimate import Estimate


def set_correlation(value, maps):
    final = Estimate(value, value - 0.1, value + 0.1, maps, maps)
    return find_alarms(CHECK, change_target(make_findings(), "why_real", final_rank_correlation=final))


def test_maps_that_survive_randomisation_are_a_danger_with_interval_and_number():
    assert find_alarms(CHECK, make_findings()) == []
    (alarm,) = set_correlation(0.8, 9)
    assert (alarm.code, alarm.severity) == ("explanation_ignores_weights", "danger")
    assert alarm.evidence == {"why_real": 0.8, "why_real_low": 0.7, "why_real_maps": 9}
    assert "0.80 (95% interval 0.70 to 0.90) over 9 maps for why real" in alarm.message


@pytest.mark.parametrize("maps", [0, 1, 4])
def test_no_maps_or_a_few_raise_nothing(maps):
    assert set_correlation(float("nan") if not maps else 0.9, maps) == []
