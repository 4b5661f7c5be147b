"""What a worker process does: calls a function, ends with its parent, and keeps what it has loaded."""

import ctypes
import faulthandler
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of `mallopt` in glibc's malloc.h."""
PR_SET_PDEATHSIG = 1
"""Option of `prctl` in Linux's prctl.h."""
WATCH_SECONDS = 0.5
"""Time between two looks whether the parent process is still there."""
SAFE_PATH = "PYTHONSAFEPATH"
"""Variable that keeps a new Python process from searching the working directory, or the folder of its script."""


@contextmanager
def safe_path() -> Iterator[None]:
    """Starts processes, within, that do not search the working directory for modules: it may be a folder of data.

    Python's launchers of processes would: joblib's by `python -m`, that of multiprocessing by `python -c`.
    """
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(SAFE_PATH, None)
        else:
            os.environ[SAFE_PATH] = before


def call_for_each(function: Callable[[T], R], items: list[T], caller: int) -> list[R]:
    """Returns function(item) for every item, inside a worker process.

    Args:
        function: Function to call.
        items: Its arguments.
        caller: Id of the process that waits for the results.
    """
    end_with(caller)
    faulthandler.disable()  # joblib enables it: a crash is told as a reason, not as a dump of frames
    keep_freed_memory()
    results = [function(item) for item in items]
    exempt_loaded_code()
    return results


@cache
def end_with(caller: int) -> None:
    """Ends this worker process within a second after its parent has ended, however that ended.

    A worker that was started by something else, such as Ray, is left alone.

    Args:
        caller: Id of the process that the worker works for.
    """
    if sys.platform == "win32" or os.getppid() != caller:
        return

    def watch() -> None:
        while os.getppid() == caller:
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="ganoscope-watch", daemon=True).start()


def end_with_parent() -> None:
    """Lets Linux end this process with the thread that started it, also while it is inside a decoder."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None) if sys.platform == "linux" else None
    if prctl:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@cache
def exempt_loaded_code() -> None:
    """Excludes everything loaded so far from garbage collection.

    joblib collects garbage in its workers once a second, and imported libraries hold hundreds of thousands of objects:
    that took up to 8% of the workers' time.
    """
    gc.freeze()


@cache
def keep_freed_memory() -> None:
    """Keeps up to 64 MiB of freed memory in this process for the next picture.

    By default, glibc returns each large array to the system, which has to clear its pages before they are used again:
    in workers that took up to a third of the time. On other systems this does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        mallopt(M_MMAP_THRESHOLD, 32 << 20)  # the largest value allowed
        mallopt(M_TRIM_THRESHOLD, 64 << 20)
