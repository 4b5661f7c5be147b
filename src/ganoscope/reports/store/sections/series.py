"""Series: the volumes that were cut into slices, those with problems first."""

import math

from ganoscope.errors import write_count
from ganoscope.reports.kit.content import Table, write_number
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter

SERIES_ROWS = 60
"""Series listed; the full list is in series.csv."""


def show(evidence: Evidence) -> StoreChapter:
    """Returns the volumes that were cut into slices."""
    if not evidence.series:
        return StoreChapter("series", "Series", ("The source contains no volumes or series of slices.",))
    missing = sum(one.missing for one in evidence.series)
    with_problems = sum(bool(one.problems) for one in evidence.series)
    absent = write_count(missing, "slice")
    text = f"{len(evidence.series):,} series; {with_problems:,} with problems; {absent} missing by position."
    return StoreChapter("series", "Series", (text,), tables=(list_series(evidence),))


def list_series(evidence: Evidence) -> Table:
    """Returns the series, those with missing slices and other problems first."""
    ordered = sorted(evidence.series, key=lambda one: (-one.missing, not one.problems))
    rows = tuple(
        (
            one.series,
            one.modality or "unknown",
            str(one.slices),
            write_length(one.spacing_between_mm),
            write_length(one.thickness_mm),
            str(one.missing),
            one.problems or "none",
        )
        for one in ordered[:SERIES_ROWS]
    )
    header = ("Series", "Modality", "Slices", "Distance (mm)", "Thickness (mm)", "Missing", "Problems")
    more = f"; the first {SERIES_ROWS} of {len(ordered):,}, all are in series.csv" if len(ordered) > SERIES_ROWS else ""
    return Table(f"Series, those with problems first{more}", header, rows, words=True)


def write_length(length_mm: float) -> str:
    """Returns a length in mm without needless digits.

    Example:
        >>> write_length(1.25), write_length(math.nan)
        ('1.25', 'unknown')
    """
    return write_number(length_mm) if math.isfinite(length_mm) else "unknown"
