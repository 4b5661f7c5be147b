"""The content of a page as data: chapters, sections, tables, parts that may be missing, and numbers as text."""

import math
from dataclasses import dataclass
from typing import Generic, TypeVar

from ganoscope.reports.kit.pictures import Picture

Content = TypeVar("Content")


@dataclass(frozen=True)
class Part(Generic[Content]):
    """Something that a page shows, or a sentence on why it is missing."""

    value: Content | None = None
    missing: str = ""


@dataclass(frozen=True)
class Table:
    """A table of text; its cells are aligned to the right.

    Attributes:
        caption: What the table shows.
        header: Names of the columns; the first column names the rows.
        rows: Cells, as many per row as there are columns.
        words: Whether the cells hold words, aligned to the left, instead of numbers.
        long: Whether it may break across printed pages; its cells then do not wrap.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: bool = False
    long: bool = False


@dataclass(frozen=True)
class Block:
    """Lines of one kind: a `heading` (ends with a colon), the `item`s of a list (begin with a dash), `sentence`s."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """Content in reading order; for another order, a chapter has several sections.

    Attributes:
        blocks: A text with headings and lists.
        sentences: One paragraph each; text between backticks is shown as code.
        command: A command to copy.
        pairs: Figures shown two in a row.
        tables: Tables; two or more are shown two in a row.
        figures: Figures shown one under another.
        trio_title: The sentence before the trio.
        trio: Figures shown three in a row.
        points: A list.
    """

    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Picture, ...] = ()
    pairs: tuple[Picture, ...] = ()
    trio: tuple[Picture, ...] = ()
    trio_title: str = ""
    points: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    command: str = ""


@dataclass(frozen=True)
class Chapter:
    """A headed part of a page, listed in its contents.

    Attributes:
        anchor: Its name in links.
        title: Its heading.
        sections: Its content, in order.
    """

    anchor: str
    title: str
    sections: tuple[Section, ...] = ()


def write_number(value: object) -> str:
    """Returns a value as text: separators in large numbers, at most four significant digits of fractions.

    Example:
        >>> [write_number(value) for value in (76800, 0.63127, 0.0002, None, "bf16", 0.0, 57.62)]
        ['76,800', '0.6313', '0.0002', 'none', 'bf16', '0', '57.62']
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float) and not math.isfinite(value):
        return "not defined"
    if isinstance(value, float):
        return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(write_number(entry) for entry in value)
    return str(value)


def write_interval(mean: float, low: float, high: float) -> str:
    """Returns a mean with its interval as text.

    Args:
        mean: The mean.
        low: Lower end of the interval.
        high: Upper end of the interval.

    Example:
        >>> write_interval(0.153, 0.1391, 0.1667)
        '0.153 (0.139 to 0.167)'
    """
    return f"{mean:.3f} ({low:.3f} to {high:.3f})" if math.isfinite(low) else f"{mean:.3f}"
