"""Series: the volumes that were cut into slices, those with problems first."""

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
    missing = sum(int(row["missing"] or 0) for row in evidence.series)
    with_problems = sum(bool(row["problems"]) for row in evidence.series)
    absent = write_count(missing, "slice")
    text = f"{len(evidence.series):,} series; {with_problems:,} with problems; {absent} missing by position."
    return StoreChapter("series", "Series", (text,), tables=(list_series(evidence),))


def list_series(evidence: Evidence) -> Table:
    """Returns the series, those with missing slices and other problems first."""
    ordered = sorted(evidence.series, key=lambda row: (-int(row["missing"] or 0), not row["problems"]))
    rows = tuple(
        (
            row["series"],
            row["modality"] or "unknown",
            row["slices"],
            write_decimal(row["spacing_between_mm"]),
            write_decimal(row["thickness_mm"]),
            row["missing"] or "0",
            row["problems"] or "none",
        )
        for row in ordered[:SERIES_ROWS]
    )
    header = ("Series", "Modality", "Slices", "Distance (mm)", "Thickness (mm)", "Missing", "Problems")
    more = f"; the first {SERIES_ROWS} of {len(ordered):,}, all are in series.csv" if len(ordered) > SERIES_ROWS else ""
    return Table(f"Series, those with problems first{more}", header, rows, words=True)


def write_decimal(text: str) -> str:
    """Returns a number in a table's cell without needless digits; other text is returned unchanged.

    Example:
        >>> write_decimal("1.2500000"), write_decimal("")
        ('1.25', 'unknown')
    """
    try:
        return write_number(float(text)) if text else "unknown"
    except ValueError:
        return text
