"""Limits on what one file may take: memory, processor time, and how far it may expand when it is unpacked.

Sizes are refused by the header, before anything is decoded, in a message with figures. `Bounds` stands behind that: it
holds for every format and decoder, whatever their headers state.

"""

import math
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType

from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.errors import Range

RANGES = {"max_file_gib": Range(0.25, 1024), "max_file_seconds": Range(1, 86400)}
"""What the options of these names may be."""
PROGRAM_BYTES = 192 << 20
"""Part of the memory that the program itself needs, with its libraries."""
MOST_EXPANSION = 100
"""Largest ratio of unpacked to packed bytes of files that exceed the limit: pictures reach 10, bombs 1000."""
BYTES_PER_SECOND = 10_000_000
"""File size for which a further second is given."""
MOST_SCANS = 100
"""Largest number of scans of a progressive JPEG."""
SMALL_WORK, WORK = 4, 16
"""Bytes per pixel that resizing and the checks need beside the decoded picture: 8-bit grey, and everything else."""


def name_size(size: float) -> str:
    """Returns a number of bytes in GiB.

    Example:
        >>> name_size(2.25 * 2**30)
        '2.25 GiB'
    """
    return f"{size / 2**30:.3g} GiB"


def find_free(options: ReadOptions) -> int:
    """Returns the bytes that one file may take beside the program itself."""
    return max(0, int(options.max_file_gib * 2**30) - PROGRAM_BYTES)


def refuse_large(pixels: int, held: int, options: ReadOptions) -> None:
    """Refuses a picture that takes too much memory, from its header.

    Args:
        pixels: Number of pixels of the picture that is in memory at a time.
        held: Bytes per pixel as decoded, over all channels.
        options: Reading options, which hold the limit.

    Raises:
        UnreadableError: The picture and the copies made while it is resized and checked exceed the limit.
    """
    needed = pixels * (held + (SMALL_WORK if held == 1 else WORK))
    if needed > find_free(options):
        total = needed + PROGRAM_BYTES
        enough = math.ceil(total / 2**30 * 10) / 10
        raise UnreadableError(
            f"needs {name_size(total)} of memory decoded; at most {options.max_file_gib:g} GiB is used per file; "
            f"raise it with --max-file-gib {enough:g}"
        )


def refuse_bomb(unpacked: int, packed: int, options: ReadOptions) -> None:
    """Refuses a file that unpacks to far more than its size; large files that are hardly packed are read in pieces.

    Args:
        unpacked: Bytes of all its pictures, as stated by its headers.
        packed: Bytes of the file.
        options: Reading options, which hold the limit.

    Raises:
        UnreadableError: It is above the limit, and the ratio is beyond that of pictures.
    """
    ratio = unpacked / max(1, packed)
    if unpacked > options.max_file_gib * 2**30 and ratio > MOST_EXPANSION:
        raise UnreadableError(
            f"decompression bomb refused: it unpacks to {name_size(unpacked)}, {ratio:.0f} times its size; above "
            f"{options.max_file_gib:g} GiB at most {MOST_EXPANSION} times is read; raise it with --max-file-gib"
        )


def refuse_scans(content: bytes) -> None:
    """Refuses a JPEG stream of very many scans: each passes over the whole picture, however few bytes it takes.

    Raises:
        UnreadableError: There are more start-of-scan markers than `MOST_SCANS`; few other bytes look like one.
    """
    scans = content.count(b"\xff\xda")
    if scans > MOST_SCANS:
        raise UnreadableError(
            f"decoding would take too long: {scans} scans in one JPEG; encoders write about 10, and at most "
            f"{MOST_SCANS} are read"
        )


ARMED: list[bool] = []
"""Holds a value while work is timed; a signal that comes later is ignored."""


class TooSlowError(BaseException):
    """Raised inside any code when its time is over; no library catches it, since it is no `Exception`."""


@dataclass(frozen=True)
class Bounds:
    """Bounds on the work on one file, in this process.

    Attributes:
        options: Reading options, which hold the limits.
        start: Bytes of address space when the work on the file began.
        seconds: Processor time for each part of the work.
    """

    options: ReadOptions
    start: int
    seconds: float

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Bounds the memory of the whole file, and the time of what is done inside, such as one of its pictures.

        Raises:
            UnreadableError: Memory or time did not suffice.
        """
        free = find_free(self.options)
        try:
            most = max(self.start + free, get_address_space() + free // 8)
            with limiting_memory(most), limiting_time(self.seconds):
                yield
        except MemoryError:
            raise UnreadableError(
                f"needs more memory than the {self.options.max_file_gib:g} GiB that are used per file; raise it with "
                "--max-file-gib"
            ) from None
        except TooSlowError:
            raise UnreadableError(
                f"takes longer than the {self.seconds:.0f} s of processor time that are given to a "
                "picture; raise it with --max-file-seconds"
            ) from None


def start_bounds(path: Path, options: ReadOptions) -> Bounds:
    """Returns the bounds of a file whose reading starts now; large files get more time.

    Raises:
        OSError: The file is gone.
    """
    seconds = options.max_file_seconds + path.stat().st_size / BYTES_PER_SECOND
    return Bounds(options, get_address_space(), seconds)


def get_address_space() -> int:
    """Returns the bytes of address space of this process; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    import resource

    return int(os.pread(open_own_sizes(os.getpid()), 64, 0).split(maxsplit=1)[0]) * resource.getpagesize()


@cache
def open_own_sizes(process: int) -> int:
    """Returns a descriptor of the sizes of this process, which stays open: opening takes longer than reading."""
    return os.open(f"/proc/{process}/statm", os.O_RDONLY | os.O_CLOEXEC)


@cache
def find_own_limit() -> tuple[int, int]:
    """Returns the limits of address space with which this process was started, on Linux."""
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)


def lift_memory_limit() -> None:
    """Undoes the limit that a process inherits which is started while a file is read."""
    if sys.platform == "linux":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


@contextmanager
def limiting_memory(most: int) -> Iterator[None]:
    """Lets allocations fail above a size of the address space; without effect where the system has no such limit."""
    if sys.platform != "linux":
        yield
        return
    import resource

    before = find_own_limit()
    lowered = most if before[0] == resource.RLIM_INFINITY else min(most, before[0])
    resource.setrlimit(resource.RLIMIT_AS, (lowered, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextmanager
def limiting_time(seconds: float) -> Iterator[None]:
    """Raises `TooSlowError` inside after this much processor time; in the main thread, where signals arrive.

    Processor time, since a busy machine must not decide what is in a store. A call into a library is interrupted when
    it returns to Python: the libraries take no more than some MiB at a time, or are bounded by their headers.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGPROF)
    if before is not stop_work:  # stays in place, since changing it is slow, unless it is somebody else's
        signal.signal(signal.SIGPROF, stop_work)
    ARMED.append(True)
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)  # again every second, should it be lost in a destructor
            yield
        finally:
            ARMED.clear()
    finally:  # even if the signal came at the start of the inner one
        signal.setitimer(signal.ITIMER_PROF, 0)
        if before not in (stop_work, signal.SIG_DFL):
            signal.signal(signal.SIGPROF, before)


def stop_work(number: int, frame: FrameType | None) -> None:
    """Handles the signal of the timer.

    Raises:
        TooSlowError: Work is being timed.
    """
    if ARMED:
        raise TooSlowError
