from types import SimpleNamespace

import numpy as np

from ganoscope.explanation.checks.outline import CHECK
from ganoscope.explanation.findings import Examination
from ganoscope.explanation.regions import BACKGROUND, INSIDE


def make_set(name, shares):
    """Returns a set of pictures of 10 x 10 pixels of which the anatomy covers these shares."""
    regions = np.full((len(shares), 10, 10), BACKGROUND, np.uint8)
    for region, share in zip(regions, shares, strict=True):
        region.flat[: round(100 * share)] = INSIDE
    return SimpleNamespace(subjects=SimpleNamespace(name=name), regions=regions)


def find_alarms(real, generated):
    answer = SimpleNamespace(sets=(make_set("real", real), make_set("generated", generated)))
    return list(CHECK.find(Examination(answer, None, None)))


def test_outlines_that_cover_nearly_nothing_or_nearly_everything_are_named_by_set():
    (alarm,) = find_alarms([0.4] * 4, [0.4, 0.4, 0.01, 0.99])
    assert alarm.code == "no_outline_generated"
    assert alarm.evidence == {"share": 0.5, "images": 4}
    assert [one.code for one in find_alarms([0.0] * 4, [1.0] * 4)] == ["no_outline_real", "no_outline_generated"]


def test_a_single_failed_outline_among_many_is_not_worth_an_alarm():
    assert find_alarms([0.4] * 19 + [0.0], [0.4] * 20) == []
