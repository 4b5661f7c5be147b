"""Maps a function over many items on all cores: results in order, few of them in memory at a time.

The engine is joblib, whose processes need no main guard in scripts; `joblib.parallel_backend("ray")` around a call
spreads the work over a Ray cluster instead.

Where an item may end its process, as a damaged file can that crashes a C library, `map_in_order` is given a `rescue`.

"""

import ctypes
import faulthandler
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import chain, islice
from multiprocessing.process import BaseProcess
from typing import TypeVar

from ganoscope.signals import ENDING

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
CAN_COPY = sys.platform == "linux"
"""Whether a process can go on as a copy of another; on macOS its frameworks, on Windows the system forbid it."""
TRIES = 2
"""Times that an item must end a process in which it is alone: once may have come from outside."""
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


class ProcessEndedError(BrokenProcessPool):
    """An item ended its process; the message says how, as in `signal 11`, and nothing about the item."""


def map_in_order(
    function: Callable[[T], R],
    items: Iterable[T],
    workers: int = 0,
    batch: int = 32,
    rescue: Callable[[T], R] | None = None,
) -> Iterator[R]:
    """Yields function(item) for every item, in order.

    Args:
        function: Function to call; it and its results must be picklable.
        items: Read only as fast as results are taken.
        workers: Number of processes; one per core by default, but none are started for `FEW` items or fewer.
        batch: Number of items sent to a process at a time.
        rescue: Gives the result instead, in this process, for each item that was under way when one of several
            processes ended. With one worker, items are handled in this process, and one that ends it ends the call.

    Raises:
        BrokenProcessPool: A process ended, and there is no `rescue`.
    """
    iterator = iter(items)
    start = list(islice(iterator, FEW + 1))
    wanted = workers or (count_cores() if len(start) > FEW else 1)
    everything = chain(start, iterator)
    if wanted == 1:
        yield from (function(item) for item in everything)
        return
    chunks = Chunks(make_chunks(everything, batch))
    try:
        while not chunks.ended:
            try:
                for results in call_in_pool(function, chunks, wanted):
                    chunks.open.popleft()
                    yield from results
            except BrokenProcessPool:
                if rescue is None:
                    raise
                yield from map(rescue, chain.from_iterable(chunks.take_over()))
    finally:
        if rescue:
            stop_process()


class Chunks(Iterator[list[T]]):
    """Lists of items, which remembers those whose results are not yet taken; read by threads of joblib.

    Attributes:
        open: Lists that were read, without those whose results were taken.
        ended: Whether all were read.
    """

    def __init__(self, chunks: Iterator[list[T]]) -> None:
        self._chunks, self._lock = chunks, threading.Lock()
        self.open: deque[list[T]] = deque()
        self.ended = False

    def __next__(self) -> list[T]:
        """Returns the next list.

        Raises:
            StopIteration: There is none.
        """
        with self._lock:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.ended = True
                raise StopIteration
            self.open.append(chunk)
            return chunk

    def take_over(self) -> list[list[T]]:
        """Returns the lists whose results will not come, and forgets them."""
        with self._lock:
            lost = list(self.open)
            self.open.clear()
            return lost


def call_in_pool(function: Callable[[T], R], chunks: Iterable[list[T]], workers: int) -> Iterator[list[R]]:
    """Yields the results for each list of items, in order, from several processes.

    Args:
        function: Function to call for each item.
        chunks: Lists of items.
        workers: Number of processes.
    """
    from joblib import Parallel, delayed

    mute_manager_thread()
    pool = Parallel(workers, return_as="generator", batch_size=1, pre_dispatch="4 * n_jobs")
    call = delayed(call_for_each)
    with safe_path():
        yield from pool(call(function, chunk, os.getpid()) for chunk in chunks)


def name_end(processes: Iterable[BaseProcess]) -> str:
    """Returns how the first of the processes ended, such as `signal 11`."""
    codes = [process.exitcode for process in processes if process.exitcode]
    return next((f"signal {-code}" if code < 0 else f"status {code}" for code in codes), "cause unknown")


@cache
def start_process(owner: int) -> ProcessPoolExecutor:
    """Returns the one process that works for the process `owner`; it ends with it.

    On Linux it is a copy of this process, which takes some ms; elsewhere, copies are not safe, and it takes a second.
    """
    if CAN_COPY:
        return ProcessPoolExecutor(1, multiprocessing.get_context("fork"), initializer=become_worker)
    from joblib.externals import loky

    executor: ProcessPoolExecutor = loky.ProcessPoolExecutor(1)
    return executor


def stop_process() -> None:
    """Ends the one process at once, if there is one: a copy of this process also holds its locks."""
    if start_process.cache_info().currsize:
        executor = start_process(os.getpid())
        start_process.cache_clear()
        processes = list((executor._processes or {}).values())
        executor.shutdown(wait=False)
        for process in processes:
            process.kill()
            process.join()


def become_worker() -> None:
    """Separates a copy of a process from the signals and the output of the original."""
    end_with_parent()
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - lives as long as we


def call_alone(function: Callable[[T], R], item: T) -> R:
    """Returns function(item), called in a process in which nothing else is under way.

    Args:
        function: Function to call; it and its result must be picklable.
        item: Its argument.

    Raises:
        ProcessEndedError: The item ended its process each time.
    """
    for _ in range(TRIES - 1):
        with suppress(ProcessEndedError):
            return call_once(function, item)
    return call_once(function, item)


def call_once(function: Callable[[T], R], item: T) -> R:
    """Returns function(item), called in a process of its own, which is kept for the next call.

    Args:
        function: Function to call.
        item: Its argument.

    Raises:
        ProcessEndedError: The process ended.
    """
    executor = start_process(os.getpid())
    processes: list[BaseProcess] = []
    try:
        with safe_path():
            waiting = executor.submit(call_for_each, function, [item], os.getpid())
        processes = list(executor._processes.values())
        return waiting.result()[0]
    except BrokenProcessPool:
        start_process.cache_clear()
        executor.shutdown()
        raise ProcessEndedError(name_end(processes)) from None
    except BaseException:  # nobody waits for the result any more
        stop_process()
        raise


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
