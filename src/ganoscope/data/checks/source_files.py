"""The source's files: those that were generated, and those that could not be taken."""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.data.store import QUARANTINE_COLUMNS
from ganoscope.data.store.contents import count_quarantined
from ganoscope.errors import write_count
from ganoscope.files.tables import read_csv

REASONS = 3
"""Most reasons that a message lists."""


def find_synthetic_images(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when images were made by a generative model."""
    if tables.source.synthetic:
        yield Alarm(
            "synthetic_images",
            "warning",
            f"{tables.source.synthetic:,} of {tables.store.count:,} images were generated, according to their files: "
            f"they are not evidence about patients. Exclude them from everything that is used for validation or "
            f"testing or presented as real, and disclose them wherever they are used.",
            {"images": tables.source.synthetic},
        )


def find_quarantined(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when files were not taken."""
    reasons = count_quarantined(tables.store)
    if not reasons:
        return
    files = len({row["source"] for row in read_csv(tables.store.path / "quarantine.csv", QUARANTINE_COLUMNS)})
    whole = "" if files == sum(reasons.values()) else ", or not all of their pictures"
    listed = "; ".join(f"{number} x {reason}" for reason, number in list(reasons.items())[:REASONS])
    more = "; ..." if len(reasons) > REASONS else ""
    yield Alarm(
        "quarantined",
        "warning",
        f"{write_count(files, 'file was', 'files were')} not taken{whole} ({listed}{more}): see quarantine.csv.",
        {"files": files},
    )


CHECKS = (
    Check(
        ("synthetic_images",), "images that were generated, according to their files", find_synthetic_images, rank=10
    ),
    Check(("quarantined",), "files that were not taken", find_quarantined, rank=210),
)
