"""Signals that end a command: Ctrl-C (INT), TERM and hang-up (HUP) behave alike.

A command is ended by an exception, so that everything is cleaned up on the way out, and its exit status is 128 plus
the signal's number, as shells expect. Training holds the signal back instead, saves, and then ends.

"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that end a command, where the system has them."""


class Stopped(KeyboardInterrupt):
    """A signal arrived.

    Attributes:
        number: Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def list_heeded() -> list[signal.Signals]:
    """Returns the ending signals that this process heeds: `nohup` and shells in the background let some be ignored."""
    return [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]


def raise_on_signals() -> None:
    """Lets every ending signal raise `Stopped` in this process, once: what follows must not disturb the clean-up.

    Raises:
        Stopped: Later, where the process is when the signal arrives.
    """
    heeded = list_heeded()
    terminals = [number for number in (1, 2) if is_terminal(number)]

    def stop(number: int, _: FrameType | None) -> None:
        for other in heeded:
            if other != signal.SIGINT:
                signal.signal(other, signal.SIG_IGN)
        leave_closed(terminals)
        raise Stopped(number)

    for number in heeded:
        signal.signal(number, stop)


@contextmanager
def hold_signals() -> Iterator[Callable[[], int]]:
    """Yields a function that returns the number of the ending signal that arrived, 0 for none; they do nothing else.

    Outside the main thread, which alone can be told of signals, it always returns 0.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return
    terminals = [number for number in (1, 2) if is_terminal(number)]

    def note(number: int, _: FrameType | None) -> None:
        received.append(number)
        leave_closed(terminals)

    old = {number: signal.signal(number, note) for number in list_heeded()}
    try:
        yield lambda: received[0] if received else 0
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextmanager
def keep_handlers() -> Iterator[None]:
    """Restores the handlers of the ending signals afterwards, for callers of code that installs its own."""
    old = {number: signal.getsignal(number) for number in ENDING}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in old.items():
                signal.signal(number, handler)


def is_terminal(number: int) -> bool:
    """Tells whether an open file, given by its number, is a terminal."""
    with suppress(OSError):
        return os.isatty(number)
    return False


def leave_closed(terminals: list[int]) -> None:
    """Sends the output of this process nowhere where its terminal is gone: a write to it would fail.

    Args:
        terminals: Numbers of the output files that were terminals.
    """
    gone = [number for number in terminals if not is_terminal(number)]
    if gone:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in gone:
            os.dup2(nowhere, number)
        os.close(nowhere)
