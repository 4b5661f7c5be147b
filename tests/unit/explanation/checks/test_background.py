from dataclasses import replace

from tests.fixtures.map_findings import change_set, find_alarms, make_findings

from ganoscope.explanation.checks.background import CHECK
from ganoscope.explanation.regions import RegionSummary
from ganoscope.statistics.estimate import Estimate


def make_region(excess, low, images=6):
    share, area = Estimate(0.25 + excess, 0.25 + low, 0.9, images, images), Estimate(0.25, 0.2, 0.3, images, images)
    return RegionSummary(share, area, Estimate(excess, low, 0.9, images, images), 1 + excess / 0.25)


def find(region, margin=False):
    findings = make_findings()
    one = findings.targets["why_real"].sets["real"]
    changes = {"margin": region} if margin else {"regions": {**one.regions, "background": region}}
    return find_alarms(CHECK, change_set(findings, "why_real", "real", **changes))


def test_attention_on_the_background_beyond_its_share_is_told_with_interval_and_number():
    assert find_alarms(CHECK, make_findings()) == []
    (alarm,) = find(make_region(0.24, 0.1))
    assert alarm.code == "attention_on_background"
    assert "49% (95% interval 35 to 90%) of the evidence for 'real' in 6 real images" in alarm.message
    assert (
        "on 25% of the picture; image by image, 24 (95% interval 10 to 90) percentage points too much" in alarm.message
    )
    assert alarm.evidence == {"why_real on real": 0.24}


def test_attention_on_bars_at_the_edges_is_told_apart():
    (alarm,) = find(make_region(0.24, 0.1), margin=True)
    assert alarm.code == "attention_on_edges"
    assert "dark bars at the edges" in alarm.message


def test_a_small_or_uncertain_excess_and_few_images_raise_nothing():
    assert find(make_region(0.04, 0.02)) == []
    assert find(make_region(0.24, -0.01)) == []
    assert find(replace(make_region(0.24, 0.1, images=4))) == []
