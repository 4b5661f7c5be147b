import math
from dataclasses import replace

import pytest

from ganoscope.audits.answer import Value
from ganoscope.audits.over_training import advise, choose_checkpoints, place_point
from ganoscope.audits.scorecard import Entry, Point, Scorecard, Subject
from ganoscope.contracts import Measured
from ganoscope.errors import UserError
from ganoscope.statistics.estimate import Estimate

NAN = math.nan
SUBJECT = Subject("x", 9, "a", "b", "c", "d", 1, 1, 1, 1)


def point(seen, distance, leaks="", tested=2):
    return Point(seen, "a", distance, 0.5, 0, leaks, tested)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (
            [point(10, 5), point(20, 2), point(30, 1.5, "membership")],
            "Take the checkpoint at 20 images: its images are 2 times",
        ),
        ([point(10, 5), point(20, 2), point(30, 1.5, "membership")], "From 30 images on, a leak is shown."),
        ([point(10, 5), point(20, 2)], "of the 2 checkpoints where no leak is shown."),
        ([point(10, 5, "membership"), point(20, 2, "copied_images")], "Every checkpoint shows a leak"),
        ([point(10, 5, tested=0)], "No question about leaks could be tested"),
        ([point(10, NAN), point(20, NAN)], "No leak is shown at 10, 20 images seen; fidelity was not measured."),
        ([point(10, NAN), point(20, 3)], "Take the checkpoint at 20 images"),
    ],
)
def test_the_checkpoint_to_take_is_told(points, words):
    assert words in advise(points)


def measured(value, floor=None, at_floor=None):
    known = Estimate(floor, floor, floor, 9, 9) if floor else None
    return Measured(Estimate(value, value, value, 9, 9), known, "lower", at_floor)


def test_a_point_holds_distance_in_floors_over_all_families_and_what_leaks():
    entries = (
        Entry(
            "fidelity",
            "?",
            "clear",
            "",
            (
                Value("frechet_distance", measured(9, 1, 2)),
                Value("frechet_distance", measured(9, 1, 8)),
                Value("frechet_distance", measured(9, 1, 100), "class a"),
            ),
        ),
        Entry("copied_images", "?", "fault", "", (Value("copies", measured(3)),)),
        Entry("membership", "?", "untested", ""),
    )
    found = place_point(10, Scorecard("", "", SUBJECT, "quick", 0, entries))
    assert found.times_floor == pytest.approx(4)
    assert (found.images_seen, found.copies, found.leaks, found.tested) == (10, 3, "copied_images", 1)
    assert math.isnan(found.auc)
    bare = place_point(10, replace(Scorecard("", "", SUBJECT, "quick", 0, entries), entries=()))
    assert math.isnan(bare.times_floor)


def test_checkpoints_are_chosen_by_images_seen(tiny_run):
    known = choose_checkpoints(tiny_run, "all")
    assert known == sorted(known)
    assert known[-1] == 320
    assert choose_checkpoints(tiny_run, "320") == [320]
    with pytest.raises(UserError, match=f"no such checkpoint: got 7; allowed: .*{known[-1]}"):
        choose_checkpoints(tiny_run, "7,320")
