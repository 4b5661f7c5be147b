"""Hits of patients: exact under exchange, and found where training patients are hit."""

from math import comb

import numpy as np
import pytest

from ganoscope.evaluate.reidentification.patient_hits import count_hits, estimate_rate


def test_the_p_value_is_the_share_of_divisions_with_as_many_hits():
    members, held_out = np.array([0.9, 0.8, 0.7, 0.1]), np.array([0.6, 0.5, 0.2, 0.3])
    hits = count_hits(members, held_out, share=0.375)
    assert (hits.members, hits.held_out) == (3, 0)
    assert hits.p_value == pytest.approx(comb(5, 1) / comb(8, 4))  # three hits and one of five others are members
    assert (hits.member_rate.value, hits.held_out_rate.value) == (0.75, 0.0)


def test_at_most_the_level_is_called_where_patients_are_exchangeable():
    random = np.random.default_rng(0)
    called = sum(count_hits(random.random(60), random.random(30), 0.1).p_value <= 0.05 for _ in range(400))
    assert called <= 30


def test_a_rate_has_an_interval():
    rate = estimate_rate(5, 100)
    assert (rate.value, rate.n) == (0.05, 100)
    assert rate.low < 0.05 < rate.high
