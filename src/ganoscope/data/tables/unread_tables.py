"""Tables in a source that are not read: the user learns what they lack; none with the only labels is passed over."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ganoscope.data.source.walk import walk_files
from ganoscope.data.tables.column_names import NEEDED, count_fits, explain_missing, find_aliases
from ganoscope.data.tables.table_files import MOST_TABLES, list_tables, open_sound
from ganoscope.errors import UserError
from ganoscope.progress import CONSOLE

DESCRIBED_RANK = 2
"""From this rank on a layout knows its own tables."""


@dataclass(frozen=True)
class Unread:
    """A table that is not read.

    Attributes:
        text: What it lacks, what it has, and how to state it.
        fits: Whether one of its columns holds the names of the source's files.
    """

    text: str
    fits: bool


def find_unread(source: Path, rank: int) -> list[Unread]:
    """Returns the tables of a source that are not read, unless its layout, of this rank, knows its own tables."""
    paths = list_tables(source) if rank < DESCRIBED_RANK else []
    tables = list(open_sound(paths)) if len(paths) <= MOST_TABLES else []
    files = [found.name for found in walk_files(source) if found.path not in paths] if tables else []
    lacking = [(table, [name for name in NEEDED if not find_aliases(table, name)]) for table in tables]
    return [
        Unread(explain_missing(table, missing, files), bool(count_fits(table, files)))
        for table, missing in lacking
        if missing
    ]


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


def tell_unread(source: Path, layout: tuple[str, int], labels: Collection[str], stated: bool) -> None:
    """Prints what tables are not read, and why.

    Args:
        source: Source folder.
        layout: Name and rank of the layout.
        labels: Classes that the layout found, or the first two of them.
        stated: Whether the user stated the layout.

    Raises:
        UserError: A table lists the files, and nothing else tells their classes.
    """
    tables = find_unread(source, layout[1])
    fitting = [table.text for table in tables if table.fits]
    if fitting and len(labels) < 2 and not stated:
        remedy = f"Or give --layout {layout[0]} to leave the table aside and prepare the images without it."
        raise UserError("\n".join(["a table lists these images, and no folder tells their classes.", *fitting, remedy]))
    for table in tables:
        CONSOLE.print(f"not read as a list of images: {table.text}")
