import numpy as np
import pytest
from scipy import stats

from ganoscope.audits.answer import Value
from ganoscope.audits.beside_real.beside_floor import (
    find_farthest,
    find_worse,
    find_worse_side,
    place_beside_floor,
    write_beside_floor,
)
from ganoscope.contracts import Measured
from ganoscope.statistics.estimate import Estimate


def make(value, floor, better="lower", at_floor_size=None, name="frechet_distance"):
    return Value(name, Measured(value, floor, better, at_floor_size))


def around(value, half):
    return Estimate(value, value - half, value + half, 100, 100)


@pytest.mark.parametrize(
    ("value", "half", "worse"), [(3.0, 0.5, True), (1.4, 0.5, False), (0.3, 0.05, False), (2.2, 0.5, True)]
)
def test_worse_are_values_above_their_floors_by_more_than_chance(value, half, worse):
    one = make(around(value, half), around(1.0, 0.5))
    assert bool(find_worse([one], find_worse_side)) == worse
    assert not find_worse([make(around(value, half), around(1.0, 0.5), "like real")], find_worse_side)


def test_the_p_value_is_that_of_a_difference_of_normal_values():
    beside = place_beside_floor(make(Estimate(2.0, 1.4, 2.2, 9, 9), Estimate(1.0, 0.9, 1.7, 9, 9)).measured)
    error = np.hypot(0.6, 0.7) / stats.norm.isf(0.025)
    assert beside.compute_p("above") == pytest.approx(stats.norm.sf(1.0 / error))
    assert (beside.compute_p("below"), beside.compute_p("neither")) == (1.0, 1.0)


def test_many_numbers_are_tested_together():
    only = make(around(1.8, 0.5), around(1.0, 0.5))
    same = [make(around(1.0, 0.5), around(1.0, 0.5))] * 12
    assert find_worse([only], find_worse_side) == [only]
    assert find_worse([only, *same], find_worse_side) == []


def test_among_equal_numbers_one_in_twenty_questions_finds_a_worse_one_at_most():
    rng, half, faults = np.random.default_rng(0), 1.96 * 0.1, 0
    for _ in range(400):
        pairs = rng.normal(1.0, 0.1, (13, 2))
        values = [make(around(one, half), around(other, half)) for one, other in pairs]
        faults += bool(find_worse(values, find_worse_side))
    assert stats.binomtest(faults, 400, 0.05).pvalue > 0.01


def test_farthest_is_the_largest_multiple_and_a_share_counts_upside_down():
    twice = make(around(2.0, 0.1), around(1.0, 0.1))
    third = make(around(0.3, 0.1), around(0.9, 0.1), "higher", name="recall")
    log = make(around(90.0, 0.1), around(1.0, 0.1), name="kernel_distance")
    assert find_farthest([twice, third, log]) is third
    assert find_farthest([log, twice]) is twice


def test_the_interval_moves_to_the_floors_size_and_widens_there():
    value = make(Estimate(2.0, 1.8, 2.3, 400, 400), Estimate(1.5, 1.4, 1.6, 100, 100), at_floor_size=3.0)
    beside = place_beside_floor(value.measured)
    assert (beside.value.value, beside.value.low, beside.value.high) == pytest.approx((3.0, 2.6, 3.6))
    assert (beside.floor.low, beside.floor.high) == pytest.approx((0.9, 1.9))
    assert write_beside_floor(value) == "3 (2.6 to 3.6), 2.0 times that between real patients (1.5)"


def test_what_would_have_been_seen_is_where_the_value_turns_worse():
    floor = around(1.0, 0.1)
    limit = place_beside_floor(make(around(1.0, 0.2), floor).measured).find_visible("above", 0.05)
    for value, worse in ((limit - 0.01, False), (limit + 0.01, True)):
        assert bool(find_worse([make(around(value, 0.2), floor)], find_worse_side)) == worse


def test_without_a_floor_nothing_is_worse():
    value = make(Estimate(1.0, np.nan, np.nan, 10, 10), None)
    assert place_beside_floor(value.measured) is None
    assert not find_worse([value], find_worse_side)
    assert write_beside_floor(value) == "1"
