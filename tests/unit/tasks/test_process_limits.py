"""Limits hold in the process and are passed on; tried in a process of their own."""

import os
import subprocess
import sys

import pytest

from ganoscope.tasks.process_limits import THREAD_VARIABLES

PRELUDE = "import os, numpy as np, torch; from ganoscope.tasks.process_limits import limit_process;"


def run(code, **variables):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    return subprocess.run([sys.executable, "-c", PRELUDE + code], env=environment, capture_output=True, text=True)


def test_threads_of_loaded_libraries_are_set():
    code = """limit_process(2, None, None)
from threadpoolctl import threadpool_info
print(torch.get_num_threads(), {info["num_threads"] for info in threadpool_info()}, os.environ["OMP_NUM_THREADS"])"""
    assert run(code).stdout == "2 {2} 2\n"


@pytest.mark.parametrize("cores", [1, 2])
def test_threads_are_right_where_the_environment_named_a_number_before(cores):
    code = f"""limit_process({cores}, None, None)
from threadpoolctl import threadpool_info
print(torch.get_num_threads(), {{info["num_threads"] for info in threadpool_info()}})"""
    assert run(code, **dict.fromkeys(THREAD_VARIABLES, "1")).stdout == f"{cores} {{{cores}}}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts private pages")
@pytest.mark.parametrize(
    ("allocate", "words"), [("np.ones(40 << 20)", "MemoryError"), ("torch.ones(40 << 20)", "alloc")]
)
def test_allocations_beyond_the_limit_fail_and_those_below_do_not(allocate, words):
    code = f"limit_process(1, 0.1, None); small = np.ones(8 << 20, np.uint8); print('small'); large = {allocate}"
    done = run(code)
    assert done.stdout == "small\n"
    assert words in done.stderr


def test_devices_are_those_given():
    assert run("limit_process(1, None, '1,3'); print(os.environ['CUDA_VISIBLE_DEVICES'])").stdout == "1,3\n"
