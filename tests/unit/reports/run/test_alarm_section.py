"""When an alarm of the training held, in words."""

import pytest

from ganoscope.alarms import Alarm
from ganoscope.reports.kit.content import Part
from ganoscope.reports.run.alarm_section import describe_outcome, describe_span, is_cleared


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({"first_images": 80, "last_images": 320}, "Active from 80 images on, and still at the end (320 images)."),
        (
            {"first_images": 80, "last_images": 160},
            "Active from 80 to 160 images; cleared before the end (320 images).",
        ),
        ({"first_images": 80, "last_images": 80}, "Active at 80 images only; cleared before the end (320 images)."),
        ({"first_images": 80}, ""),
        ({}, ""),
    ],
)
def test_the_span_of_an_alarm_is_told(evidence, words):
    assert describe_span(Alarm("a", "note", "", evidence), images_seen=320) == words


def test_outcomes_count_by_severity_or_say_why_nothing_was_checked():
    alarms = [Alarm("a", "note", ""), Alarm("b", "danger", "")]
    assert describe_outcome(Part(alarms)) == "1 danger, 1 note."
    assert describe_outcome(Part([])) == "No alarms."
    assert describe_outcome(Part(missing="No store.")) == "Not checked. No store."


def test_only_alarms_of_the_training_that_ended_before_the_last_checkpoint_are_cleared():
    assert is_cleared(Alarm("a", "danger", "", {"first_images": 80, "last_images": 160}), 320)
    assert not is_cleared(Alarm("a", "danger", "", {"first_images": 80, "last_images": 320}), 320)
    assert not is_cleared(Alarm("a", "danger", ""), 320)
