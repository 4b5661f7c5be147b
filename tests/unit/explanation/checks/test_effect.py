import pytest
from tests.fixtures.map_findings import BETTER, FEW, SAME, WORSE, change_gains, find_alarms, make_findings

from ganoscope.explanation.checks.effect import CHECK


@pytest.mark.parametrize(
    ("deletion", "insertion", "alarming"),
    [
        (BETTER, BETTER, False),
        (SAME, SAME, True),
        (WORSE, WORSE, True),
        (SAME, WORSE, True),
        (BETTER, WORSE, False),
        (FEW, FEW, False),
    ],
)
def test_only_maps_without_effect_by_both_curves_are_named(deletion, insertion, alarming):
    found = find_alarms(CHECK, change_gains(make_findings(), "why_real", "generated", deletion, insertion))
    assert [alarm.code for alarm in found] == ["attention_without_effect"] * alarming
    for alarm in found:
        assert alarm.evidence == {"why_real on generated": deletion.value}
        assert "in maps of the evidence for 'real' in generated images." in alarm.message
