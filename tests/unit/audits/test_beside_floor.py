import numpy as np
import pytest

from ganoscope.audits.answer import Value
from ganoscope.audits.beside_floor import find_worse_side, is_worse, place_beside_floor, write_beside_floor
from ganoscope.contracts import Measured
from ganoscope.statistics.estimate import Estimate


def make(value, floor, better="lower", at_floor_size=None, name="frechet_distance"):
    return Value(name, Measured(value, floor, better, at_floor_size))


@pytest.mark.parametrize(
    ("low", "high", "side"), [(2.5, 3.5, "above"), (1.1, 4.9, "neither"), (-0.5, 0.5, "neither"), (0.25, 0.35, "below")]
)
def test_apart_means_that_intervals_do_not_touch(low, high, side):
    value = make(Estimate((low + high) / 2, low, high, 100, 100), Estimate(1.0, 0.5, 1.5, 100, 100))
    assert place_beside_floor(value.measured).side == side
    assert is_worse(value, find_worse_side(value)) == (side == "above")


def test_the_interval_moves_to_the_floors_size_and_widens_there():
    value = make(Estimate(2.0, 1.8, 2.3, 400, 400), Estimate(1.5, 1.4, 1.6, 100, 100), at_floor_size=3.0)
    beside = place_beside_floor(value.measured)
    assert (beside.value.value, beside.value.low, beside.value.high) == pytest.approx((3.0, 2.6, 3.6))
    assert (beside.floor.low, beside.floor.high) == pytest.approx((0.9, 1.9))
    assert write_beside_floor(value) == "3 (2.6 to 3.6), 2.0 times that between real patients (1.5)"


def test_what_would_have_been_seen_is_where_the_side_changes():
    floor = Estimate(1.0, 0.9, 1.1, 100, 100)
    limit = place_beside_floor(make(Estimate(1.0, 0.8, 1.2, 100, 100), floor).measured).visible[1]
    for value, side in ((limit - 0.01, "neither"), (limit + 0.01, "above")):
        moved = make(Estimate(value, value - 0.2, value + 0.2, 100, 100), floor)
        assert place_beside_floor(moved.measured).side == side


def test_without_a_floor_nothing_is_worse():
    value = make(Estimate(1.0, np.nan, np.nan, 10, 10), None)
    assert place_beside_floor(value.measured) is None
    assert not is_worse(value, "above")
    assert write_beside_floor(value) == "1"
