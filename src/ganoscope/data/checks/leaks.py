"""Leaks: patients or copies in two splits, of the store or of its source."""

from collections.abc import Iterator

import numpy as np

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.data.store.columns import count_divided


def find_split_crossing(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when a patient or near-duplicate cluster is in two splits."""
    crossing = count_divided(tables.groups, tables.columns["split"])
    if crossing:
        yield Alarm(
            "split_crossing",
            "danger",
            f"{crossing} groups (patients or near-duplicates) are in more than one split: scores on held-out images "
            "are inflated. Prepare the store again.",
            {"groups": crossing},
        )


def find_source_split_overlap(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when images, or near-duplicates of them, are in two of the source's own split folders."""
    splits, source_splits = tables.columns["split"], tables.columns["source_split"]
    stated = source_splits != ""
    crossing = count_divided(tables.contents[stated], source_splits[stated])
    moved = int((np.isin(source_splits, ("validation", "test")) & (splits != source_splits)).sum())
    if crossing or moved:
        yield Alarm(
            "source_split_overlap",
            "warning",
            f"{crossing} distinct images are, byte for byte, in more than one of the source's own split folders, and "
            f"{moved} of its held-out images are identical to, near-duplicates of, or of the same patient as training "
            "images: published scores on those splits are inflated. Here they were moved to the training images "
            "they belong to; parts that the source lacks, or that lost nearly all images of a class, were filled "
            "from the training images.",
            {"identical": crossing, "moved": moved},
        )


CHECKS = (
    Check(("split_crossing",), "patients or groups of near-duplicates in two splits", find_split_crossing, rank=20),
    Check(
        ("source_split_overlap",),
        "the same image or patient in two of the source's own splits",
        find_source_split_overlap,
        rank=70,
    ),
)
