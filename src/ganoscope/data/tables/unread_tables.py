"""Tables in a source that are not read: the user learns what they lack; none with the only labels is passed over."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ganoscope.data.source.walk import WORKBOOK_SUFFIXES, is_hidden
from ganoscope.data.tables.column_contents import FILES, find_classes, find_codes, find_fits, list_further
from ganoscope.data.tables.column_names import NEEDED, find_aliases
from ganoscope.data.tables.missing_columns import explain_missing
from ganoscope.data.tables.source_names import SourceNames
from ganoscope.data.tables.table_files import MOST_TABLES, find_split, list_few_folders, list_tables, open_sound
from ganoscope.data.tables.text_table import Table
from ganoscope.errors import UserError
from ganoscope.progress import CONSOLE

DESCRIBED_RANK = 2
"""From this rank on a layout knows its own tables."""


@dataclass(frozen=True)
class Unread:
    """A table that is not read.

    Attributes:
        names: Its file name, and those of others with the same columns.
        text: What it lacks, what it has, and how to state it.
        fits: Whether one of its columns names the source's files or folders, and another may tell their classes.
        rank: 0 if it has columns that look like classes or findings, else 1.
    """

    names: frozenset[str]
    text: str
    fits: bool
    rank: int = 1


def find_unread(source: Path, rank: int) -> list[Unread]:
    """Returns the tables of a source that are not read, unless its layout, of this rank, knows its own tables."""
    paths = list_tables(source) if rank < DESCRIBED_RANK else []
    tables = list(open_sound(paths)) if len(paths) <= MOST_TABLES else []
    names = SourceNames(source)
    lacking = [(table, [name for name in NEEDED if not find_aliases(table, name)]) for table in tables]
    fitting = [table for table, missing in lacking if missing and find_fits(table, names)]
    several = len(fitting) > 1 and not all(find_split(table.path.name.split(".")[0]) for table in fitting)
    alike: dict[tuple[str, ...], list[tuple[Table, list[str]]]] = {}
    for table, missing in lacking:
        if missing:
            alike.setdefault((*table.columns, *table.first), []).append((table, missing))
    found = [describe_alike(group, names, several) for group in alike.values()]
    return sorted(found, key=lambda table: table.rank)


def list_workbooks(source: Path) -> list[str]:
    """Returns the names of spreadsheets at the top of a source and in its folders, unless these are many."""
    places = [source, *list_few_folders(source)]
    paths = [path for place in places for path in sorted(place.iterdir()) if not is_hidden(path.name)]
    return [path.name for path in paths if path.name.lower().endswith(WORKBOOK_SUFFIXES)]


def describe_alike(group: list[tuple[Table, list[str]]], names: SourceNames, several: bool) -> Unread:
    """Returns what is known of tables with the same columns, said once.

    Args:
        group: Tables, with the names of what they lack.
        names: Names in the source.
        several: Whether several tables could be meant, not one for each split.
    """
    found = [describe_unread(table, missing, names, several) for table, missing in group]
    chosen = next((one for one in found if one.fits), found[0])
    others = frozenset(table.path.name for table, _ in group)
    more = ", ".join(sorted(others - chosen.names))
    text = f"{chosen.text.rstrip('.')}. The same holds for {more}, with the same columns." if more else chosen.text
    return replace(chosen, names=others, text=text)


def describe_unread(table: Table, missing: list[str], names: SourceNames, several: bool) -> Unread:
    """Returns what is known of a table that is not read.

    A table that names folders or has no header line may list something else: it needs a column that looks like classes.

    Args:
        table: Table.
        missing: Our names of the columns that it lacks.
        names: Names in the source.
        several: Whether several tables could be meant, not one for each split.
    """
    fits = find_fits(table, names)
    telling = bool(find_classes(table) or find_codes(table))
    sure = not table.headless and any(fit.what == FILES for fit in fits.values())
    further = [key for key in list_further(table) if key not in fits]
    text = explain_missing(table, missing, names, several)
    return Unread(
        frozenset({table.path.name}), text, bool(fits) and (telling or (sure and bool(further))), int(not telling)
    )


@contextmanager
def explaining_tables(source: Path, rank: int) -> Iterator[None]:
    """Adds what is known of unread tables to a `UserError` raised inside: they may hold what folders do not tell.

    Raises:
        UserError: One was raised inside.
    """
    try:
        yield
    except UserError as error:
        texts = [table.text for table in find_unread(source, rank) if table.fits]
        raise UserError("\n".join([str(error), *texts])) from None


def tell_unread(
    source: Path, layout: tuple[str, int], known: tuple[Collection[str], Collection[str]], stated: bool
) -> None:
    """Prints what tables are not read, and why.

    Args:
        source: Source folder.
        layout: Name and rank of the layout.
        known: Classes that the layout found, and names of the tables that are used although they hold none.
        stated: Whether the user stated the layout.

    Raises:
        UserError: A table lists the files, and nothing else tells their classes.
    """
    labels, used = known
    tables = find_unread(source, layout[1])
    fitting = [table.text for table in tables if table.fits]
    if fitting and len(labels) < 2 and not stated:
        remedy = f"Or give --layout {layout[0]} to leave the table aside and prepare the images without it."
        raise UserError("\n".join(["a table lists these images, and no folder tells their classes.", *fitting, remedy]))
    for workbook in list_workbooks(source) if layout[1] < DESCRIBED_RANK else ():
        CONSOLE.print(
            f"hint: {workbook} is a workbook, which is not read. If it says what the images are, save its sheet as CSV "
            "into the same folder"
        )
    for table in tables:
        if table.names <= set(used):
            continue
        CONSOLE.print(f"not read as a list of images: {table.text}")
