"""The walk through the files of a source that all layouts share."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ganoscope.files import escape_unprintable

SYSTEM_FILES = ("thumbs.db", "desktop.ini", "__macosx")
"""Files that operating systems leave in folders; skipped like hidden files."""


OUTSIDE = "a symbolic link out of the source folder"
BROKEN = "a broken symbolic link"
LINKED_FOLDER = "a link to a folder is not followed"
NOT_REGULAR = "not a regular file"
LONGEST_PATH = 4096
"""Length in bytes from which the system opens nothing, on Linux."""
TOO_DEEP = f"a folder whose path has {LONGEST_PATH} bytes or more can't be opened; move it up, or shorten names"
STORE = "a store of ganoscope is not read again: prepare its source"
TABLE = "a table that is not read as a manifest, which needs the columns path and label (or their other names)"
WORKBOOK = "a workbook, which is not read: save its sheet as CSV"
WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
TABLE_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


@dataclass(frozen=True, slots=True)
class Found:
    """A file in a source.

    Attributes:
        path: File, or a folder that can't be entered, with the reason as fault.
        folders: Names of the folders above it, from the source down; safe in text files.
        fault: Reason why it can't be used, or "".
    """

    path: Path
    folders: tuple[str, ...]
    fault: str = ""

    @property
    def name(self) -> str:
        """Path relative to the source with forward slashes; safe in text files."""
        return "/".join((*self.folders, escape_unprintable(self.path.name)))


def find_table_fault(found: Found) -> str:
    """Returns the reason why a table, perhaps meant as manifest, is not used; "" for others."""
    name = found.path.name.lower()
    if name.endswith(WORKBOOK_SUFFIXES):
        return WORKBOOK
    return TABLE if name.endswith(TABLE_SUFFIXES) else ""


def walk_files(source: Path, within: str = "") -> Iterator[Found]:
    """Yields every file of a source that is not hidden, in a stable order: the files of a folder, then its folders.

    No file is opened. Links to files inside the source count as files; links out of it, broken links, links to folders,
    pipes, sockets and stores of ganoscope have a fault.

    Args:
        source: Source folder, which may itself be a link.
        within: Folder inside the source, such as `Training/Images`, to which the walk is limited.

    Raises:
        OSError: A folder can't be listed: its images must not be dropped silently.
    """
    root = os.path.realpath(source)
    folders = tuple(escape_unprintable(part) for part in Path(within).parts)
    if os.path.realpath(source / within) != str(Path(root, within)):
        yield Found(source / within, folders[:-1], LINKED_FOLDER)
        return
    resolve = lru_cache(os.path.realpath)
    for entry, parts in scan(source / within, folders):
        yield Found(Path(entry.path), parts, find_fault(entry, root, resolve))


def scan(folder: Path, parts: tuple[str, ...] = ()) -> Iterator[tuple[os.DirEntry[str], tuple[str, ...]]]:
    """Yields the files in a folder and below, with the names of the folders above.

    Hidden files are skipped. Stores of ganoscope, and folders beyond the reach of the system, are yielded instead of
    entered.
    """
    pending = [(os.fspath(folder), parts)]
    while pending:
        path, above = pending.pop()
        with os.scandir(path) as entries:
            seen = sorted((entry for entry in entries if not is_hidden(entry.name)), key=lambda entry: entry.name)
        below = [entry for entry in seen if entry.is_dir(follow_symlinks=False) and not find_closed(entry.path)]
        entered = set(below)
        yield from ((entry, above) for entry in seen if entry not in entered)
        pending.extend((entry.path, (*above, escape_unprintable(entry.name))) for entry in reversed(below))


def is_directory_file(name: str) -> bool:
    """Tells whether a file is the directory of a DICOM medium, whose name PS3.10 prescribes."""
    return name.upper() == "DICOMDIR"


def is_hidden(name: str) -> bool:
    """Tells whether a file or folder is hidden, or was left by an operating system."""
    return name.startswith(".") or name.lower() in SYSTEM_FILES


def find_closed(folder: str) -> str:
    """Returns the reason why a folder is not entered; "" if it is."""
    if len(os.fsencode(folder)) >= LONGEST_PATH:
        return TOO_DEEP
    return STORE if is_store(folder) else ""


def is_store(folder: str) -> bool:
    """Tells whether a folder is a store of ganoscope."""
    return all(os.path.lexists(os.path.join(folder, name)) for name in ("store.json", "images.npy"))  # noqa: PTH118


def find_fault(entry: os.DirEntry[str], root: str, resolve: Callable[[str], str] = os.path.realpath) -> str:
    """Returns the reason why a directory entry can't be used, or ""; only links are resolved.

    Args:
        entry: Directory entry.
        root: Resolved source folder.
        resolve: Function that resolves the path of a folder, see `find_link_fault`.
    """
    if entry.is_dir(follow_symlinks=False):
        return find_closed(entry.path)  # no other folder is an entry: see `scan`
    if not entry.is_symlink():
        return "" if entry.is_file(follow_symlinks=False) else NOT_REGULAR
    return find_link_fault(entry.path, root, resolve)


def find_link_fault(path: str, root: str, resolve: Callable[[str], str] = os.path.realpath) -> str:
    """Returns the reason why the target of a path can't be used, or "".

    Args:
        path: Link, or path that may contain links.
        root: Resolved source folder.
        resolve: Function that resolves the path of a folder; a cached one makes many links cheap.
    """
    try:
        target, mode = follow(path, resolve)
    except OSError:
        return BROKEN
    if stat.S_ISDIR(mode):
        return LINKED_FOLDER
    if not stat.S_ISREG(mode):
        return NOT_REGULAR
    return "" if target.startswith(os.path.join(root, "")) else OUTSIDE  # noqa: PTH118


def follow(path: str, resolve: Callable[[str], str]) -> tuple[str, int]:
    """Returns the resolved target of a path and its file mode.

    Raises:
        OSError: The target does not exist.
    """
    # Strings instead of Path: this is called for each of many files.
    link = os.readlink(path) if os.path.islink(path) else ""  # noqa: PTH114, PTH115
    near = os.path.join(os.path.dirname(path), link) if link else path  # noqa: PTH118, PTH120
    folder, name = os.path.split(near)
    target = os.path.join(resolve(folder), name)  # noqa: PTH118
    mode = os.lstat(target).st_mode
    if stat.S_ISLNK(mode) or name in ("", ".", ".."):
        target = os.path.realpath(path, strict=True)
        mode = os.lstat(target).st_mode
    return target, mode


def sample_names(source: Path, most: int = 500) -> list[str]:
    """Returns up to `most` file names, evenly spread over a source, in constant memory."""
    names: list[str] = []
    step = 1
    for index, (entry, _) in enumerate(scan(source)):
        if index % step == 0:
            names.append(entry.name)
        if len(names) > most:
            names = names[::2]
            step *= 2
    return names


def share_matching(source: Path, fits: Callable[[str], object]) -> float:
    """Returns the proportion of file names for which `fits` is true, from up to 500 of them; 0 in an empty source."""
    names = sample_names(source)
    return sum(bool(fits(name)) for name in names) / max(1, len(names))


def list_folders(source: Path, depth: int) -> Iterator[Path]:
    """Yields the folders of a source that are not hidden, down to the given depth; links are not followed."""
    with os.scandir(source) as entries:
        seen = sorted(
            entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and not is_hidden(entry.name)
        )
    for name in seen:
        yield source / name
        if depth > 1:
            yield from list_folders(source / name, depth - 1)
