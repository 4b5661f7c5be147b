"""Work that ends its process costs its own result only."""

import operator
import os
import signal
import sys

import pytest

from ganoscope.parallel import FEW, map_in_order, one_process
from ganoscope.parallel.one_process import ProcessEndedError, call_alone, ending_process, iterate_alone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies of processes")


DEADLY = {0, 150, 151, FEW + 49}


def end_at_deadly(item):
    if item in DEADLY:
        os.kill(os.getpid(), signal.SIGSEGV)
    return item, os.getpid()


def rescue(item):
    try:
        return call_alone(end_at_deadly, item)
    except ProcessEndedError as error:
        return str(error), 0


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("count", [160, FEW + 50])
def test_items_that_end_their_process_are_found_and_all_others_keep_their_place(workers, count):
    with ending_process():
        results = list(map_in_order(end_at_deadly, range(count), workers, 16, rescue))
    assert [item for item, _ in results] == ["signal 11" if item in DEADLY else item for item in range(count)]
    assert os.getpid() not in {process for _, process in results}


def test_one_process_reads_items_only_as_fast_as_results_are_taken():
    read = []

    def items():
        for item in range(5000):
            read.append(item)
            yield item

    with ending_process():
        results = map_in_order(operator.neg, items(), 1, batch=4, rescue=rescue)
        assert [next(results) for _ in range(10)] == [-item for item in range(10)]
        assert len(read) <= FEW + 1
        results.close()


def count_up(mark):
    yield 0, os.getpid()
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    yield 1, os.getpid()
    yield 2, os.getpid()


def test_an_iteration_goes_on_after_its_process_was_ended_from_outside(tmp_path):
    with ending_process():
        found = list(iterate_alone(count_up, tmp_path / "mark"))
    assert [number for number, _ in found] == [0, 1, 2]
    assert os.getpid() not in {process for _, process in found}


def end_at_two(last):
    for number in range(last):
        if number == 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        yield number


def test_an_iteration_that_ends_its_process_gives_what_came_before():
    found = []
    with pytest.raises(ProcessEndedError, match=r"^signal 11$"), ending_process():
        for number in iterate_alone(end_at_two, 4):
            found.append(number)
    assert found == [0, 1]


def test_nothing_is_copied_where_the_system_forbids_it(monkeypatch):
    monkeypatch.setattr(one_process, "CAN_COPY", False)
    results = map_in_order(end_at_deadly, [1, 2], 1, rescue=rescue)
    assert list(results) == [(1, os.getpid()), (2, os.getpid())]
    assert list(iterate_alone(end_at_two, 2)) == [0, 1]


def die_once(mark):
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 7


def test_an_item_whose_process_was_ended_from_outside_gives_its_result(tmp_path):
    assert call_alone(die_once, tmp_path / "mark") == 7


def test_an_error_in_a_process_of_its_own_comes_through():
    with pytest.raises(TypeError):
        call_alone(operator.neg, "a")
    assert call_alone(operator.neg, 1) == -1
