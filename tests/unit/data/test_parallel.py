"""Many items on several processes: in order, lazily, whatever the number of processes."""

import operator
import os
from functools import partial

import pytest

from ganoscope.data.parallel import FEW, count_cores, map_in_order

DOUBLE = partial(operator.mul, 2)


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 50])
def test_results_come_in_order(workers, count):
    assert list(map_in_order(DOUBLE, range(count), workers, batch=7)) == [2 * item for item in range(count)]


def test_few_items_start_no_process():
    assert set(map_in_order(lambda item: os.getpid(), range(FEW))) == {os.getpid()}


def test_items_are_read_only_as_fast_as_results_are_taken():
    read = []

    def items():
        for item in range(5000):
            read.append(item)
            yield item

    results = map_in_order(DOUBLE, items(), 2, batch=4)
    for _ in range(10):
        next(results)
    assert len(read) < 1000
    results.close()


def test_an_error_in_a_worker_comes_through():
    with pytest.raises(TypeError):
        list(map_in_order(operator.neg, ["a"] * (FEW + 1), 2))


def test_cores_follow_the_affinity():
    assert 1 <= count_cores() <= (os.cpu_count() or 1)
