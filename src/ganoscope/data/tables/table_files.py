"""Finds the tables in a source that list its images."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ganoscope.data.levels.words import SPLIT_OF_FOLDER
from ganoscope.data.picture import TableOptions
from ganoscope.data.readers import drop_ending
from ganoscope.data.source.walk import find_fault, find_link_fault, is_hidden, list_folders
from ganoscope.data.tables.column_names import OPTION_OF, choose_columns, find_aliases, find_stated, lists_images
from ganoscope.data.tables.source_names import SourceNames
from ganoscope.data.tables.text_table import TEXTS, Table, open_table, show
from ganoscope.errors import UserError

NAME = "manifest.csv"
SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
"""Endings of tables; text files are tables if their first line is as of one."""
MOST_TABLES = 20
"""Largest number of CSV files that are examined; beyond it none is."""
NOT_LABELS = "submission"
"""Part of the name of a table that holds made-up labels, such as `sample_submission.csv`."""
MOST_FOLDERS = 20
"""Largest number of folders in a source that are searched for tables."""


def list_tables(source: Path) -> list[Path]:
    """Returns the CSV files at the top of a source; if there are none, those in the only folder that holds some."""
    here = list_files(source)
    if here:
        return here
    below = [found for folder in list_few_folders(source) if (found := list_files(folder))]
    return below[0] if len(below) == 1 else []


def list_few_folders(source: Path) -> list[Path]:
    """Returns the folders at the top of a source, or none where there are many."""
    folders = list(list_folders(source, depth=1))
    return folders if len(folders) <= MOST_FOLDERS else []


def list_files(folder: Path) -> list[Path]:
    """Returns the CSV files in a folder that are neither hidden nor links out of it."""
    root = os.path.realpath(folder)
    with os.scandir(folder) as entries:
        seen = [entry for entry in entries if entry.name.lower().endswith((*SUFFIXES, *TEXTS))]
        names = sorted(entry.name for entry in seen if not is_hidden(entry.name) and not find_fault(entry, root))
    return [folder / name for name in names if not name.lower().endswith(TEXTS) or is_list(folder / name)]


def is_list(path: Path) -> bool:
    """Tells whether a text file is a table of images: several columns, one of paths by its name or its first field."""
    try:
        table = open_table(path)
    except (UserError, OSError):
        return False
    named = any(drop_ending(field) != field for field in table.first)
    return len(table.columns) > 1 and (named or bool(find_aliases(table, "path")))


def find_tables(source: Path, options: TableOptions, by_path: bool = False) -> list[Path]:
    """Returns `manifest.csv` or, if there is none, the CSV files with columns that name images and for labels.

    Args:
        source: Source folder.
        options: How tables are read.
        by_path: Whether a column must be called as one of paths; otherwise ids of patients or studies count as well.
    """
    if options.table:
        return [find_named(source, options.table)]
    paths = list_tables(source)
    if named := [path for path in paths if path.name.lower() == NAME]:
        return named
    if len(paths) > MOST_TABLES:
        return []
    names = SourceNames(None if by_path else source)
    return [table.path for table in open_sound(paths) if lists_images(table, options, names)]


def find_named(source: Path, name: str) -> Path:
    """Returns the table that the user names.

    Raises:
        UserError: There is no such file in the source, or it is a link out of it.
    """
    path = source / name
    if not path.is_file() or find_link_fault(os.fspath(path), os.path.realpath(source)):
        present = show([found.relative_to(source).as_posix() for found in list_tables(source)]) or "none"
        raise UserError(
            f"--table names no file in {source}: got {name!r}; allowed: a table below it. Found: {present}."
        )
    return path


def open_sound(paths: list[Path]) -> Iterator[Table]:
    """Yields those of the files that are tables, without those of made-up labels."""
    for path in paths:
        try:
            if NOT_LABELS not in path.name.lower():
                yield open_table(path)
        except UserError:
            continue


def choose_tables(source: Path, options: TableOptions) -> list[tuple[Table, str]]:
    """Returns the tables that list the images, each with the split that its name states if there are several.

    Raises:
        UserError: The folder is a store, there is no such table, or there are several that name no splits.
    """
    if (source / "store.json").exists():
        raise UserError(f"{source} is a store already: use it as it is, or name the folder with the source images.")
    found = find_tables(source, options)
    if len(found) == 1:
        return [(open_table(found[0]), "")]
    splits = [find_split(path.name.split(".")[0]) for path in found]
    if found and all(splits):
        return [(open_table(path), split) for path, split in zip(found, splits, strict=True)]
    if not found and options.states_table:
        explain_none(source, options)
    names = f" ({show([path.name for path in found])})" if found else ""
    raise UserError(
        f"{source} has no single CSV that lists its images: got {len(found)}{names}; allowed: one, with the columns "
        f"path and label, or several named after splits, such as train.csv and test.csv. State the right one with "
        f"--table, or rename it to {NAME}."
    )


def explain_none(source: Path, options: TableOptions) -> None:
    """Refuses options about a table where no table fits them.

    Raises:
        UserError: Always: there is no table, or none has the columns.
    """
    tables = list(open_sound(list_tables(source)))
    if len(tables) == 1:
        choose_columns(tables[0], options, SourceNames(source))
    stated = find_stated(tables[0], options) if tables else {}
    given = ", ".join(OPTION_OF[name] for name in stated) or "an option about a table"
    listed = "; ".join(f"{table.path.name}: {show(table.columns)}" for table in tables)
    remedy = f"Tables found: {listed}." if tables else "There is no .csv, .tsv or .txt table at its top."
    raise UserError(
        f"{given} was given, but no table of {source} has a column of that name, and one for paths. {remedy}"
    )


def find_split(stem: str) -> str:
    """Returns the split in the name of a table, or "".

    Example:
        >>> find_split("image_labels_train"), find_split("valid"), find_split("metadata")
        ('train', 'validation', '')
    """
    found = {SPLIT_OF_FOLDER[word] for word in re.split(r"[^a-z]+", stem.lower()) if word in SPLIT_OF_FOLDER}
    return found.pop() if len(found) == 1 else ""
