"""One writer per output: whoever writes to a folder or a file holds a lock beside it, and a second call is refused.

The lock is held on a hidden file `.NAME.ganoscope-lock` beside the destination, which also says who holds it. The
system drops it when the process ends, however it ends, so a killed process leaves no lock behind, and the next call
takes over its file. Linux passes these locks on to NFS and other network file systems, where they hold across machines
if the server supports them; where it does not, a note says so and the call goes on.

"""

import errno
import json
import os
import shutil
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ganoscope.errors import UserError, describe
from ganoscope.files import refuse_links_below
from ganoscope.progress import CONSOLE

UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
"""What file systems answer that can't lock."""
FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
SUFFIX = ".ganoscope-lock"
PREFIX = "ganoscope-"
"""Beginning of the names of private temporary folders."""
HELD: set[int] = set()
"""Open lock files of this process. A copy of it closes them: it must not hold a lock longer than its original."""
STALE_SECONDS = 3600.0
"""Age from which a private temporary folder without a lock belongs to a process that was killed while making it."""


class BusyError(UserError):
    """Another process, or another call in this one, holds the lock."""


def name_lock(path: Path) -> Path:
    """Returns the lock file of a destination: beside it, or inside a folder whose own place can't be written to."""
    path = path.resolve()
    inside = not path.name or (path.is_dir() and not os.access(path.parent, os.W_OK))
    return path / SUFFIX if inside else path.with_name(f".{path.name}{SUFFIX}")


def is_vacant(folder: Path) -> bool:
    """Tells whether a folder is missing, or holds at most what a process killed before its first file left there."""
    found = folder.iterdir() if folder.is_dir() else ()
    return not folder.is_file() and all(
        path.name == SUFFIX or (path.name.startswith(".") and path.name.endswith(".partial")) for path in found
    )


@contextmanager
def one_writer(path: Path) -> Iterator[None]:
    """Holds the lock of a folder or file that is written to; nothing of the lock is left behind.

    Raises:
        UserError: Another process, or another call in this one, is writing there; the message says which. Or a link
            leads away from the place.
    """
    refuse_links_below(path)
    file = name_lock(path)
    made = make_parents(file.parent)
    try:
        descriptor = acquire(file)
    except BusyError as error:
        remedy = "Wait until it has ended, or name another destination."
        fault = f"{path} is being written by another process"
        raise UserError(describe(fault, str(error), "one writer at a time", remedy)) from None
    except OSError:
        remove_empty(made)
        raise
    try:
        yield
    finally:
        with suppress(OSError):  # Windows can't remove an open file
            file.unlink()
        release(descriptor)
        remove_empty(made)


def acquire(file: Path) -> int:
    """Returns the open lock file, locked and with this process's name in it.

    Raises:
        BusyError: It is locked; the message names the holder.
        UserError: The file is a link, or no lock file.
    """
    while True:
        descriptor = open_lock(file)
        try:
            lock(descriptor)
        except OSError as error:
            if error.errno in UNSUPPORTED:
                CONSOLE.print(f"note: files in {file.parent} can't be locked: let no other process write there.")
                HELD.add(descriptor)
                return descriptor
            holder = read_holder(descriptor)
            os.close(descriptor)
            if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                raise BusyError(holder) from None
            raise
        if is_at(descriptor, file):
            note_holder(descriptor)
            HELD.add(descriptor)
            return descriptor
        os.close(descriptor)  # its last holder removed it after we opened it


def release(descriptor: int) -> None:
    """Gives up a lock."""
    HELD.discard(descriptor)
    os.close(descriptor)


def close_copies() -> None:
    """Closes the lock files in a copy of the process that holds the locks."""
    while HELD:
        with suppress(OSError):
            os.close(HELD.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=close_copies)


def open_lock(file: Path) -> int:
    """Returns the lock file opened, made where it is missing; links are not followed.

    Raises:
        UserError: The file is a link, or no lock file.
    """
    if not file.is_symlink():
        descriptor = os.open(file, FLAGS, 0o644)
        state = os.fstat(descriptor)
        if stat.S_ISREG(state.st_mode) and state.st_nlink <= 1:
            return descriptor
        os.close(descriptor)
    fault = f"lock file {file} is a link or no plain file, so that writing to it would change another file"
    raise UserError(describe(fault, "a link", "a file of ganoscope's own", "Remove it, and look who put it there."))


def lock(descriptor: int) -> None:
    """Locks an open file without waiting.

    Raises:
        OSError: It is locked, or its file system has no locks.
    """
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_at(descriptor: int, file: Path) -> bool:
    """Tells whether an open file is still the one at a path."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


def note_holder(descriptor: int) -> None:
    """Writes process, machine and time into a lock file; without room on the disk, the lock holds all the same."""
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    content = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since})
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, content.encode())


def read_holder(descriptor: int) -> str:
    """Returns who holds a lock file, in words."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        found = json.loads(os.read(descriptor, 1000))
        return f"process {int(found['pid'])} on {str(found['host'])[:64]!r} since {str(found['since'])[:32]}"
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return "a process that has just begun"


def make_parents(folder: Path) -> list[Path]:
    """Makes a folder, and returns those that did not exist before, innermost first."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def remove_empty(folders: list[Path]) -> None:
    """Removes folders that are still empty: a call that was refused leaves nothing behind."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def private_folder(purpose: str) -> Iterator[Path]:
    """Yields a temporary folder that its owner alone can read, and removes it afterwards.

    Folders that killed processes left for the same purpose are removed first: they hold names of files.

    Args:
        purpose: One word; part of the folder's name.
    """
    prefix = f"{PREFIX}{purpose}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        remove_abandoned(left)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    descriptor = None
    try:
        descriptor = acquire(folder / SUFFIX)
        (folder / "content").mkdir()
        yield folder / "content"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if descriptor is not None:
            release(descriptor)


def remove_abandoned(folder: Path) -> None:
    """Removes a private temporary folder of this user whose process is no more."""
    with suppress(OSError, BusyError):
        state = folder.stat(follow_symlinks=False)
        if hasattr(os, "geteuid") and state.st_uid != os.geteuid():
            return
        if not (folder / SUFFIX).exists():  # made this moment, or left by a process killed in that moment
            if time.time() - state.st_mtime > STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
            return
        descriptor = acquire(folder / SUFFIX)
        shutil.rmtree(folder, ignore_errors=True)
        release(descriptor)
