"""What the chapters of the inspection page are made of, beyond the kit: grouped tables and galleries."""

from dataclasses import dataclass

from ganoscope.reports.kit.content import Table
from ganoscope.reports.kit.pictures import Picture, embed_svg
from ganoscope.reports.store.galleries import Gallery

WIDE_PX = 1000
"""Width of a chart as wide as the page."""


@dataclass(frozen=True)
class GroupedTable:
    """A table of numbers whose columns come in groups of the same names."""

    caption: str
    corner: str
    groups: tuple[str, ...]
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class StoreChapter:
    """A chapter in reading order: sentences, tables, charts, galleries, a list.

    Attributes:
        anchor: Its name in links.
        title: Its heading.
        sentences: One paragraph each; text between backticks is shown as code.
        grouped: Tables whose columns come in groups.
        tables: Other tables.
        figures: Charts and sheets.
        galleries: Galleries.
        points: A list.
    """

    anchor: str
    title: str
    sentences: tuple[str, ...] = ()
    grouped: tuple[GroupedTable, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Picture, ...] = ()
    galleries: tuple[Gallery, ...] = ()
    points: tuple[str, ...] = ()


def show_chart(svg: str, alt: str, caption: str) -> Picture:
    """Returns a chart as wide as the page.

    Args:
        svg: The chart.
        alt: Text for readers who can't see it.
        caption: Text below it.
    """
    return Picture(embed_svg(svg), alt, caption, width_px=WIDE_PX)
