"""Maps a function over many items on all cores: results in order, few of them in memory at a time.

The engine is joblib, whose processes need no main guard in scripts; `joblib.parallel_backend("ray")` around a call
spreads the work over a Ray cluster instead.

"""

import ctypes
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from itertools import chain, islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of `mallopt` in glibc's malloc.h."""
PR_SET_PDEATHSIG = 1
"""Option of `prctl` in Linux's prctl.h."""
WATCH_SECONDS = 0.5
"""Time between two looks whether the parent process is still there."""
FEW = 200
"""Largest number of items for which starting processes costs more than it saves."""
SAFE_PATH = "PYTHONSAFEPATH"
"""Variable that keeps a new Python process from searching the working directory, or the folder of its script."""


def count_cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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


def map_in_order(function: Callable[[T], R], items: Iterable[T], workers: int = 0, batch: int = 32) -> Iterator[R]:
    """Yields function(item) for every item, in order.

    Args:
        function: Function to call; it and its results must be picklable.
        items: Read only as fast as results are taken.
        workers: Number of processes; one per core by default, but none are started for `FEW` items or fewer.
        batch: Number of items sent to a process at a time.
    """
    iterator = iter(items)
    start = list(islice(iterator, FEW + 1))
    wanted = workers or (count_cores() if len(start) > FEW else 1)
    if wanted == 1:
        yield from (function(item) for item in chain(start, iterator))
        return
    from joblib import Parallel, delayed

    mute_manager_thread()
    pool = Parallel(wanted, return_as="generator", batch_size=1, pre_dispatch="4 * n_jobs")
    chunks = make_chunks(chain(start, iterator), batch)
    call = delayed(call_for_each)
    with safe_path():
        yield from chain.from_iterable(pool(call(function, chunk, os.getpid()) for chunk in chunks))


def submit(function: Callable[[T], R], item: T, workers: int) -> Callable[[], R]:
    """Starts function(item) in one of the processes that `map_in_order` has started, if it has started several.

    Args:
        function: Function to call; it and its result must be picklable.
        item: Argument of the call.
        workers: Number of running processes; with one, the function is called when its result is requested.

    Returns:
        Function that waits for the result and returns it.
    """
    if workers == 1:
        return partial(function, item)
    from joblib import Parallel, delayed

    mute_manager_thread()
    call = delayed(call_for_each)
    with safe_path():
        result = Parallel(workers, return_as="generator", batch_size=1)([call(function, [item], os.getpid())])
    return lambda: next(result)[0]


def mute_manager_thread() -> None:
    """Suppresses the harmless KeyError of joblib's manager thread when results are discarded (seen with joblib 1.6)."""
    told = threading.excepthook

    def tell(failure: threading.ExceptHookArgs) -> None:
        thread = failure.thread.name if failure.thread else ""
        if not (thread.startswith("ExecutorManagerThread") and failure.exc_type is KeyError):
            told(failure)

    if getattr(told, "__name__", "") != tell.__name__:
        threading.excepthook = tell


def make_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yields the items in lists, so that what is sent with each call, such as `function`, is sent once per list."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def call_for_each(function: Callable[[T], R], items: list[T], caller: int) -> list[R]:
    """Returns function(item) for every item, inside a worker process.

    Args:
        function: Function to call.
        items: Its arguments.
        caller: Id of the process that waits for the results.
    """
    end_with(caller)
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
    that took up to 8 % of the workers' time.
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
