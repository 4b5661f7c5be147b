"""Who is called a copy: those beyond what held-out images reach, by rank where that is enough, by a tail elsewhere."""

import numpy as np
import pytest

from ganoscope.copies.matches import Matches
from ganoscope.copies.significance import FALSE_DISCOVERIES, join_scores, judge

RNG = np.random.default_rng(0)


def make(whole, part=None, agree=False):
    count = len(whole)
    part = RNG.exponential(1, count) if part is None else part
    ones, zeros = np.ones(count), np.zeros(count, np.int64)
    return {
        "whole": Matches(zeros, np.asarray(whole, float), ones, zeros, zeros),
        "part": Matches(zeros + (0 if agree else 1), np.asarray(part, float), ones, zeros, zeros + 1),
    }


def test_copies_stand_out_and_strangers_are_not_called():
    null = make(RNG.exponential(1, 200))
    scores = RNG.exponential(1, 500)
    scores[:20] = 40
    verdicts = judge(make(scores), null, True)
    assert verdicts.rule == "tail"
    assert verdicts.copies[:20].all() and not verdicts.copies[20:].any()


def test_strangers_alone_are_hardly_ever_called():
    called = 0
    for _ in range(60):
        called += judge(make(RNG.exponential(1, 100)), make(RNG.exponential(1, 150)), True).copies.any()
    assert called <= 4


def test_ranks_are_used_where_they_can_reach_the_threshold():
    null = make(RNG.exponential(1, 2001))
    assert judge(make([50.0, 1.0]), null, True).rule == "rank"
    assert judge(make([50.0] * 11), null, True).rule == "tail"
    assert judge(make([50.0, 1.0]), null, True).copies.tolist() == [True, False]


def test_a_copy_must_correlate_as_well():
    found = make([60.0, 60.0])
    found["whole"].correlation[1] = 0.3
    found["part"].correlation[1] = 0.3
    assert judge(found, make(RNG.exponential(1, 200)), True).copies.tolist() == [True, False]


def test_whole_and_part_count_together_only_where_they_agree():
    apart, together = (join_scores(make([2.0], [3.0], agree)) for agree in (False, True))
    assert [apart[0][0], together[0][0], apart[1][0]] == [3.0, 5.0, 3.0]


def test_unknown_patients_among_the_held_out_images_do_not_hide_copies():
    spoilt = make(np.concatenate([RNG.exponential(1, 188), np.full(12, 40.0)]))
    scores = make([30.0, 0.5, 1.0])
    assert judge(scores, spoilt, False).p[0] < FALSE_DISCOVERIES / 3 < judge(scores, spoilt, True).p[0]
    assert judge(scores, spoilt, False).p[1] == pytest.approx(judge(scores, spoilt, True).p[1], abs=0.2)
