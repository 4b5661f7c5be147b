"""Files not taken: how many, and why."""

from ganoscope.errors import write_count
from ganoscope.reports.kit.content import Table
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter

LISTED_FILES = 20
"""File numbers listed per reason; the full list is in quarantine.csv."""


def show(evidence: Evidence) -> StoreChapter:
    """Returns the files that were not taken, and why."""
    if not evidence.not_taken:
        return StoreChapter("not_taken", "Files not taken", ("Every file was taken.",))
    total = sum(map(len, evidence.not_taken.values()))
    text = (
        f"{write_count(total, 'file was', 'files were')} not taken. The full list is in quarantine.csv; the private "
        "key file, outside the store, maps the numbers to files."
    )
    return StoreChapter("not_taken", "Files not taken", (text,), tables=(list_not_taken(evidence),))


def list_not_taken(evidence: Evidence) -> Table:
    """Returns why files were not taken, how many, and the first file numbers of each reason."""
    rows = []
    for reason, sources in evidence.not_taken.items():
        more = f" and {len(sources) - LISTED_FILES:,} more" if len(sources) > LISTED_FILES else ""
        rows.append((reason, f"{len(sources):,}", ", ".join(sources[:LISTED_FILES]) + more))
    return Table("Files not taken", ("Reason", "Files", "File numbers"), tuple(rows), words=True)
