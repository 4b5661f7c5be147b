"""Classes of a table that contradict those of folders: refused, unless the user says which count."""

import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping

from ganoscope.data.levels.survey import unify
from ganoscope.data.levels.words import is_diagnosis
from ganoscope.errors import UserError, describe

Pairs = Mapping[str, tuple[str, str]]
"""Class by the folder, and by the table, of each image that has both."""


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
