"""The border between the faults of one file, which is put aside with a reason, and those that end the program."""

import errno
from pathlib import Path
from traceback import extract_tb

from ganoscope.data.picture import UnreadableError
from ganoscope.errors import UserError

GENERAL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EROFS))
"""Faults of the system rather than of a file: a full or read-only disk, too many open files."""
UNEXPECTED = "an unexpected fault in ganoscope"
"""Start of a reason that should be reported: the file is put aside, but it may be sound."""


def explain_fault(error: Exception) -> str:
    """Returns the reason to put a file aside after any exception of the work on it, without texts that may hold names.

    Raises:
        UserError: The settings are at fault, not the file.
        OSError: The system is at fault, not the file.
    """
    if isinstance(error, UnreadableError):
        return str(error)
    if isinstance(error, UserError) or (isinstance(error, OSError) and error.errno in GENERAL):
        raise error
    if isinstance(error, OSError) and error.errno is not None:
        return f"the system can't read it: {error.strerror or type(error).__name__}"
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    return f"{UNEXPECTED} ({type(error).__name__} {name_place(error)}): please report it"


def name_place(error: Exception) -> str:
    """Returns file and line of ganoscope at which an exception arose, such as `in raster.py, line 12`."""
    own = Path(__file__).parents[2]
    frames = [frame for frame in extract_tb(error.__traceback__) if own in Path(frame.filename).parents]
    return f"in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "outside of it"
