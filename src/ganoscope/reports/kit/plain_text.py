"""The chapters of a page as plain text: the same sentences and tables, without pictures."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from ganoscope.reports.kit.content import Chapter, Section, Table

WIDTH = 110
"""Letters of a line of text; tables may be wider."""


def write_chapters(title: str, opening: Sequence[str], chapters: Sequence[Chapter]) -> str:
    """Returns a text with all chapters.

    Args:
        title: Title of the page.
        opening: Sentences that stand first.
        chapters: The chapters.
    """
    lines = [*(line for text in opening for line in wrap(text, WIDTH)), "", title, "=" * len(title)]
    for chapter in chapters:
        lines += ["", chapter.title, "-" * len(chapter.title)]
        for section in chapter.sections:
            lines += ["", *write_section(section)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def write_section(section: Section) -> Iterator[str]:
    """Yields the lines of a section."""
    for sentence in section.sentences:
        yield from wrap(sentence.replace("`", ""), WIDTH)
    for table in section.tables:
        yield ""
        yield from write_table(table)
    for point in section.points:
        yield from wrap(point.replace("`", ""), WIDTH, initial_indent="- ", subsequent_indent="  ")


def write_table(table: Table) -> Iterator[str]:
    """Yields the lines of a table: its caption, then columns as wide as they need to be.

    Example:
        >>> list(write_table(Table("Counts", ("class", "images"), (("a", "10"), ("long", "9")))))
        ['Counts:', 'class  images', 'a          10', 'long        9']
    """
    widths = [max(len(row[column]) for row in (table.header, *table.rows)) for column in range(len(table.header))]
    yield f"{table.caption.rstrip('.')}:"
    for row in (table.header, *table.rows):
        cells = [
            cell.ljust(width) if table.words or not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
