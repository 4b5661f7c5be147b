"""Atomic writes: a reader sees either the old state or the new one, never a partial file.

Everything is written beside its destination under a hidden `.partial` name and then renamed, which is atomic on one
file system. A process killed midway leaves only a `.partial`, which `remove_leftovers` deletes on the next start.

Links inside the folders of stores, runs and results are never followed, neither to write nor to delete: such a folder
may come from someone else. Tables are in `tables`, and what is read back is checked in `records`.
"""

import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from ganoscope.errors import UserError, describe, refuse

LARGEST = 1 << 64
"""Largest whole number in a JSON file."""
DEEPEST = 32
"""Deepest nesting in a JSON file."""
LISTED = 5
"""Most links that a message names."""


MARKS = (
    *("run.json", "classify.json", "classifier.json", "store.json", "demo.json"),
    *("results.json", "provenance.json", "plan.json", "sealed.json", "tasks.json", "task.json", "bank.json"),
)
"""Files that tell a folder of ours."""


def partial_name(path: Path) -> Path:
    """Returns the hidden name beside `path` under which it is written."""
    return path.with_name(f".{path.name}.partial")


def refuse_links(path: Path) -> None:
    """Refuses a destination that a link leads away from: below a folder of ours, or in place of a temporary name.

    The folder that the user names may be a link itself, or lie below one.

    Raises:
        UserError: There is such a link.
    """
    above = [one for one in (path, *path.parents) if one.is_symlink() and is_ours(one.parent)]
    hidden = [partial_name(path)] if path.name else []
    refuse_found_links([*above, *(one for one in hidden if one.is_symlink())])


def refuse_links_below(folder: Path) -> None:
    """Refuses a folder of ours that holds a link, at any depth; before anything is written to it or deleted in it.

    Raises:
        UserError: There is such a link.
    """
    refuse_links(folder)
    if not is_ours(folder):
        return
    entries = (Path(place) / name for place, *names in os.walk(folder) for name in (*names[0], *names[1]))
    refuse_found_links([entry for entry in entries if entry.is_symlink()])


def is_ours(folder: Path) -> bool:
    """Tells whether a folder holds, or held before an interruption, a store, a run or results of ganoscope."""
    hidden = folder.name.startswith(".") and folder.suffix in (".unfinished", ".partial")
    return hidden or any((folder / mark).exists() for mark in MARKS)


def refuse_found_links(links: Sequence[Path]) -> None:
    """Refuses links, if there are any.

    Raises:
        UserError: There is at least one.
    """
    refuse(
        [
            describe(
                f"{link} is a link, and links inside the folders of ganoscope are not followed",
                f"a link to {escape_unprintable(os.fspath(link.readlink()))}",
                "plain files and folders",
                "Remove the link, or put a copy of what it leads to in its place.",
            )
            for link in links[:LISTED]
        ]
    )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary file name; on success the file replaces `path`, on failure it is removed."""
    refuse_links(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_name(path)
    try:
        yield partial
        flush_to_disk(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder; on success it is renamed to `path`, on failure it is removed.

    Raises:
        UserError: `path` is a file or a folder with content, or has no name, such as `.`.
    """
    if path.name in ("", ".."):
        raise UserError(f"destination has no name: got {path}; allowed: a new folder, such as {path / 'out'}.")
    refuse_existing(path)
    refuse_links(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_name(path)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        for file in partial.rglob("*"):
            if file.is_file():
                flush_to_disk(file)
        partial.replace(path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def refuse_existing(path: Path) -> None:
    """Refuses a destination with content: nothing is ever overwritten.

    Raises:
        UserError: `path` is a file, a link, or a folder with content.
    """
    if path.is_symlink():
        raise UserError(f"destination {path} is a link; allowed: a new or an empty folder. Name the folder itself.")
    if path.is_file():
        raise UserError(f"destination {path} is a file; allowed: a new or an empty folder. Name another one.")
    if path.is_dir() and any(path.iterdir()):
        raise UserError(
            f"destination {path} exists and is not empty; allowed: a new or an empty folder. "
            "Name another one, or remove this one first."
        )


def flush_to_disk(path: Path) -> None:
    """Waits until the file's bytes are on disk, so that a rename can't overtake them."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def remove_leftovers(folder: Path) -> None:
    """Removes the `.partial` files and folders that a killed process left in `folder`."""
    refuse_links(folder)
    for leftover in folder.glob(".*.partial"):
        remove(leftover)


def remove(path: Path) -> None:
    """Removes a file, a link, or a folder with its content; what links lead to is left alone.

    Raises:
        UserError: A link inside a folder of ours leads to the path.
    """
    refuse_links(path.parent)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def open_new(path: Path, mode: int = 0o666) -> TextIO:
    """Returns a new text file to write to, which nobody else may read before the mode says so.

    Args:
        path: File to make; one that is there is emptied, a link is refused by the system.
        mode: Who may read and write it, before the process's own mask.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    return open(os.open(path, flags, mode), "w", newline="", encoding="utf-8")  # noqa: PTH123 - a descriptor


@contextmanager
def appending(path: Path) -> Iterator[TextIO]:
    """Yields a text file to append to, and waits at the end until what was written is on disk.

    Raises:
        UserError: The path is a link.
    """
    refuse_links(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(path, flags, 0o666), "a", newline="", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
        yield file
        file.flush()
        os.fsync(file.fileno())


def escape_unprintable(name: str) -> str:
    r"""Returns a file name safe in UTF-8 and CSV: control characters and invalid bytes are escaped (`\r`, `\udcff`).

    Example:
        >>> escape_unprintable("scan\r.png")
        'scan\\r.png'
    """
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", lambda match: ascii(match[0])[1:-1], name)


def shorten_path(path: str | Path, folder: Path) -> str:
    """Returns a path relative to a folder, as a file in that folder names it: without the folders above both.

    Example:
        >>> shorten_path("/data/store", Path("/data/runs/first"))
        '../../store'
    """
    try:
        return Path(os.path.relpath(Path(path).resolve(), folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return Path(path).name


def lengthen_path(text: str, folder: Path) -> str:
    """Returns the whole path that a file in a folder names; files of earlier versions name it in full.

    Example:
        >>> lengthen_path("../../store", Path("/data/runs/first"))
        '/data/store'
    """
    return os.path.normpath(folder.resolve() / text)


def save_json(path: Path, content: Any) -> None:
    """Writes `content` as indented UTF-8 JSON, atomically."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_text(path: Path) -> str:
    """Returns the content of a text file.

    Raises:
        UserError: It is missing, a folder, or not UTF-8.
    """
    if not path.is_file():
        state = "is no file" if path.exists() or path.is_symlink() else "does not exist"
        raise UserError(f"{path} {state}; expected a file written by ganoscope.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is damaged: {error}. Restore it from a copy, or create it again.") from None


def load_json(path: Path) -> Any:
    """Returns the content of a JSON file.

    Raises:
        UserError: The file is missing or is not valid JSON: also where a key is there twice, a number is larger or the
            content nested deeper than any that is written, or a text can't be written as UTF-8.
    """
    text = read_text(path)
    try:
        content = json.loads(text, parse_int=parse_int, parse_float=parse_float, object_pairs_hook=parse_pairs)
        refuse_depth(content)
        if r"\u" in text:
            json.dumps(content, ensure_ascii=False).encode()  # half of a pair of code units is no letter
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {error}. Restore it from a copy, or create it again.") from None
    return content


def parse_int(digits: str) -> int:
    """Returns a whole number of at most 64 bits.

    Raises:
        ValueError: It is larger.
    """
    if len(digits) > len(str(-LARGEST)) or abs(int(digits)) > LARGEST:
        raise ValueError(f"the number {digits[:20]}... of {len(digits)} digits is out of range")
    return int(digits)


def parse_float(digits: str) -> float:
    """Returns a finite number.

    Raises:
        ValueError: It is too large for one.
    """
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:20]} is out of range")
    return number


def parse_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns an object's values by key.

    Raises:
        ValueError: A key is there twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for index, (name, _) in enumerate(pairs) if name in dict(pairs[:index]))
        raise ValueError(f"the key {twice[:40]} is there twice")
    return found


def refuse_depth(content: Any) -> None:
    """Refuses JSON values that are nested deeper than anything that is written.

    Raises:
        ValueError: They are.
    """
    layer = [content]
    for _ in range(DEEPEST):
        inside = [one for one in layer if isinstance(one, dict | list)]
        if not inside:
            return
        layer = [value for one in inside for value in (one.values() if isinstance(one, dict) else one)]
    raise ValueError(f"it is nested more than {DEEPEST} levels deep")


def compute_sha256(*paths: Path) -> str:
    """Returns the hexadecimal SHA-256 of the concatenated bytes of the files, in constant memory."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
