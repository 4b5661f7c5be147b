"""Feasibility: designs that can't decide, and verdicts out of reach."""

import pytest

from ganoscope.statistics.planning.feasibility import check_feasibility
from ganoscope.statistics.verdict import EQUAL, HARMS, HELPS, NO_EVIDENCE


@pytest.mark.parametrize(
    ("splits", "arms", "decides"),
    [
        (1, 1, False),
        (2, 1, False),
        (5, 1, False),
        (6, 1, True),
        (5, 4, False),
        (9, 4, False),
        (10, 4, True),
        (25, 5, True),
    ],
)
def test_designs_that_cannot_decide(splits, arms, decides):
    assert check_feasibility(splits, 0.25, arms, 0.01).can_decide is decides


def test_equality_is_out_of_reach_where_differences_scatter():
    wide = check_feasibility(25, 0.25, 1, 0.01, expected_sd=0.02)
    narrow = check_feasibility(25, 0.25, 1, 0.01, expected_sd=0.004)
    assert wide.reachable == (HELPS, HARMS, NO_EVIDENCE)
    assert wide.equal_chance < 1e-6
    assert narrow.reachable == (HELPS, HARMS, EQUAL, NO_EVIDENCE)
    assert narrow.equal_chance > 0.9
    assert EQUAL in check_feasibility(25, 0.25, 1, 0.01).reachable


def test_the_widest_sd_is_where_equality_comes_within_reach():
    widest = check_feasibility(25, 0.25, 4, 0.01).widest_sd
    assert EQUAL in check_feasibility(25, 0.25, 4, 0.01, expected_sd=widest * 0.99).reachable
    assert EQUAL not in check_feasibility(25, 0.25, 4, 0.01, expected_sd=widest * 1.01).reachable


def test_no_improvement_is_larger_than_what_is_left():
    found = check_feasibility(25, 0.25, 1, 0.01, expected_sd=0.02, headroom=0.02)
    assert found.detectable == pytest.approx(0.0315, abs=1e-4)
    assert found.reachable == (HARMS, NO_EVIDENCE)


def test_one_split_has_no_verdict_and_a_margin_of_zero_no_equality():
    assert check_feasibility(1, 0.25, 1, 0.01).reachable == (NO_EVIDENCE,)
    assert check_feasibility(25, 0.25, 1, 0.0).widest_sd == 0
