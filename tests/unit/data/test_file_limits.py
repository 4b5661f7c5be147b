"""Limits: memory and time of one file end in a reason, whatever the code inside does, and leave nothing behind."""

import contextlib
import signal
import sys
import time

import numpy as np
import pytest

from ganoscope.data.file_limits import TooSlowError, refuse_bomb, refuse_large, start_bounds
from ganoscope.data.picture import ReadOptions, UnreadableError

linux = pytest.mark.skipif(sys.platform != "linux", reason="the system limits no address space")


@pytest.fixture
def bounds(tmp_path):
    def start(**options):
        (tmp_path / "file").write_bytes(b"1")
        return start_bounds(tmp_path / "file", ReadOptions(**options))

    return start


@linux
def test_allocations_beyond_the_limit_are_the_files_fault_and_the_limit_ends_with_it(bounds):
    with (
        pytest.raises(UnreadableError, match=r"more memory than the 0.5 GiB .*--max-file-gib"),
        bounds(max_file_gib=0.5).holding(),
    ):
        np.ones(1 << 29, np.uint8)
    assert np.ones(1 << 29, np.uint8).nbytes == 1 << 29


@linux
def test_what_is_kept_between_the_pictures_of_a_file_counts(bounds):
    held, file = [], bounds(max_file_gib=0.5)
    with pytest.raises(UnreadableError, match="more memory"):
        for _ in range(20):
            with file.holding():
                held.append(np.ones(60 << 20, np.uint8))
    assert 3 <= len(held) < 10


def test_code_that_does_not_end_is_given_up_even_if_it_catches_everything(bounds):
    start = time.process_time()
    with (
        pytest.raises(UnreadableError, match=r"longer than the 1 s .*--max-file-seconds"),
        bounds(max_file_seconds=0.5).holding(),
    ):
        while True:
            with contextlib.suppress(Exception):  # as damaged files are read
                sum(range(1000))
    assert 0.4 < time.process_time() - start < 5
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    assert not issubclass(TooSlowError, Exception)


def test_other_faults_and_interruptions_pass(bounds):
    for kind in (KeyboardInterrupt, ValueError, UnreadableError):
        with pytest.raises(kind), bounds().holding():
            raise kind


def test_only_what_unpacks_beyond_all_pictures_is_a_bomb():
    options = ReadOptions()
    refuse_bomb(2**30, 1000, options)
    refuse_bomb(99 * 2**30, 2**30, options)
    with pytest.raises(UnreadableError, match=r"unpacks to 2 GiB, 200 times its size; .*--max-file-gib"):
        refuse_bomb(2**31, 2**31 // 200, options)


def test_the_limit_that_a_refusal_names_suffices():
    with pytest.raises(UnreadableError) as caught:
        refuse_large(9000 * 9000, 8, ReadOptions())
    refuse_large(9000 * 9000, 8, ReadOptions(max_file_gib=float(str(caught.value).split()[-1])))
