"""One process for work that may end it, as a damaged file can that crashes a C library; it is started anew each time.

On Linux it is a copy of this process, made in some ms.
"""

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import count, islice
from multiprocessing.process import BaseProcess
from typing import TypeVar

from ganoscope.parallel.worker import call_for_each, end_with_parent, safe_path
from ganoscope.signals import ENDING

T = TypeVar("T")
R = TypeVar("R")

CAN_COPY = sys.platform == "linux"
"""Whether a process can go on as a copy of another; on macOS its frameworks, on Windows the system forbid it."""
TRIES = 2
"""Times that an item must end a process in which it is alone: once may have come from outside."""
AHEAD = 2
"""Lists of items sent to the process before the results of the first are taken."""


class ProcessEndedError(BrokenProcessPool):
    """An item ended its process; the message says how, as in `signal 11`, and nothing about the item."""


def name_end(processes: Iterable[BaseProcess]) -> str:
    """Returns how the first of the processes ended, such as `signal 11`."""
    codes = [process.exitcode for process in processes if process.exitcode]
    return next((f"signal {-code}" if code < 0 else f"status {code}" for code in codes), "cause unknown")


def can_copy() -> bool:
    """Tells whether this process can go on as a copy of itself too; Python forbids it in workers of its own pools."""
    return CAN_COPY and not multiprocessing.current_process().daemon


@cache
def start_process(owner: int) -> ProcessPoolExecutor:
    """Returns the one process that works for the process `owner`; it ends with it.

    On Linux it is a copy of this process, which takes some ms; elsewhere, copies are not safe, and it takes a second.
    """
    if can_copy():
        return ProcessPoolExecutor(1, multiprocessing.get_context("fork"), initializer=become_worker)
    from joblib.externals import loky

    executor: ProcessPoolExecutor = loky.ProcessPoolExecutor(1)
    return executor


def stop_process() -> None:
    """Ends the one process at once, if there is one."""
    if start_process.cache_info().currsize:
        executor = start_process(os.getpid())
        start_process.cache_clear()
        processes = list((executor._processes or {}).values())
        executor.shutdown(wait=False)
        for process in processes:
            process.kill()
            process.join()


@contextmanager
def ending_process() -> Iterator[None]:
    """Ends the one process at last, which would otherwise wait for more work and hold memory."""
    try:
        yield
    finally:
        stop_process()


def send(function: Callable[[T], R], items: list[T]) -> "tuple[Future[list[R]], list[BaseProcess]]":
    """Sends items to the one process; returns what waits for the results, and the process.

    Args:
        function: Function to call for each; it and its results must be picklable.
        items: Its arguments.

    Raises:
        BrokenProcessPool: The process has ended.
    """
    executor = start_process(os.getpid())
    with safe_path():
        waiting = executor.submit(call_for_each, function, items, os.getpid())
    return waiting, list(executor._processes.values())


@contextmanager
def clearing_up() -> Iterator[None]:
    """Forgets the one process if it ends within, and ends it if nobody waits for its results any more."""
    try:
        yield
    except BrokenProcessPool:
        executor = start_process(os.getpid())
        start_process.cache_clear()
        executor.shutdown()
        raise
    except BaseException:
        stop_process()
        raise


def call_in_copy(function: Callable[[T], R], chunks: Iterable[list[T]]) -> Iterator[list[R]]:
    """Yields the results for each list of items, in order, from the one process, which works ahead.

    Args:
        function: Function to call for each item.
        chunks: Lists of items.

    Raises:
        BrokenProcessPool: The process ended.
    """
    under_way: deque[Future[list[R]]] = deque()
    with clearing_up():
        for chunk in chunks:
            under_way.append(send(function, chunk)[0])
            if len(under_way) > AHEAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


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
    processes: list[BaseProcess] = []
    try:
        with clearing_up():
            waiting, processes = send(function, [item])
            return waiting.result()[0]
    except BrokenProcessPool:
        raise ProcessEndedError(name_end(processes)) from None


NUMBERS = count()
"""Numbers of the calls of `iterate_alone`."""
RUNNING: dict[int, Iterator[object]] = {}
"""In the one process: what is being iterated, by number of the call; at most one."""


def iterate_alone(function: Callable[[T], Iterator[R]], item: T) -> Iterator[R]:
    """Yields from function(item), which runs in the one process where a copy can be made, and one by one.

    Args:
        function: Generator function that gives the same each time; it and its results must be picklable.
        item: Its argument.

    Raises:
        ProcessEndedError: It ended its process each time; what came before has been yielded.
    """
    if not can_copy():
        yield from function(item)
        return
    number = next(NUMBERS)
    for index in count():
        part = call_alone(partial(take_part, function=function, item=item, number=number), index)
        if not part:
            return
        yield from part


def take_part(index: int, function: Callable[[T], Iterator[R]], item: T, number: int) -> tuple[R, ...]:
    """Returns the next result of a running iteration, or of one that is begun here; () at its end.

    Args:
        index: Number of results that the caller has.
        function: Generator function.
        item: Its argument.
        number: Number of the call.
    """
    if number not in RUNNING:
        RUNNING.clear()
        RUNNING[number] = islice(function(item), index, None)
    parts: Iterator[R] = RUNNING[number]  # type: ignore[assignment]
    return tuple(islice(parts, 1))
