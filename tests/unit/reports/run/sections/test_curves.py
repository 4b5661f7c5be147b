"""Sentences about the training curves."""

import numpy as np

from ganoscope.reports.run.sections.curves import describe_averaging, describe_pace


def make_history(seconds):
    return {"images": 32.0 * np.arange(1, len(seconds) + 1), "seconds": np.array(seconds, float)}


def test_the_clock_of_a_resumed_run_goes_on_and_restarted_in_earlier_versions():
    assert describe_pace(make_history([30, 60]), 1).startswith("2 steps in 1.0 minutes: 1 images/s.")
    assert describe_pace(make_history([30, 60, 70, 80]), 2).startswith("4 steps in 1.3 minutes, in 2 sessions: 2 imag")
    assert describe_pace(make_history([30, 60, 10, 20]), 0).startswith("4 steps in 1.3 minutes, in 2 sessions: 2 imag")


def test_averaging_is_told_in_steps_and_images():
    assert describe_averaging(make_history(range(5))) == "Every step is shown. "
    assert "moving average over 5 steps (160 images)" in describe_averaging(make_history(range(100)))
