"""A store's tables, read once: what its checks look at."""

from collections.abc import Mapping
from dataclasses import dataclass

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
class StoreTables:
    """The tables of one store.

    Attributes:
        store: The store.
        columns: Columns of the manifest by name, each of shape (N,), without `LEFT_OUT`.
        groups: Number of each image's group, shape (N,): a patient, a volume or a cluster of near-duplicates.
        contents: Number of each image's content, shape (N,): equal for byte-identical copies of one frame.
        pairs: Pairs of duplicates.
        patient_conflicts: Number of patient ids under which the source had two persons; only `prepare` can know.
        synthetic: Number of images that were generated according to their files; only `prepare` can know.
    """

    store: Store
    columns: Mapping[str, NDArray[np.str_]]
    groups: NDArray[np.int64]
    contents: NDArray[np.int64]
    pairs: Pairs
    patient_conflicts: int = 0
    synthetic: int = 0


def read_store_tables(store: Store, patient_conflicts: int = 0, synthetic: int = 0) -> StoreTables:
    """Returns a store's tables.

    Args:
        store: A store whose tables are complete.
        patient_conflicts: Number of patient ids that stand for two persons each.
        synthetic: Number of generated images.
    """
    columns = read_columns(store, leave_out=LEFT_OUT)
    ids, contents = read_keys(store)
    pairs = read_pairs(store.path / "duplicates.csv", ids)
    return StoreTables(store, columns, number(columns["group"]), contents, pairs, patient_conflicts, synthetic)
