"""Output that never stops the work: neither a terminal without Unicode nor a reader that has left, as `| head` does."""

import errno
import io
import os
import sys
from typing import TextIO


class Pipe(io.RawIOBase):
    """A file descriptor that takes everything: what its reader no longer wants, or a full disk refuses, is dropped.

    Attributes:
        refused: Number of the first error; 0 where everything was written.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.refused = 0

    def writable(self) -> bool:
        """Returns True."""
        return True

    def fileno(self) -> int:
        """Returns the file descriptor."""
        return self.descriptor

    def isatty(self) -> bool:
        """Tells whether it is a terminal."""
        return os.isatty(self.descriptor)

    def write(self, content: object) -> int:
        """Writes bytes, or drops them after an error, and returns their number."""
        data = memoryview(content).cast("B")  # type: ignore[arg-type]
        if self.refused:
            return len(data)
        try:
            return os.write(self.descriptor, data)
        except OSError as error:
            self.refused = error.errno or errno.EIO
            return len(data)


PIPES: dict[str, Pipe] = {}
"""The pipes below the standard streams of this process, by the streams' names."""


def forgive_readers() -> None:
    """Makes standard output and error streams that no reader and no encoding can break."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:  # closed before the start
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - lives as long as we
        elif has_descriptor(stream, descriptor):
            stream.flush()
            PIPES[name] = Pipe(descriptor)
            setattr(sys, name, wrap(PIPES[name], stream.encoding))


def has_descriptor(stream: TextIO, descriptor: int) -> bool:
    """Tells whether a stream is that of the process; tests and notebooks put others in its place."""
    try:
        return stream.fileno() == descriptor
    except (OSError, ValueError, AttributeError):
        return False


def wrap(pipe: Pipe, encoding: str) -> TextIO:
    """Returns a text stream that writes each line at once; letters that the encoding lacks are escaped."""
    buffer = io.BufferedWriter(pipe)
    return io.TextIOWrapper(buffer, encoding=encoding, errors="backslashreplace", line_buffering=True)


def report_unwritten() -> int:
    """Says on standard error that output could not be written, unless its reader left; returns the exit status."""
    sys.stdout.flush()
    pipe = PIPES.get("stdout")
    if pipe is None or pipe.refused in (0, errno.EPIPE):
        return 0
    print(f"error: standard output could not be written: {os.strerror(pipe.refused)}", file=sys.stderr)
    return 2
