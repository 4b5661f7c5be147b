from tests.fixtures.map_findings import change_set, find_alarms, make_findings

from ganoscope.explanation.checks.empty_maps import CHECK


def test_many_empty_maps_are_named_with_their_share():
    assert find_alarms(CHECK, make_findings()) == []
    (alarm,) = find_alarms(CHECK, change_set(make_findings(), "why_real", "real", empty=3))
    assert (alarm.code, alarm.evidence) == ("empty_maps", {"why_real on real": 0.5})
    assert "3 of 6 of the evidence for 'real' in real images" in alarm.message


def test_a_few_empty_maps_are_not_worth_an_alarm():
    assert find_alarms(CHECK, change_set(make_findings(20), "why_real", "real", empty=2)) == []
