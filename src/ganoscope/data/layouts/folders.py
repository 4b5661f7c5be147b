"""Folders of pictures: flat, one folder per class, or split folders that hold class folders.

Also home of the walk through a source's files that all layouts share.
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
"""What operating systems leave in folders; skipped, as hidden files are."""

MAX_CLASSES = 50
MAX_NUMBERED = 10
"""Up to this number of class folders their names may hold long numbers, as persons' ids do."""
NUMBERED_SHARE = 0.8
"""From this share of names with four digits in a row on, folders are taken for persons."""
FEW_FILES = 10
"""Up to this number of files any number of class folders is taken: a try-out, not a data set."""

OUTSIDE = "a symbolic link out of the source folder"
BROKEN = "a broken symbolic link"
LINKED_FOLDER = "a link to a folder is not followed"
NOT_REGULAR = "not a regular file"
STORE = "a store of ganoscope is not read again: prepare its source"
TABLE = "a table that is not read as a manifest, which needs the columns path and label (or their other names)"
TABLE_SUFFIXES = (".csv", ".tsv")

RANK = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A file in a source.

    Attributes:
        path: The file; or a folder that can't be entered, with the fault that says why.
        folders: Names of the folders above it, from the source down; fit for text files.
        fault: Why it can't be taken, or "".
    """

    path: Path
    folders: tuple[str, ...]
    fault: str = ""

    @property
    def name(self) -> str:
        """Path relative to the source with forward slashes, fit for text files."""
        return "/".join((*self.folders, escape_unprintable(self.path.name)))


def matches(source: Path) -> bool:
    """Takes every folder."""
    return source.is_dir()


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields every file that is not hidden, in the order of its path.

    A folder called like a split, at any depth, gives the split; the deepest other folder gives the class.

    Raises:
        UserError: The folders can't be classes; see `check_labels`.
        OSError: A folder can't be listed: its images must not go missing in silence.
    """
    return check_labels(source, walk_images(source))


def check_labels(source: Path, images: Iterable[SourceImage]) -> Iterator[SourceImage]:
    """Yields the images; their labels, which are names of folders, must be fit for classes.

    Raises:
        UserError: The folders are too many, hold too few files, or are called as persons are.
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
    """Tells whether most names hold four digits in a row, or all differ in a number of up to three or more digits.

    Example:
        >>> look_like_persons({"patient001", "patient002"}), look_like_persons({"class 1", "class 14"})
        (True, False)
    """
    long = sum(bool(re.search(r"\d{4}", name)) for name in names)
    stems = {re.sub(r"\d+", "0", name.lower()) for name in names}
    return long >= NUMBERED_SHARE * len(names) or (len(stems) == 1 and any(re.search(r"\d{3}", name) for name in names))


def walk_images(source: Path) -> Iterator[SourceImage]:
    """Yields what `list_images` does, without asking whether the names of the folders can be classes.

    Raises:
        OSError: A folder can't be listed.
    """
    for found in walk_files(source):
        split, label = read_folder_names(found.folders)
        yield SourceImage((found.path,), found.name, label, split, fault=found.fault or find_table_fault(found))


def find_table_fault(found: Found) -> str:
    """Returns why a table at the top of a source, which may be meant as its manifest, is not taken; "" for others."""
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
    """Returns (split, label) that the names of the folders above a file state.

    Example:
        >>> read_folder_names(("Training", "glioma"))
        ('train', 'glioma')
    """
    splits = [SPLIT_OF_FOLDER[part.lower()] for part in parts if part.lower() in SPLIT_OF_FOLDER]
    labels = [part for part in parts if part.lower() not in SPLIT_OF_FOLDER]
    return (splits[-1] if splits else "", labels[-1] if labels else "")


def walk_files(source: Path, within: str = "") -> Iterator[Found]:
    """Yields every file of a source that is not hidden, in a stable order: a folder's files, then its folders.

    Nothing is opened. Links to files inside the source are files; links out of it, broken links, links to folders,
    pipes, sockets and stores of ganoscope come with a fault.

    Args:
        source: The source folder, which may itself be a link.
        within: A folder of the source, such as `Training/Images`, to which the walk is limited.

    Raises:
        OSError: A folder can't be listed: its images must not go missing in silence.
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
    """Yields what lies in a folder and below, with the names of the folders above.

    Hidden files are left out, and folders but for stores of ganoscope, which are not entered.
    """
    pending = [(os.fspath(folder), parts)]
    while pending:
        path, above = pending.pop()
        with os.scandir(path) as entries:
            seen = sorted((entry for entry in entries if not is_hidden(entry.name)), key=lambda entry: entry.name)
        below = [entry for entry in seen if entry.is_dir(follow_symlinks=False) and not is_store(entry.path)]
        entered = set(below)
        yield from ((entry, above) for entry in seen if entry not in entered)
        pending.extend((entry.path, (*above, escape_unprintable(entry.name))) for entry in reversed(below))


def is_hidden(name: str) -> bool:
    """Tells whether a file or folder is hidden, or left behind by an operating system."""
    return name.startswith(".") or name.lower() in SYSTEM_FILES


def is_store(folder: str) -> bool:
    """Tells whether a folder is a store of ganoscope."""
    return all(os.path.lexists(os.path.join(folder, name)) for name in ("store.json", "images.npy"))  # noqa: PTH118


def find_fault(entry: os.DirEntry[str], root: str, resolve: Callable[[str], str] = os.path.realpath) -> str:
    """Returns why an entry can't be taken, or ""; only links are resolved. See `find_link_fault`."""
    if entry.is_dir(follow_symlinks=False):
        return STORE  # no other folder is an entry: see `scan`
    if not entry.is_symlink():
        return "" if entry.is_file(follow_symlinks=False) else NOT_REGULAR
    return find_link_fault(entry.path, root, resolve)


def find_link_fault(path: str, root: str, resolve: Callable[[str], str] = os.path.realpath) -> str:
    """Returns why what a path leads to can't be taken, or "".

    Args:
        path: A link, or a path that may hold links.
        root: The source folder, without links.
        resolve: Returns a folder's path without links; one that remembers makes many links cheap.
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
    """Returns where a path leads, without links, and the mode of what is there.

    Raises:
        OSError: It leads nowhere.
    """
    # Plain text, not Path: this is called for each of many files.
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
    """Returns up to `most` file names, spread evenly over a source; memory does not grow with the source."""
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
    """Returns the share of a source's file names that fit, from up to 500 of them; 0 in an empty source."""
    names = sample_names(source)
    return sum(bool(fits(name)) for name in names) / max(1, len(names))


def list_folders(source: Path, depth: int) -> Iterator[Path]:
    """Yields the folders of a source that are not hidden, down to a depth; links are not followed."""
    with os.scandir(source) as entries:
        seen = sorted(
            entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and not is_hidden(entry.name)
        )
    for name in seen:
        yield source / name
        if depth > 1:
            yield from list_folders(source / name, depth - 1)
