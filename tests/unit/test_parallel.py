"""Many items on several processes: in order, lazily, whatever the number of processes."""

import gc
import operator
import os
import platform
import resource
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ganoscope.parallel import FEW, count_cores, map_in_order, submit

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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other systems keep freed memory in their own way")
def test_workers_do_not_fetch_the_same_memory_again_for_every_array():
    def churn(_):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(20):
            several = [np.ones((512, 512), np.float32) for _ in range(8)]
            del several
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    faults = list(map_in_order(churn, range(FEW + 50), 2, batch=10))
    pages_of_all_arrays = 20 * 8 * 512 * 512 * 4 // 4096
    assert np.median(faults) < 0.05 * pages_of_all_arrays


def test_workers_do_not_search_loaded_code_for_garbage():
    def count_at_last(item):
        return len(gc.get_objects()) if item == FEW + 49 else 0

    searched = list(map_in_order(count_at_last, range(FEW + 50), 1))[-1]
    exempt = list(map_in_order(count_at_last, range(FEW + 50), 2, batch=10))[-1]
    assert exempt < 0.2 * searched


@pytest.mark.parametrize("workers", [1, 2])
def test_what_has_begun_gives_its_result_or_its_error(workers):
    wait = submit(DOUBLE, 21, workers)
    fail = submit(partial(operator.truediv, 1), 0, workers)
    assert wait() == 42
    with pytest.raises(ZeroDivisionError):
        fail()


STRAY = """
import os, sys, time
from functools import partial
from ganoscope.parallel import map_in_order
def work(item):
    print(os.getpid(), flush=True)
    time.sleep(600)
list(map_in_order(work, range(4), 2, batch=1))
"""


def is_running(number):
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
def test_workers_end_with_a_parent_that_was_killed():
    process = subprocess.Popen([sys.executable, "-c", STRAY], stdout=subprocess.PIPE, text=True)
    workers = [int(process.stdout.readline()) for _ in range(2)]
    assert all(map(is_running, workers))
    process.kill()
    process.wait()
    end = time.monotonic() + 20
    while any(map(is_running, workers)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(map(is_running, workers))
