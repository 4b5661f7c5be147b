"""How the pictures of a store were acquired: modality, units, colour."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.errors import write_count

LIKE_AIR_HU, LIKE_TISSUE_HU = -900.0, 100.0
"""Signals that reach from the first to the second look like Hounsfield units."""


def find_mixed_modalities(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when a store mixes modalities."""
    counts = Counter(tables.columns["modality"].tolist())
    if len(counts) > 1:
        listed = ", ".join(f"{count:,} {name or 'unknown'}" for name, count in counts.most_common())
        message = f"the images are of different modalities ({listed}): separate them with --only-modality."
        yield Alarm("mixed_modalities", "warning", message, dict(counts))


def find_unstated_units(tables: StoreTables) -> Iterator[Alarm]:
    """Yields a note when signals reach from air to above water, as Hounsfield units do, without being declared so."""
    low, high = (
        np.array([float(text or "nan") for text in tables.columns[name].tolist()]) for name in ("raw_low", "raw_high")
    )
    alike = int(((low <= LIKE_AIR_HU) & (high >= LIKE_TISSUE_HU)).sum())
    if alike:
        yield Alarm(
            "unstated_units",
            "warning",
            f"the values of {write_count(alike, 'image')} reach from below {LIKE_AIR_HU:g} to above "
            f"{LIKE_TISSUE_HU:g}, as Hounsfield units do, but nothing declares them as such: they were scaled and "
            "clipped at both ends. If they are Hounsfield units, prepare the images into a new folder with "
            "--hu-offset 0.",
            {"images": alike},
        )


def find_coloured(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when true-colour pictures were reduced to grey."""
    count = int((tables.columns["coloured"] == "yes").sum())
    if count:
        counted = write_count(count, "picture was", "pictures were")
        message = f"{counted} in true colour (overlays, stains, screenshots?), reduced to grey."
        yield Alarm("coloured", "warning", message, {"images": count})


CHECKS = (
    Check(("mixed_modalities",), "more than one modality", find_mixed_modalities, rank=180),
    Check(
        ("unstated_units",),
        "signals that look like Hounsfield units",
        find_unstated_units,
        f"from {LIKE_AIR_HU:g} or below to {LIKE_TISSUE_HU:g} or above",
        rank=5,
    ),
    Check(("coloured",), "colour reduced to grey", find_coloured, rank=200),
)
