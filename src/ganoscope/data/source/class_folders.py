"""Folders taken for classes that can't be: too many, too small, called as patients may be, or against a table."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from ganoscope.data.levels.survey import unify
from ganoscope.data.levels.words import is_diagnosis
from ganoscope.data.source.entries import SourceImage
from ganoscope.errors import UserError, describe, write_count

MAX_CLASSES = 50
MAX_NUMBERED = 10
"""Largest number of class folders whose names may hold long numbers, as patient ids do."""
NUMBERED_SHARE = 0.8
"""Proportion of names with four digits in a row from which folders are assumed to be patients."""
FEW_FILES = 10
"""Largest number of files for which any number of class folders is accepted: a trial, not a data set."""

Pairs = Mapping[str, tuple[str, str]]
"""Class by the folder, and by the table, of each image that has both."""


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


def refuse_conflict(pairs: Pairs, column: str, table: str, levels: str) -> None:
    """Refuses classes of a table that contradict those of folders; either may be finer than the other.

    Folders count if half of their names speak of health or disease, or are classes of the table: others, such as
    hospitals, were taken for classes for want of better ones.

    Args:
        pairs: Classes by path of the image.
        column: Name of the label column.
        table: Name of the table.
        levels: What states the classes of the folders, as in `--levels`.

    Raises:
        UserError: They contradict each other.
    """
    if not (wrong := find_contradictions(pairs)):
        return
    folder, label = pairs[wrong[0]]
    raise UserError(
        describe(
            f"folders and {table} disagree about the class of {len(wrong):,} of {len(pairs):,} images",
            f"{wrong[0]}, {folder!r} by its folder and {label!r} by the column {column!r}",
            "one class for each image",
            f'State which counts: --label-column "{column}" takes those of the table, --levels {levels} those of the '
            "folders, and patients and views from the table.",
        )
    )


def find_contradictions(pairs: Pairs) -> list[str]:
    """Returns the images whose two classes contradict each other.

    Example:
        >>> find_contradictions({"a": ("normal", "Normal"), "b": ("normal", "tumour"), "c": ("tumour", "tumour")})
        ['b']
        >>> find_contradictions({"a": ("normal", "healthy"), "b": ("tumour", "glioma"), "c": ("tumour", "other")})
        []
    """
    both = {file: (compare(folder), compare(label)) for file, (folder, label) in pairs.items()}
    folders, labels = {folder for folder, _ in both.values()}, {label for _, label in both.values()}
    shared = folders & labels
    telling = [name for name in folders if name in shared or is_diagnosis(name)]
    if len(folders) < 2 or 2 * len(telling) < len(folders):
        return []
    if shared:
        return [file for file, (folder, label) in both.items() if folder != label and {folder, label} & shared]
    seen = Counter(both.values())
    if has_one_each(seen) or has_one_each({(label, folder) for folder, label in seen}):
        return []
    usual = {folder: label for (folder, label), _ in reversed(seen.most_common())}
    return [file for file, (folder, label) in both.items() if usual[folder] != label]


def compare(name: str) -> str:
    """Returns what is compared of the name of a class."""
    return unify(unicodedata.normalize("NFC", name))


def has_one_each(pairs: Collection[tuple[str, str]]) -> bool:
    """Tells whether each first word goes with one second word."""
    return len({first for first, _ in pairs}) == len(pairs)
