"""What the sections of a report are made of: parts that may be missing, tables, and numbers as text."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from ganoscope.reports.kit.pictures import Picture

Content = TypeVar("Content")


@dataclass(frozen=True)
class Part(Generic[Content]):
    """Something that a report wants to show; where it is missing, the sentence that says so instead."""

    value: Content | None = None
    missing: str = ""


@dataclass(frozen=True)
class Table:
    """A table as text; numbers are aligned to the right.

    Attributes:
        caption: What it shows.
        header: Names of the columns; the first column names the rows.
        rows: Cells, as many per row as there are columns.
        words: Whether the cells hold words, which are aligned to the left.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: bool = False


@dataclass(frozen=True)
class Section:
    """A section's content in order of reading: sentences, tables, figures."""

    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Picture, ...] = ()
    pairs: tuple[Picture, ...] = ()
    """Figures shown beside each other, two in a row, before the others."""
    trio: tuple[Picture, ...] = ()
    """Figures shown three in a row, after the others."""
    trio_title: str = ""
    """The sentence before them."""


def write_number(value: object) -> str:
    """Returns a value as a reader wants it: separators in large numbers, at most four digits of small ones.

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
    if isinstance(value, float):
        return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(write_number(entry) for entry in value)
    return str(value)


def write_interval(mean: float, low: float, high: float) -> str:
    """Returns a mean with its interval.

    Example:
        >>> write_interval(0.153, 0.1391, 0.1667)
        '0.153 (0.139 to 0.167)'
    """
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"
