"""Folders of pictures: flat, one folder per class, or split folders that contain class folders.

Also holds the walk through the files of a source that all layouts share.

"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ganoscope.data.layouts import SourceImage
from ganoscope.data.picture import ReadOptions
from ganoscope.errors import UserError
from ganoscope.files import escape_unprintable

SPLIT_OF_FOLDER = {
    **dict.fromkeys(("train", "training", "trainset", "training_set"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "testset", "test_set", "holdout"), "test"),
}

SYSTEM_FILES = ("thumbs.db", "desktop.ini", "__macosx")
"""Files that operating systems leave in folders; skipped like hidden files."""

MAX_CLASSES = 50
MAX_NUMBERED = 10
"""Largest number of class folders whose names may hold long numbers, as patient ids do."""
NUMBERED_SHARE = 0.8
"""Proportion of names with four digits in a row from which folders are assumed to be patients."""
FEW_FILES = 10
"""Largest number of files for which any number of class folders is accepted: a trial, not a data set."""

OUTSIDE = "a symbolic link out of the source folder"
BROKEN = "a broken symbolic link"
LINKED_FOLDER = "a link to a folder is not followed"
NOT_REGULAR = "not a regular file"
LONGEST_PATH = 4096
"""Length in bytes from which the system opens nothing, on Linux."""
TOO_DEEP = f"a folder whose path has {LONGEST_PATH} bytes or more can't be opened; move it up, or shorten names"
STORE = "a store of ganoscope is not read again: prepare its source"
TABLE = "a table that is not read as a manifest, which needs the columns path and label (or their other names)"
TABLE_SUFFIXES = (".csv", ".tsv")

RANK = 0


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


def matches(source: Path) -> bool:
    """Recognises every folder."""
    return source.is_dir()


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields every file that is not hidden, in the order of paths.

    A folder with the name of a split, at any depth, gives the split; the deepest other folder gives the class.

    Raises:
        UserError: The folders can't be classes; see `check_labels`.
        OSError: A folder can't be listed: its images must not be dropped silently.
    """
    return check_labels(source, walk_images(source))


def check_labels(source: Path, images: Iterable[SourceImage]) -> Iterator[SourceImage]:
    """Yields the images after checking that their labels, which are folder names, can be classes.

    Raises:
        UserError: There are too many folders, too few files in them, or the names look like patient ids.
    """
    labels: set[str] = set()
    files = 0
    for image in images:
        files += 1
        labels |= {image.label} - {""}
        if len(labels) > MAX_CLASSES:
            refuse_labels(source, f"more than {MAX_CLASSES} folders")
        yield image
    if files > FEW_FILES and 2 * len(labels) > files:
        refuse_labels(source, f"{len(labels)} folders for {files} files")
    if len(labels) > MAX_NUMBERED and look_like_persons(labels):
        refuse_labels(source, f"{len(labels)} folders with long numbers in their names")


def look_like_persons(names: set[str]) -> bool:
    """Tells whether most names hold four digits in a row, or all differ only in numbers of three or more digits.

    Example:
        >>> look_like_persons({"patient001", "patient002"}), look_like_persons({"class 1", "class 14"})
        (True, False)
    """
    long = sum(bool(re.search(r"\d{4}", name)) for name in names)
    stems = {re.sub(r"\d+", "0", name.lower()) for name in names}
    return long >= NUMBERED_SHARE * len(names) or (len(stems) == 1 and any(re.search(r"\d{3}", name) for name in names))


def walk_images(source: Path) -> Iterator[SourceImage]:
    """Yields the same as `list_images`, without checking whether folder names can be classes.

    Raises:
        OSError: A folder can't be listed.
    """
    for found in walk_files(source):
        split, label = read_folder_names(found.folders)
        yield SourceImage((found.path,), found.name, label, split, fault=found.fault or find_table_fault(found))


def find_table_fault(found: Found) -> str:
    """Returns the reason why a table at the top of a source, perhaps meant as manifest, is not used; "" for others."""
    return TABLE if not found.folders and found.path.name.lower().endswith(TABLE_SUFFIXES) else ""


def refuse_labels(source: Path, given: str) -> None:
    """Refuses folder names that can't be classes.

    Raises:
        UserError: Always.
    """
    raise UserError(
        f"the folders in {source} look like patients, studies or series, not like classes: got {given}; allowed: up to "
        f"{MAX_CLASSES} class folders ({MAX_NUMBERED} with long numbers in their names), and on average two files in "
        "each. Name the layout (--layout dicom_tree or nifti_folder for patient/study/series), or put a manifest.csv "
        "with the columns path,label,patient into the folder."
    )


def read_folder_names(parts: tuple[str, ...]) -> tuple[str, str]:
    """Returns split and label from the names of the folders above a file.

    Example:
        >>> read_folder_names(("Training", "glioma"))
        ('train', 'glioma')
    """
    splits = [SPLIT_OF_FOLDER[part.lower()] for part in parts if part.lower() in SPLIT_OF_FOLDER]
    labels = [part for part in parts if part.lower() not in SPLIT_OF_FOLDER]
    return (splits[-1] if splits else "", labels[-1] if labels else "")


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
