"""Images of the study under other files: an external test set, or images of another tool, that are the study's own."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.checks.other_stores import find_shared
from ganoscope.data.store import Store
from ganoscope.errors import describe
from ganoscope.studies.config import StudyConfig

NAMED = 3
"""Most images that a message names."""
LEAVE_OUT = "Leave them out, and prepare it again."


def list_copy_faults(config: StudyConfig, store: Store) -> list[str]:
    """Returns which other stores hold images of the study, by their pixels.

    Near-duplicates are refused in an external test set, and in images of a tool that is declared to have seen no image
    of the study; a tool that has seen some may well repeat them, and its report says so.

    Args:
        config: All options.
        store: Store of the study. The others have its size and intensity range.
    """
    faults = []
    if config.synthetic:
        remedy = "Leave them out; or, where the tool has learned from the study, say so with --synthetic-patients."
        closely = remedy if config.synthetic_patients == "none" else ""
        faults += list_shared_pixels(config.synthetic, store, "--synthetic", closely)
    if config.external and Store.open(config.external).fingerprint != store.fingerprint:
        faults += list_shared_pixels(config.external, store, "--external", LEAVE_OUT)
    return faults


def list_shared_pixels(path: Path, store: Store, option: str, closely: str) -> list[str]:
    """Returns that another store holds images of the study, or near-duplicates of them.

    Args:
        path: The other store.
        store: Store of the study.
        option: Option that names it.
        closely: Remedy for near-duplicates; "" where they are allowed.
    """
    given = Store.open(path)
    found = find_shared(given, store, bool(closely))
    kinds = (
        ("images of the study's own store, by their pixels", found.same, LEAVE_OUT),
        ("near-duplicates of images of the study's own store", found.near & ~found.same, closely),
    )
    return [
        describe(f"{option} {path} holds {kind}", count_images(given, which), "none", remedy)
        for kind, which, remedy in kinds
        if which.any()
    ]


def count_images(given: Store, which: NDArray[np.bool_]) -> str:
    """Returns how many images of a store are meant, with some of their ids.

    Args:
        given: The store.
        which: Whether each image is meant, shape (N,).
    """
    ids = given.column("sample_id")[which].tolist()
    more = ", ..." if len(ids) > NAMED else ""
    return f"{len(ids):,} of {given.count:,} ({', '.join(ids[:NAMED])}{more})"
