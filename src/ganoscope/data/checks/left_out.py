"""What preparing changed or left out because of its values: padding, clipped metal, pictures of other units."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import chi2_contingency

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.data.picture import HIGHEST_HU, PADDING_HU
from ganoscope.errors import write_count

MUCH = 0.5
"""Share of an image below the range of HU from which a wrong offset is more likely than padding."""
UNLIKELY = 0.01
"""Probability of so uneven a loss, were it the same in all classes, below which an alarm is raised."""


def find_values_beyond(tables: StoreTables) -> Iterator[Alarm]:
    """Yields alarms about pixels below and above the range of HU."""
    source = tables.source
    if source.padded_images:
        much = source.padded_share >= MUCH
        doubt = " So many suggest a wrong --hu-offset or RescaleIntercept: look at the images." if much else ""
        yield Alarm(
            "below_hu_range",
            "warning" if much else "note",
            f"{write_count(source.padded_px, 'pixel')} in {write_count(source.padded_images, 'image')} lie below "
            f"{PADDING_HU} HU, up to {source.padded_share:.1%} of one image. No attenuation is that low: they count "
            f"as padding, outside the field of view.{doubt}",
            {"images": source.padded_images, "pixels": source.padded_px},
        )
    if source.clipped_images:
        yield Alarm(
            "above_hu_range",
            "note",
            f"{write_count(source.clipped_px, 'pixel')} in {write_count(source.clipped_images, 'image')} lie above "
            f"{HIGHEST_HU:,} HU, as in metal: they were clipped to {HIGHEST_HU:,}.",
            {"images": source.clipped_images, "pixels": source.clipped_px},
        )


def find_uneven_loss(tables: StoreTables) -> Iterator[Alarm]:
    """Yields a warning when pictures of another unit were left out of some classes more than of others."""
    counts = {label: pair for label, pair in tables.source.left_out.items() if label}
    table = np.array(list(counts.values()), dtype=np.int64).reshape(-1, 2)
    if len(table) < 2 or not table.sum(axis=0).all() or chi2_contingency(table, correction=False).pvalue >= UNLIKELY:
        return
    listed = ", ".join(f"{left} of {taken + left} of {label}" for label, (taken, left) in counts.items())
    yield Alarm(
        "uneven_loss",
        "warning",
        f"pictures of another kind than the store's were left out unevenly over the classes ({listed}): what is left "
        "may differ from what was there. Bring all to one kind with --scale image, or take one kind from every class.",
        {label: left for label, (_, left) in counts.items()},
    )


CHECKS = (
    Check(
        ("below_hu_range", "above_hu_range"),
        "values below or above the range of HU",
        find_values_beyond,
        f"below {PADDING_HU} or above {HIGHEST_HU:,} HU",
        rank=205,
        titles=("values below the range of HU", "values above the range of HU"),
    ),
    Check(
        ("uneven_loss",),
        "pictures of another kind that were left out unevenly over the classes",
        find_uneven_loss,
        f"chi-squared test, p below {UNLIKELY}",
        rank=206,
    ),
)
