"""Maps a function over many items on all cores: results in order, few of them in memory at a time.

The engine is joblib, whose processes need no main guard in scripts; `joblib.parallel_backend("ray")` around a call
spreads the work over a Ray cluster instead.

Where an item may end its process, as a damaged file can that crashes a C library, `map_in_order` is given a `rescue`.

"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import chain, islice
from typing import TypeVar

from ganoscope.parallel.one_process import call_in_copy, can_copy
from ganoscope.parallel.worker import call_for_each, safe_path

T = TypeVar("T")
R = TypeVar("R")

FEW = 200
"""Largest number of items for which starting several processes costs more than it saves."""


def count_cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
        rescue: Gives the result instead, called in this process, for each item that was under way when a process
            ended. With it, one worker is a copy of this process where the system can make one; the caller ends it
            with `ending_process`. Otherwise one worker is this process, and an item that ends it ends the call.

    Raises:
        BrokenProcessPool: A process ended, and there is no `rescue`.
    """
    iterator = iter(items)
    start = list(islice(iterator, FEW + 1))
    wanted = workers or (count_cores() if len(start) > FEW else 1)
    everything = chain(start, iterator)
    if wanted == 1 and not (rescue and can_copy()):
        yield from (function(item) for item in everything)
        return
    chunks = Chunks(make_chunks(everything, batch))
    while not chunks.ended:
        calls = call_in_copy(function, chunks) if wanted == 1 else call_in_pool(function, chunks, wanted)
        try:
            for results in calls:
                chunks.open.popleft()
                yield from results
        except BrokenProcessPool:
            if rescue is None:
                raise
            yield from map(rescue, chain.from_iterable(chunks.take_over()))


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
