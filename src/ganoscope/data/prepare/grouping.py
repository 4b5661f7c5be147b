"""Groups images that no split may separate: patients, volumes, copies and near-duplicates."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ganoscope.data.checks.duplicates import Duplicates, find_duplicates
from ganoscope.data.checks.thumbnails import THUMBNAIL_PX, TRANSFORMS
from ganoscope.files.tables import save_csv

DUPLICATE_COLUMNS = ("first", "second", "relation", "correlation")


@dataclass(frozen=True)
class Columns:
    """Columns needed for grouping, shape (N,) each, as numbers from 0.

    Attributes:
        patient: Patient number; -1 if unknown.
        volume: Number of the file or series that the picture comes from.
        content: Number of the file content and frame; equal for exact copies.
        label: Class number.
        source_split: `train`, `validation`, `test` or "".
        shared_ids: Digests of identifiers that no two patients can share, shape (N, 5); 0 if unknown.
        stated: Whether the user's pattern says who the patient is, shape (N,).
    """

    patient: NDArray[np.int64]
    volume: NDArray[np.int64]
    content: NDArray[np.int64]
    label: NDArray[np.int32]
    source_split: NDArray[np.str_]
    shared_ids: NDArray[np.uint64]
    stated: NDArray[np.bool_]


def search_duplicates(images: tuple[Path, NDArray[np.int64], NDArray[np.int64]]) -> Duplicates:
    """Returns the near-duplicates among images.

    Args:
        images: File of their thumbnails, patient and volume numbers, shape (N,) each, as in `Columns`.
    """
    path, patients, volumes = images
    thumbnails = np.memmap(path, np.float16, "r", shape=(len(patients), THUMBNAIL_PX**2))
    slices = np.where(np.bincount(volumes)[volumes] > 1, volumes, -1)
    return find_duplicates(thumbnails, patients, slices)


def group(columns: Columns, duplicates: Duplicates, examinations: NDArray[np.int64]) -> NDArray[np.int32]:
    """Returns the group number of every image, shape (N,).

    Args:
        columns: Columns of the images.
        duplicates: Near-duplicates among the images.
        examinations: Number of the examination that each image belongs to, shape (N,).
    """
    alone = columns.patient.max() + 1 + np.arange(len(columns.patient))
    return join_groups(
        np.where(columns.patient < 0, alone, columns.patient),
        columns.volume,
        columns.content,
        duplicates.clusters.astype(np.int64),
        examinations,
    )


def save_duplicates(path: Path, duplicates: Duplicates, ids: NDArray[np.bytes_], columns: Columns) -> None:
    """Writes the pairs that link near-duplicate clusters, by sample id; exact copies are marked as such.

    Args:
        path: CSV file to write.
        duplicates: Near-duplicates among the images.
        ids: Sample ids, shape (N,).
        columns: Columns of the images.
    """
    first, second = duplicates.first, duplicates.second
    exact = columns.content[first] == columns.content[second]
    rows = (
        (ids[one].decode(), ids[other].decode(), "exact copy" if same else TRANSFORMS[code], f"{correlation:.4f}")
        for one, other, same, code, correlation in zip(
            first, second, exact, duplicates.transform, duplicates.correlation, strict=True
        )
    )
    save_csv(path, DUPLICATE_COLUMNS, (dict(zip(DUPLICATE_COLUMNS, row, strict=True)) for row in rows))


def join_groups(*partitions: NDArray[np.int64]) -> NDArray[np.int32]:
    """Returns group numbers, shape (N,): images that share a number in any partition, shape (N,), get one group.

    Example:
        >>> join_groups(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])).tolist()
        [0, 0, 0, 1]
    """
    count = len(partitions[0])
    edges = list(make_edges(partitions, count))
    nodes = count + sum(int(partition.max()) + 1 for partition in partitions)
    rows, columns = (np.concatenate(part) for part in zip(*edges, strict=True))
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(nodes, nodes))
    labels = connected_components(graph, directed=False)[1][:count]
    return np.unique(labels, return_inverse=True)[1].astype(np.int32)


def make_edges(
    partitions: tuple[NDArray[np.int64], ...], count: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yields, for each partition of shape (N,), the edges (N,) from images to the nodes that represent their parts."""
    offset = count
    for partition in partitions:
        yield np.arange(count), partition + offset
        offset += int(partition.max()) + 1
