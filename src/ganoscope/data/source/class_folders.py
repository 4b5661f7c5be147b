"""Folders taken for classes that can't be: too many, too small, or called as patients may be."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ganoscope.data.source.entries import SourceImage
from ganoscope.errors import UserError, write_count

MAX_CLASSES = 50
MAX_NUMBERED = 10
"""Largest number of class folders whose names may hold long numbers, as patient ids do."""
NUMBERED_SHARE = 0.8
"""Proportion of names with four digits in a row from which folders are assumed to be patients."""
FEW_FILES = 10
"""Largest number of files for which any number of class folders is accepted: a trial, not a data set."""


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
        refuse_labels(source, f"{write_count(len(labels), 'folder')} for {write_count(files, 'file')}")
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


def refuse_labels(source: Path, given: str) -> None:
    """Refuses folder names that can't be classes.

    Raises:
        UserError: Always.
    """
    raise UserError(
        f"the folders in {source} look like patients, studies or series, not like classes: got {given}; allowed: up to "
        f"{MAX_CLASSES} class folders ({MAX_NUMBERED} with long numbers in their names), and on average two files in "
        "each. State what the levels of folders are, such as --levels patient or --levels class/patient, or put a "
        "manifest.csv with the columns path,label,patient into the folder."
    )
