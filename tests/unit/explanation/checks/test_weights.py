from tests.fixtures.map_findings import change_target, find_alarms, make_findings

from ganoscope.explanation.checks.weights import CHECK


def test_maps_that_survive_randomisation_are_a_danger():
    assert find_alarms(CHECK, make_findings()) == []
    (alarm,) = find_alarms(CHECK, change_target(make_findings(), "why_real", final_rank_correlation=0.8))
    assert (alarm.code, alarm.severity) == ("explanation_ignores_weights", "danger")
    assert alarm.evidence == {"why_real": 0.8}
    assert "0.80 for why real" in alarm.message


def test_maps_that_are_all_empty_are_left_to_another_check():
    assert find_alarms(CHECK, change_target(make_findings(), "why_real", final_rank_correlation=float("nan"))) == []
