"""Leaks: patients or copies in two splits, of the store or of its source."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.data.store import Store
from ganoscope.data.store.columns import count_divided, read_columns
from ganoscope.errors import UserError, write_count


def refuse_crossing(store: Store, examinations: NDArray[np.int64]) -> None:
    """Refuses a store with a known patient, an examination or a group in two splits: the last check before publication.

    Args:
        store: Complete store.
        examinations: Number of the examination of each image, shape (N,), which the store does not hold.

    Raises:
        UserError: There is such a patient, examination or group.
    """
    columns = read_columns(store, only=("patient", "group", "split"))
    known = columns["patient"] != ""
    patients = count_divided(columns["patient"][known], columns["split"][known])
    groups = count_divided(columns["group"], columns["split"])
    examined = count_divided(examinations, columns["split"])
    if patients or groups or examined:
        known = write_count(patients, "known patient")
        fault = f"in two splits: {known} and {write_count(groups, 'group')} (patients, volumes, near-duplicates)"
        fault += f" and {write_count(examined, 'study', 'studies')}" if examined else ""
        raise UserError(
            f"{fault}; allowed: none. Nothing was published: this is a fault of ganoscope, please report it."
        )


def find_split_crossing(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when a patient or near-duplicate cluster is in two splits."""
    crossing = count_divided(tables.groups, tables.columns["split"])
    if crossing:
        yield Alarm(
            "split_crossing",
            "danger",
            f"in more than one split: {write_count(crossing, 'group')} (patients or near-duplicates). Scores on "
            "held-out images are inflated. Prepare the source into a new store.",
            {"groups": crossing},
        )


def find_source_split_overlap(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when images, near-duplicates or patients are in two of the source's own splits."""
    splits, source_splits = tables.columns["split"], tables.columns["source_split"]
    if tables.test_only:
        return
    stated = source_splits != ""
    patients = stated & (tables.columns["patient"] != "")
    divided = count_divided(tables.columns["patient"][patients], source_splits[patients])
    crossing = count_divided(tables.contents[stated], source_splits[stated])
    moved = int((np.isin(source_splits, ("validation", "test")) & (splits != source_splits)).sum())
    if crossing or moved:
        yield Alarm(
            "source_split_overlap",
            "warning",
            f"in more than one of the source's own splits: {write_count(crossing, 'distinct image')}, byte for byte, "
            f"and {write_count(divided, 'patient')}. Identical to, near-duplicates of, or of the same patient as "
            f"training images: {write_count(moved, 'held-out image')}; published scores on those splits are "
            "inflated. Here they were moved to the training images they belong to; splits that the source lacks, or "
            "that lost nearly all images of a class, were filled from the training images. --ignore-source-splits "
            "divides all images anew.",
            {"identical": crossing, "patients": divided, "moved": moved},
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
