"""Alarms about the translated images themselves: each from its own check, none without a reason."""

import pytest

from ganoscope.alarms import run_checks
from ganoscope.counterfactuals.checks import CHECKS, ImageCounts

CASES = {
    "training_images": ({"trained": 3}, "the run was trained on 3 of the 10 images"),
    "judge_has_seen_images": (
        {"judged": 4},
        "the independent classifier was trained or selected on 4 of the 10 images",
    ),
    "other_classes": ({"left_out": 1200}, "1,200 images of other classes than a and b"),
    "resampled": ({"resampled": 5}, "5 of 10 images differ in size from those of the networks (32 x 32 px)"),
}


@pytest.mark.parametrize("code", CASES)
def test_each_reason_raises_its_alarm_with_the_count(code):
    changes, words = CASES[code]
    (alarm,) = run_checks(CHECKS, ImageCounts(10, domains=("a", "b"), size_px=32, **changes))
    assert alarm.code == code
    assert words in alarm.message
    assert alarm.evidence == {"images": next(iter(changes.values()))}


def test_nothing_is_raised_without_a_reason_and_every_code_is_declared():
    assert run_checks(CHECKS, ImageCounts(10, domains=("a", "b"), size_px=32)) == []
    assert [code for check in CHECKS for code in check.codes] == list(CASES)
    assert all(check.looks_for for check in CHECKS)
