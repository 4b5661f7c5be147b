from dataclasses import replace

from tests.fixtures.map_findings import find_alarms, make_findings

from ganoscope.explanation.checks.discriminator import CHECK
from ganoscope.statistics.estimate import Estimate


def test_a_discriminator_at_chance_is_named_with_its_auroc():
    assert find_alarms(CHECK, make_findings()) == []
    (alarm,) = find_alarms(CHECK, replace(make_findings(), auroc=Estimate(0.5, 0.4, 0.6, 12, 12)))
    assert (alarm.code, alarm.severity) == ("discriminator_blind", "warning")
    assert alarm.evidence == {"auroc": 0.5, "images": 12}
    assert "AUROC 0.50 (95% interval 0.40 to 0.60)" in alarm.message
