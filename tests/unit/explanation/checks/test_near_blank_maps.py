from tests.fixtures.map_findings import change_set, find_alarms, make_findings

from ganoscope.explanation.checks.near_blank_maps import CHECK


def test_many_maps_that_hardly_vary_are_named_with_their_number():
    assert find_alarms(CHECK, make_findings()) == []
    (alarm,) = find_alarms(CHECK, change_set(make_findings(), "why_generated", "real", near_blank=3))
    assert (alarm.code, alarm.evidence) == ("near_blank_maps", {"why_generated on real": 3})
    assert "3 of 6 of the evidence for 'generated' in real images" in alarm.message
