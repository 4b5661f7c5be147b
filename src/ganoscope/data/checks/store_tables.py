"""A store's tables, read once: what its checks look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.data.store.columns import Pairs, number, read_columns, read_keys, read_pairs

LEFT_OUT = (
    *("sample_id", "source", "source_sha256", "frame"),
    *("position_mm", "placement", "boxes", "annotated", "anatomy"),
)
"""Columns of the manifest that no check needs as text."""


@dataclass(frozen=True)
class SharedIds:
    """Identifiers of studies, series and images that files of several patient ids bear, which should belong to one.

    Attributes:
        joined: Number of such identifiers by name, whose images stay together.
        apart: Number of those between which the user's pattern sees several patients, whose images do not.
        patients: Number of patient ids under these.
        constants: Number of patients by name of an identifier that too many share for it to mean anything.
    """

    joined: Mapping[str, int] = field(default_factory=dict)
    apart: Mapping[str, int] = field(default_factory=dict)
    patients: int = 0
    constants: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceFacts:
    """Facts about the source of a store that only `prepare` can know; they name nobody.

    Attributes:
        patient_conflicts: Number of patient ids under which the source had two persons.
        synthetic: Number of images that were generated according to their files.
        shared_id_images: Number of images if the headers of all files bear one patient id, which was not used.
        placeholder_images: Number of images with ids that can't be a person's, which were not used.
        uid_images: Number of images whose patient id is a UID of their own study.
        matched_images: Number of images whose patient id was read by the user's pattern.
        unmatched_images: Number of images in which the user's pattern found nothing.
        padded_images: Number of images with values below the range of HU that no file declares as padding.
        padded_px: Number of such pixels of the source.
        padded_share: Largest proportion of such pixels in one image.
        clipped_images: Number of images with values above the range of HU.
        clipped_px: Number of such pixels of the source.
        regions: Number of images by region of the body, as their files state it or their content tells.
        undeclared_hu: Number of images that look like HU plus an offset that nobody declared.
        undeclared_offset: The most frequent such offset.
        patient_levels: What could be stated with `--levels` to name the patients; None if nobody looked.
        shared_ids: Identifiers of studies, series and images that files of several patient ids bear.
        left_out: Number of pictures taken, and left out for being of another unit, by class; empty if none was.
    """

    patient_conflicts: int = 0
    synthetic: int = 0
    shared_id_images: int = 0
    placeholder_images: int = 0
    uid_images: int = 0
    matched_images: int = 0
    unmatched_images: int = 0
    padded_images: int = 0
    padded_px: int = 0
    padded_share: float = 0.0
    clipped_images: int = 0
    clipped_px: int = 0
    regions: Mapping[str, int] = field(default_factory=dict)
    undeclared_hu: int = 0
    undeclared_offset: int = 0
    patient_levels: Sequence[str] | None = None
    shared_ids: SharedIds = SharedIds()
    left_out: Mapping[str, tuple[int, int]] = field(default_factory=dict)


UNKNOWN_SOURCE = SourceFacts()
"""The facts about a source of which nothing is known."""


@dataclass(frozen=True)
class StoreTables:
    """The tables of one store.

    Attributes:
        store: The store.
        columns: Columns of the manifest by name, each of shape (N,), without `LEFT_OUT`.
        groups: Number of each image's group, shape (N,): a patient, a volume or a cluster of near-duplicates.
        contents: Number of each image's content, shape (N,): equal for byte-identical copies of one frame.
        pairs: Pairs of duplicates.
        source: Facts about the source.
    """

    store: Store
    columns: Mapping[str, NDArray[np.str_]]
    groups: NDArray[np.int64]
    contents: NDArray[np.int64]
    pairs: Pairs
    source: SourceFacts = UNKNOWN_SOURCE

    @property
    def test_only(self) -> bool:
        """Whether all images are for testing, as in a store for external validation."""
        return bool((self.columns["split"] == "test").all())


def read_store_tables(store: Store, source: SourceFacts = UNKNOWN_SOURCE) -> StoreTables:
    """Returns the tables of a complete store, with facts about its source."""
    columns = read_columns(store, leave_out=LEFT_OUT)
    ids, contents = read_keys(store)
    pairs = read_pairs(store.path / "duplicates.csv", ids)
    return StoreTables(store, columns, number(columns["group"]), contents, pairs, source)
