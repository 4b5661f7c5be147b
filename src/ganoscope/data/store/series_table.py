"""The table of the volumes and series that a store's slices were cut from."""

import math
from dataclasses import dataclass
from pathlib import Path

from ganoscope.files.records import reading
from ganoscope.files.tables import read_csv

SERIES = "series.csv"
NEEDED = ("series", "modality", "slices", "spacing_between_mm", "thickness_mm", "missing", "problems")
"""Columns that every such table has; `order` and `told_by` are newer."""


@dataclass(frozen=True)
class SeriesRow:
    """One volume or series.

    Attributes:
        series: Its name in the manifest.
        modality: DICOM code; "" where it is unknown.
        slices: Number of slices.
        spacing_between_mm: Distance from one slice to the next; NaN where it is unknown.
        thickness_mm: Slice thickness; NaN where it is unknown.
        missing: Number of slices that are absent, by the gaps between positions.
        problems: Its problems, in words; "" for none.
        order: What orders the slices: `position`, another attribute, or "" where nothing does.
        told_by: Attributes that tell it apart from others of its series; "" where there are none.
    """

    series: str
    modality: str
    slices: int
    spacing_between_mm: float
    thickness_mm: float
    missing: int
    problems: str
    order: str = "position"
    told_by: str = ""


def read_series(store: Path) -> tuple[SeriesRow, ...]:
    """Returns the volumes of a store, given its folder; none where it has no such table.

    Raises:
        UserError: The table is damaged.
    """
    path = store / SERIES
    if not path.exists():
        return ()
    with reading(path):
        return tuple(make_row(row) for row in read_csv(path, NEEDED))


def make_row(cells: dict[str, str]) -> SeriesRow:
    """Returns a volume, given the cells of its row.

    Raises:
        ValueError: A cell is no number that it can hold.
    """
    newer = {name: cells[name] for name in ("order", "told_by") if name in cells}
    return SeriesRow(
        series=cells["series"],
        modality=cells["modality"],
        slices=int(cells["slices"]),
        spacing_between_mm=read_length_mm(cells["spacing_between_mm"]),
        thickness_mm=read_length_mm(cells["thickness_mm"]),
        missing=int(cells["missing"] or 0),
        problems=cells["problems"],
        **newer,
    )


def read_length_mm(cell: str) -> float:
    """Returns a length in mm; NaN for an empty cell.

    Raises:
        ValueError: It is no positive length.

    Example:
        >>> read_length_mm("2.5"), read_length_mm("")
        (2.5, nan)
    """
    if not cell:
        return math.nan
    length_mm = float(cell)
    if not 0 < length_mm < math.inf:
        raise ValueError(f"a length is {cell} mm")
    return length_mm
